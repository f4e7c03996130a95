/** What an identity may do in a voice channel, from what its gateway told of roles and overwrites. Pure. */
import { type ChannelOverwrite, channelPermissions, type GuildRoles } from '@patchbay/shared/permissions';
import { PermissionFlagsBits } from 'discord-api-types/v10';

/** What a call needs in its voice channel, by Discord's names. */
const needed = ['ViewChannel', 'Connect', 'Speak'] as const;

export interface PermissionFacts extends GuildRoles {
  identityId: string;
  roles: Record<string, string>;
  /** Roles of the identity, besides everybody's. */
  ownRoles: readonly string[];
}

/** The needed permissions that are missing in a channel with these overwrites, in a fixed order. */
export function missingPermissions(facts: PermissionFacts, overwrites: readonly ChannelOverwrite[]): string[] {
  const bits = channelPermissions(facts, { userId: facts.identityId, roles: facts.ownRoles }, overwrites);
  return needed.filter((name) => (bits & PermissionFlagsBits[name]) === 0n);
}
