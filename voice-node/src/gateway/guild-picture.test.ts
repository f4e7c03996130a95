import {
  ChannelType,
  type GatewayGuildCreateDispatchData,
  type GatewayVoiceState,
  PermissionFlagsBits,
} from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import {
  applyChannel,
  applyChannelDelete,
  applyVoiceState,
  changesFacts,
  pictureOf,
  snapshotOf,
} from './guild-picture.ts';
import { reporterOf } from './reporter.ts';

const { Connect, Speak, ViewChannel } = PermissionFlagsBits;
const user = (id: string, more = {}) => ({
  user: { id, username: `user-${id}`, global_name: null, ...more },
  roles: [],
});
const state = (userId: string, channelId: string | null, more = {}) =>
  ({ user_id: userId, channel_id: channelId, self_mute: false, self_deaf: false, ...more }) as GatewayVoiceState;

function picture() {
  return pictureOf(
    {
      id: '1',
      name: 'Guild',
      owner_id: '9',
      roles: [{ id: '1', permissions: String(ViewChannel | Connect | Speak) }],
      channels: [
        { id: '10', type: ChannelType.GuildVoice, name: 'Lounge' },
        { id: '11', type: ChannelType.GuildText, name: 'text' },
        { id: '12', type: ChannelType.GuildStageVoice, name: 'Stage' },
      ],
      members: [user('100', { bot: true }), { ...user('101'), nick: 'Ada' }],
      voice_states: [state('101', '10'), state('102', null)],
    } as unknown as GatewayGuildCreateDispatchData,
    '100',
  );
}

test('a guild becomes a snapshot of its voice channels and the people in them', () => {
  expect(snapshotOf(picture(), '100')).toEqual({
    type: 'voice.snapshot',
    guildId: '1',
    guildName: 'Guild',
    identityId: '100',
    channels: [
      { channelId: '10', name: 'Lounge', missing: [], overwrites: [] },
      { channelId: '12', name: 'Stage', missing: [], overwrites: [] },
    ],
    access: {
      ownerId: '9',
      roles: [{ roleId: '1', permissions: String(ViewChannel | Connect) }],
      membersReported: false,
    },
    members: [{ userId: '101', channelId: '10', bot: false, displayName: 'Ada', selfMute: false, selfDeaf: false }],
  });
});

test('voice states become joined, moved, flags and left; repetitions become nothing', () => {
  const guild = picture();
  const types = (next: GatewayVoiceState) => applyVoiceState(guild, next).map(({ type }) => type);
  expect(types(state('103', '10', { member: user('103') }))).toEqual(['voice.joined']);
  expect(types(state('103', '10', { member: user('103') }))).toEqual([]);
  expect(types(state('103', '10', { self_mute: true }))).toEqual(['voice.flags']);
  expect(applyVoiceState(guild, state('103', '12', { self_mute: true }))).toMatchObject([
    { type: 'voice.moved', previousChannelId: '10', member: { channelId: '12', displayName: 'user-103' } },
  ]);
  expect(applyVoiceState(guild, state('103', null))).toMatchObject([
    { type: 'voice.left', previousChannelId: '12', cause: { kind: 'unknown', certainty: 0 } },
  ]);
  expect(types(state('103', null))).toEqual([]);
});

test('who leaves a deleted channel leaves for that reason; text channels and renames are told apart', () => {
  const guild = picture();
  expect(applyChannelDelete(guild, '11')).toEqual([]);
  expect(applyChannelDelete(guild, '10')).toEqual([{ type: 'channel.deleted', guildId: '1', channelId: '10' }]);
  expect(applyVoiceState(guild, state('101', null))).toMatchObject([
    { cause: { kind: 'channel_deleted', certainty: 1 } },
  ]);
  const channel = (name: string) =>
    ({ id: '13', type: ChannelType.GuildVoice, name }) as Parameters<typeof applyChannel>[1];
  expect(applyChannel(guild, channel('New'))).toMatchObject([{ type: 'channel.created' }]);
  expect(applyChannel(guild, channel('New'))).toEqual([]);
  expect(applyChannel(guild, channel('Newer'))).toBe('snapshot');
});

test('an age restriction and permissions that are missing are told with the channel, and when they change', () => {
  const guild = picture();
  const lounge = (more: object) =>
    ({ id: '10', type: ChannelType.GuildVoice, name: 'Lounge', ...more }) as Parameters<typeof applyChannel>[1];
  const told = () => {
    const event = snapshotOf(guild, '100');
    return event.type === 'voice.snapshot' ? event.channels[0] : undefined;
  };
  expect(applyChannel(guild, lounge({ nsfw: true }))).toBe('snapshot');
  expect(told()).toEqual({ channelId: '10', name: 'Lounge', ageRestricted: true, missing: [], overwrites: [] });
  const denied = [
    { id: '1', type: 0, allow: '0', deny: String(Connect | Speak) },
    { id: '5', type: 1, allow: String(Speak), deny: '0' },
  ];
  expect(applyChannel(guild, lounge({ permission_overwrites: denied }))).toBe('snapshot');
  // Bits that decide nothing in the control plane stay here.
  const overwrites = [{ id: '1', type: 'role', allow: '0', deny: String(Connect) }];
  expect(told()).toEqual({ channelId: '10', name: 'Lounge', missing: ['Connect', 'Speak'], overwrites });
  expect(changesFacts(guild, (facts) => void Object.assign(facts.roles, { 1: String(ViewChannel) }))).toBe(true);
  expect(told()?.missing).toEqual(['Connect', 'Speak']);
  expect(changesFacts(guild, (facts) => void Object.assign(facts.roles, { 2: String(Speak) }))).toBe(false);
});

test('the category of a channel is told with it, and when it is put elsewhere', () => {
  const guild = picture();
  const channel = (more: object) =>
    ({ id: '14', type: ChannelType.GuildVoice, name: 'Meeting', ...more }) as Parameters<typeof applyChannel>[1];
  expect(applyChannel(guild, channel({ parent_id: '77' }))).toMatchObject([{ channel: { parentId: '77' } }]);
  expect(applyChannel(guild, channel({ parent_id: null }))).toBe('snapshot');
  const event = snapshotOf(guild, '100');
  expect(event.type === 'voice.snapshot' && event.channels.every((each) => !('parentId' in each))).toBe(true);
});

test('a guild with more overwrites than an event can carry leaves them out of its last channels', () => {
  const guild = picture();
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      return { id: String(1000 + index), type: 'member' as const, allow: String(ViewChannel), deny: '0' };
    });
  guild.facts.overwrites.set('10', many(4_000));
  guild.facts.overwrites.set('12', many(1_001));
  const event = snapshotOf(guild, '100');
  const told = event.type === 'voice.snapshot' ? event.channels.map(({ overwrites }) => overwrites?.length) : [];
  expect(told).toEqual([4_000, undefined]);
});

test('mutes by oneself and by a moderator are told apart, and an identity that asked to leave has left', () => {
  const guild = picture();
  const moderated = state('101', '10', { mute: true, self_mute: true });
  expect(applyVoiceState(guild, moderated)).toMatchObject([
    { type: 'voice.flags', member: { selfMute: true, serverMute: true } },
  ]);
  expect(applyVoiceState(guild, moderated)).toEqual([]);
  expect(applyVoiceState(guild, state('101', '10', { deaf: true }))).toMatchObject([
    { type: 'voice.flags', member: { selfMute: false, serverDeaf: true } },
  ]);
  expect(applyVoiceState(guild, state('101', null), true)).toMatchObject([{ cause: { kind: 'left', certainty: 1 } }]);
});

test('the lowest connected identity reports, by number and not by text', () => {
  const one = (identityId: string, connected = true) => ({ identityId, connected });
  expect(reporterOf([one('100'), one('99')])).toBe('99');
  expect(reporterOf([one('100'), one('99', false)])).toBe('100');
  expect(reporterOf([one('1', false)])).toBeUndefined();
});
