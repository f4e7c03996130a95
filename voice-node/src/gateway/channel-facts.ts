/** What a gateway told of a guild that decides what the identity may do in its channels, kept current. Pure. */
import type { VoiceChannel } from '@patchbay/shared/events';
import type { APIChannel, APIRole, GatewayGuildCreateDispatchData } from 'discord-api-types/v10';
import { missingPermissions, type Overwrite, type PermissionFacts } from './bot-permissions.ts';

export interface ChannelFacts extends PermissionFacts {
  roles: Map<string, bigint>;
  ownRoles: string[];
  /** Of voice channels, by id. */
  overwrites: Map<string, readonly Overwrite[]>;
  ageRestricted: Set<string>;
}

export function factsOf(guild: GatewayGuildCreateDispatchData, identityId: string): ChannelFacts {
  const facts: ChannelFacts = {
    guildId: guild.id,
    identityId,
    ownerId: guild.owner_id,
    roles: new Map(guild.roles.map((role) => [role.id, BigInt(role.permissions)])),
    ownRoles: guild.members.find((member) => member.user.id === identityId)?.roles ?? [],
    overwrites: new Map(),
    ageRestricted: new Set(),
  };
  for (const channel of guild.channels) noteChannel(facts, channel);
  return facts;
}

/** Takes in what a channel says of itself. */
export function noteChannel(facts: ChannelFacts, channel: APIChannel): void {
  facts.overwrites.set(channel.id, ('permission_overwrites' in channel && channel.permission_overwrites) || []);
  if ('nsfw' in channel && channel.nsfw) facts.ageRestricted.add(channel.id);
  else facts.ageRestricted.delete(channel.id);
}

export function noteRole(facts: ChannelFacts, role: APIRole): void {
  facts.roles.set(role.id, BigInt(role.permissions));
}

/** A voice channel as it is reported. */
export function describe(facts: ChannelFacts, channelId: string, name: string): VoiceChannel {
  const missing = missingPermissions(facts, facts.overwrites.get(channelId) ?? []);
  return { channelId, name, ...(facts.ageRestricted.has(channelId) ? { ageRestricted: true } : {}), missing };
}
