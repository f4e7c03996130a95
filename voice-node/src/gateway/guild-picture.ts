/** What one identity's gateway knows of one guild, kept current by dispatches. Pure: dispatch in, event drafts out. */
import type { NodeEventDraft, VoiceMember } from '@patchbay/shared/events';
import {
  type APIChannel,
  type APIGuildMember,
  ChannelType,
  type GatewayGuildCreateDispatchData,
  type GatewayVoiceState,
} from 'discord-api-types/v10';
import { accessOf, type ChannelFacts, describe, describeAll, factsOf, noteChannel } from './channel-facts.ts';

export interface GuildPicture {
  guildId: string;
  name: string;
  /** Voice and stage channels by id, with their names. */
  channels: Map<string, string>;
  /** People in voice channels by user id, the node's own identities included (as bots). */
  members: Map<string, VoiceMember>;
  /** What decides what the identity may do in the channels, and who sees them. */
  facts: ChannelFacts;
  /** The identity's own nickname here, as far as dispatches told; null = none. */
  ownNick: string | null;
}

const NAME_LIMIT = 128;

function isVoice(channel: { type: ChannelType }): boolean {
  return channel.type === ChannelType.GuildVoice || channel.type === ChannelType.GuildStageVoice;
}

function nameOf(channel: Pick<APIChannel, 'name'>): string {
  return (channel.name ?? '').slice(0, NAME_LIMIT);
}

function memberOf(state: GatewayVoiceState, member: APIGuildMember | undefined, known?: VoiceMember): VoiceMember {
  const user = member?.user;
  const displayName = member?.nick ?? user?.global_name ?? user?.username ?? known?.displayName ?? state.user_id;
  return {
    userId: state.user_id,
    channelId: state.channel_id ?? '',
    bot: user ? (user.bot ?? false) : (known?.bot ?? false),
    displayName: displayName.slice(0, NAME_LIMIT),
    selfMute: state.self_mute,
    selfDeaf: state.self_deaf,
    ...(state.mute ? { serverMute: true } : {}),
    ...(state.deaf ? { serverDeaf: true } : {}),
  };
}

/** The picture that a GUILD_CREATE gives: replaces whatever was known. */
export function pictureOf(
  guild: GatewayGuildCreateDispatchData,
  identityId: string,
  membersReported = false,
): GuildPicture {
  const people = new Map(guild.members.map((member) => [member.user.id, member]));
  const channels = new Map(
    guild.channels.filter(isVoice).map((channel) => [channel.id, nameOf(channel as Pick<APIChannel, 'name'>)]),
  );
  const members = new Map<string, VoiceMember>();
  for (const state of guild.voice_states) {
    if (!state.channel_id) continue;
    members.set(state.user_id, memberOf(state as GatewayVoiceState, people.get(state.user_id)));
  }
  return {
    guildId: guild.id,
    name: guild.name.slice(0, NAME_LIMIT),
    channels,
    members,
    facts: factsOf(guild, identityId, membersReported),
    ownNick: people.get(identityId)?.nick ?? null,
  };
}

/** What is reported of the guild apart from its people. */
function settingOf({ channels, facts }: GuildPicture) {
  return { channels: describeAll(facts, channels), access: accessOf(facts) };
}

/** Makes a change of roles or settings; `true` when what is reported of roles or channels is different now. */
export function changesFacts(picture: GuildPicture, change: (facts: ChannelFacts) => void): boolean {
  const before = JSON.stringify(settingOf(picture));
  change(picture.facts);
  return JSON.stringify(settingOf(picture)) !== before;
}

/** The whole picture as an event; `identityId` says who is a member of the guild. */
export function snapshotOf(picture: GuildPicture, identityId: string): NodeEventDraft {
  return {
    type: 'voice.snapshot',
    guildId: picture.guildId,
    guildName: picture.name,
    identityId,
    members: [...picture.members.values()],
    ...settingOf(picture),
  };
}

/**
 * Takes one VOICE_STATE_UPDATE into the picture; the events it amounts to (none when nothing that matters changed). `asked`: the
 * identity itself has asked to leave.
 */
export function applyVoiceState(picture: GuildPicture, state: GatewayVoiceState, asked = false): NodeEventDraft[] {
  const { guildId } = picture;
  const before = picture.members.get(state.user_id);
  if (!state.channel_id) {
    if (!before) return [];
    picture.members.delete(state.user_id);
    const known = asked ? ('left' as const) : ('channel_deleted' as const);
    const certain = asked || !picture.channels.has(before.channelId);
    return [
      {
        type: 'voice.left',
        guildId,
        userId: state.user_id,
        previousChannelId: before.channelId,
        bot: before.bot,
        cause: certain ? { kind: known, certainty: 1 } : { kind: 'unknown', certainty: 0 },
      },
    ];
  }
  const member = memberOf(state, state.member, before);
  picture.members.set(state.user_id, member);
  if (!before) return [{ type: 'voice.joined', guildId, member }];
  if (before.channelId !== member.channelId) {
    return [{ type: 'voice.moved', guildId, member, previousChannelId: before.channelId }];
  }
  const same =
    before.selfMute === member.selfMute &&
    before.selfDeaf === member.selfDeaf &&
    before.serverMute === member.serverMute &&
    before.serverDeaf === member.serverDeaf &&
    before.displayName === member.displayName;
  return same ? [] : [{ type: 'voice.flags', guildId, member }];
}

/** Takes CHANNEL_CREATE or CHANNEL_UPDATE into the picture. `'snapshot'` = what is known of it changed, send the whole picture. */
export function applyChannel(picture: GuildPicture, channel: APIChannel): NodeEventDraft[] | 'snapshot' {
  if (!isVoice(channel)) return [];
  const isNew = !picture.channels.has(channel.id);
  const changed = changesFacts(picture, (facts) => {
    noteChannel(facts, channel);
    picture.channels.set(channel.id, nameOf(channel));
  });
  if (isNew) {
    const described = describe(picture.facts, channel.id, nameOf(channel));
    return [{ type: 'channel.created', guildId: picture.guildId, channel: described }];
  }
  return changed ? 'snapshot' : [];
}

/** Takes CHANNEL_DELETE into the picture. Discord tells of the people in it by voice states of their own. */
export function applyChannelDelete(picture: GuildPicture, channelId: string): NodeEventDraft[] {
  if (!picture.channels.delete(channelId)) return [];
  return [{ type: 'channel.deleted', guildId: picture.guildId, channelId }];
}
