/** What an identity may do in a voice channel, from what its gateway told of roles and overwrites. Pure. */
import { OverwriteType, PermissionFlagsBits } from 'discord-api-types/v10';

/** What a call needs in its voice channel, by Discord's names. */
const needed = ['ViewChannel', 'Connect', 'Speak'] as const;

export interface Overwrite {
  id: string;
  type: OverwriteType;
  allow: string;
  deny: string;
}

export interface PermissionFacts {
  guildId: string;
  identityId: string;
  ownerId: string;
  /** Permission bits of the guild's roles, by id; the one with the guild's id is everybody's. */
  roles: ReadonlyMap<string, bigint>;
  /** Roles of the identity, besides everybody's. */
  ownRoles: readonly string[];
}

/**
 * The needed permissions that are missing in a channel with these overwrites, in a fixed order
 * (https://discord.com/developers/docs/topics/permissions#permission-overwrites).
 */
export function missingPermissions(facts: PermissionFacts, overwrites: readonly Overwrite[]): string[] {
  const { guildId, identityId, ownerId, roles, ownRoles } = facts;
  const base = [guildId, ...ownRoles].reduce((bits, role) => bits | (roles.get(role) ?? 0n), 0n);
  if (identityId === ownerId || (base & PermissionFlagsBits.Administrator) !== 0n) return [];
  const of = (fits: (overwrite: Overwrite) => boolean) => {
    const all = overwrites.filter(fits);
    const sum = (side: 'allow' | 'deny') => all.reduce((bits, each) => bits | BigInt(each[side]), 0n);
    return { allow: sum('allow'), deny: sum('deny') };
  };
  const layers = [
    of(({ id }) => id === guildId),
    of(({ id, type }) => type === OverwriteType.Role && id !== guildId && ownRoles.includes(id)),
    of(({ id, type }) => type === OverwriteType.Member && id === identityId),
  ];
  const bits = layers.reduce((before, { allow, deny }) => (before & ~deny) | allow, base);
  return needed.filter((name) => (bits & PermissionFlagsBits[name]) === 0n);
}
