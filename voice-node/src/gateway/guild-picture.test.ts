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
  changesChannels,
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
      { channelId: '10', name: 'Lounge', missing: [] },
      { channelId: '12', name: 'Stage', missing: [] },
    ],
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
  expect(told()).toEqual({ channelId: '10', name: 'Lounge', ageRestricted: true, missing: [] });
  const denied = [{ id: '1', type: 0, allow: '0', deny: String(Connect) }];
  expect(applyChannel(guild, lounge({ permission_overwrites: denied }))).toBe('snapshot');
  expect(told()).toEqual({ channelId: '10', name: 'Lounge', missing: ['Connect'] });
  expect(changesChannels(guild, (facts) => facts.roles.set('1', ViewChannel))).toBe(true);
  expect(told()?.missing).toEqual(['Connect', 'Speak']);
  expect(changesChannels(guild, (facts) => facts.roles.set('2', Speak))).toBe(false);
});

test('the lowest connected identity reports, by number and not by text', () => {
  const one = (identityId: string, connected = true) => ({ identityId, connected });
  expect(reporterOf([one('100'), one('99')])).toBe('99');
  expect(reporterOf([one('100'), one('99', false)])).toBe('100');
  expect(reporterOf([one('1', false)])).toBeUndefined();
});
