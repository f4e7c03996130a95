import { GatewayIntentBits } from 'discord-api-types/v10';

/**
 * None is privileged unless `members`: audit log entries come only where the bot may see the log. `invite.ts` of the Worker names
 * the same.
 */
export function intentsOf(members: boolean): number {
  const { Guilds, GuildVoiceStates, GuildModeration, GuildMembers } = GatewayIntentBits;
  return Guilds | GuildVoiceStates | GuildModeration | (members ? GuildMembers : 0);
}
