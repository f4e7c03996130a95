/** What a gateway told of a guild that decides what the identity may do in its channels and who may see them. Pure. */
import type { NodeEventOf, VoiceChannel } from '@patchbay/shared/events';
import { type ChannelOverwrite, permissionBits } from '@patchbay/shared/permissions';
import {
  type APIChannel,
  type APIRole,
  type GatewayGuildCreateDispatchData,
  OverwriteType,
} from 'discord-api-types/v10';
import { missingPermissions, type PermissionFacts } from './bot-permissions.ts';

export interface ChannelFacts extends PermissionFacts {
  ownRoles: string[];
  /** Of voice channels, by id. */
  overwrites: Map<string, readonly ChannelOverwrite[]>;
  ageRestricted: Set<string>;
  /** Categories by the channels in them. */
  parents: Map<string, string>;
  /** The identity has the privileged intent of members. */
  membersReported: boolean;
}

/** Other bits are no business of the control plane. */
const REPORTED = Object.values(permissionBits).reduce((all, bit) => all | bit, 0n);
/**
 * Overwrites that one snapshot carries at most, about 350 KB: the Worker takes 1 MiB. Channels beyond are reported without, and only
 * administrators see them on the page.
 */
const MAX_OVERWRITES = 5_000;

export function factsOf(
  guild: GatewayGuildCreateDispatchData,
  identityId: string,
  membersReported = false,
): ChannelFacts {
  const facts: ChannelFacts = {
    guildId: guild.id,
    identityId,
    ownerId: guild.owner_id,
    roles: Object.fromEntries(guild.roles.map((role) => [role.id, role.permissions])),
    ownRoles: guild.members.find((member) => member.user.id === identityId)?.roles ?? [],
    overwrites: new Map(),
    ageRestricted: new Set(),
    parents: new Map(),
    membersReported,
  };
  for (const channel of guild.channels) noteChannel(facts, channel);
  return facts;
}

/** Takes in what a channel says of itself. */
export function noteChannel(facts: ChannelFacts, channel: APIChannel): void {
  const told = ('permission_overwrites' in channel && channel.permission_overwrites) || [];
  const overwrites = told.map(({ id, type, allow, deny }): ChannelOverwrite => {
    return { id, type: type === OverwriteType.Member ? 'member' : 'role', allow, deny };
  });
  facts.overwrites.set(channel.id, overwrites);
  if ('nsfw' in channel && channel.nsfw) facts.ageRestricted.add(channel.id);
  else facts.ageRestricted.delete(channel.id);
  if ('parent_id' in channel && channel.parent_id) facts.parents.set(channel.id, channel.parent_id);
  else facts.parents.delete(channel.id);
}

export function noteRole(facts: ChannelFacts, role: APIRole): void {
  facts.roles[role.id] = role.permissions;
}

const reported = (bits: string) => String(BigInt(bits) & REPORTED);

/** Roles and owner as they are reported. */
export function accessOf(facts: ChannelFacts): NonNullable<NodeEventOf<'voice.snapshot'>['access']> {
  const { ownerId, membersReported } = facts;
  const roles = Object.entries(facts.roles).map(([roleId, bits]) => ({ roleId, permissions: reported(bits) }));
  // A role that gives nothing of it may as well not be there: most roles are names and colours.
  const given = roles.filter(({ permissions }) => permissions !== '0');
  return { ownerId: ownerId ?? '0', roles: given, membersReported };
}

/** A voice channel as it is reported. */
export function describe(facts: ChannelFacts, channelId: string, name: string): VoiceChannel {
  const all = facts.overwrites.get(channelId) ?? [];
  const overwrites = all
    .map((each) => ({ ...each, allow: reported(each.allow), deny: reported(each.deny) }))
    .filter(({ allow, deny }) => allow !== '0' || deny !== '0');
  const ageRestricted = facts.ageRestricted.has(channelId) ? { ageRestricted: true } : {};
  const parentId = facts.parents.get(channelId);
  const parent = parentId === undefined ? {} : { parentId };
  return { channelId, name, ...ageRestricted, missing: missingPermissions(facts, all), overwrites, ...parent };
}

/** Voice channels as they are reported, with as many overwrites as one event can carry. */
export function describeAll(
  facts: ChannelFacts,
  channels: Iterable<[channelId: string, name: string]>,
): VoiceChannel[] {
  let left = MAX_OVERWRITES;
  return Array.from(channels, ([channelId, name]) => {
    const { overwrites = [], ...channel } = describe(facts, channelId, name);
    left -= overwrites.length;
    return left < 0 ? channel : { ...channel, overwrites };
  });
}
