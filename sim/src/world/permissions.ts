/**
 * Permissions of a member in a guild and in a channel, as Discord computes them
 * (https://discord.com/developers/docs/topics/permissions#permission-overwrites).
 */
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { WorldError } from './errors.ts';
import type { Channel, Guild, Member } from './model.ts';

export const allPermissions: bigint = Object.values(PermissionFlagsBits).reduce((all, bit) => all | bit, 0n);

/** What @everyone may do in a new guild. */
export const everyonePermissions: bigint = bits([
  'CreateInstantInvite',
  'AddReactions',
  'Stream',
  'ViewChannel',
  'SendMessages',
  'SendMessagesInThreads',
  'CreatePublicThreads',
  'CreatePrivateThreads',
  'EmbedLinks',
  'AttachFiles',
  'ReadMessageHistory',
  'Connect',
  'Speak',
  'UseVAD',
  'ChangeNickname',
  'UseApplicationCommands',
]);

export type PermissionName = keyof typeof PermissionFlagsBits;

function bits(names: PermissionName[]): bigint {
  return names.reduce((sum, name) => sum | PermissionFlagsBits[name], 0n);
}

/** Reads permissions given as a decimal bit field (`"3146752"`) or as names (`["Connect", "Speak"]`). */
export function parsePermissions(value: string | readonly string[]): bigint {
  if (typeof value === 'string') {
    if (!/^\d+$/.test(value))
      throw new WorldError('unknown_permission', `"${value}" is no bit field; give decimal digits or a list of names`);
    return BigInt(value);
  }
  return value.reduce((sum, name) => {
    if (!(name in PermissionFlagsBits))
      throw new WorldError('unknown_permission', `there is no permission "${name}"; use names like "MoveMembers"`);
    return sum | PermissionFlagsBits[name as PermissionName];
  }, 0n);
}

/** What a time-out leaves (Discord docs, Permissions for Timed Out Members). */
const timedOutPermissions = bits(['ViewChannel', 'ReadMessageHistory']);

/** Permissions from roles alone; the owner and administrators have all. */
export function guildPermissions(guild: Guild, member: Member): bigint {
  if (member.userId === guild.ownerId) return allPermissions;
  let sum = guild.roles.get(guild.id)?.permissions ?? 0n;
  for (const id of member.roleIds) sum |= guild.roles.get(id)?.permissions ?? 0n;
  if (sum & PermissionFlagsBits.Administrator) return allPermissions;
  const timedOut = member.timedOutUntil !== undefined && member.timedOutUntil > Date.now();
  return timedOut ? sum & timedOutPermissions : sum;
}

/**
 * Permissions in a channel (of a thread: in the channel that it hangs on): roles, then overwrites of @everyone, of all
 * other roles together, of the member.
 */
export function channelPermissions(guild: Guild, channel: Channel, member: Member): bigint {
  const base = guildPermissions(guild, member);
  const { overwrites } = channel.thread ? (guild.channels.get(channel.parentId ?? '') ?? channel) : channel;
  if (base & PermissionFlagsBits.Administrator) return allPermissions;
  let sum = base;
  const everyone = overwrites.find((overwrite) => overwrite.id === guild.id);
  if (everyone) sum = (sum & ~everyone.deny) | everyone.allow;
  let allow = 0n;
  let deny = 0n;
  for (const overwrite of overwrites) {
    if (overwrite.type !== 'role' || overwrite.id === guild.id || !member.roleIds.includes(overwrite.id)) continue;
    allow |= overwrite.allow;
    deny |= overwrite.deny;
  }
  sum = (sum & ~deny) | allow;
  const own = overwrites.find((overwrite) => overwrite.type === 'member' && overwrite.id === member.userId);
  if (own) sum = (sum & ~own.deny) | own.allow;
  // Implicit: what cannot be seen cannot be used (Discord docs, "Implicit Permissions").
  if (member.timedOutUntil !== undefined && member.timedOutUntil > Date.now()) sum &= timedOutPermissions;
  return sum & PermissionFlagsBits.ViewChannel ? sum : 0n;
}
