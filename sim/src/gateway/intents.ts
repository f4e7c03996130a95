/** Which dispatches need which intents (https://discord.com/developers/docs/events/gateway#gateway-intents). */
import { GatewayDispatchEvents as Event, GatewayIntentBits as Intent } from 'discord-api-types/v10';

/** In guilds. One intent of several is enough. */
const inGuilds: Partial<Record<Event, number>> = {
  [Event.GuildCreate]: Intent.Guilds,
  [Event.GuildUpdate]: Intent.Guilds,
  [Event.GuildDelete]: Intent.Guilds,
  [Event.GuildRoleCreate]: Intent.Guilds,
  [Event.GuildRoleUpdate]: Intent.Guilds,
  [Event.GuildRoleDelete]: Intent.Guilds,
  [Event.ChannelCreate]: Intent.Guilds,
  [Event.ChannelUpdate]: Intent.Guilds,
  [Event.ChannelDelete]: Intent.Guilds,
  [Event.ChannelPinsUpdate]: Intent.Guilds,
  [Event.ThreadCreate]: Intent.Guilds,
  [Event.ThreadUpdate]: Intent.Guilds,
  [Event.ThreadDelete]: Intent.Guilds,
  [Event.ThreadListSync]: Intent.Guilds,
  [Event.ThreadMemberUpdate]: Intent.Guilds,
  [Event.ThreadMembersUpdate]: Intent.Guilds | Intent.GuildMembers,
  [Event.StageInstanceCreate]: Intent.Guilds,
  [Event.StageInstanceUpdate]: Intent.Guilds,
  [Event.StageInstanceDelete]: Intent.Guilds,
  [Event.VoiceChannelStatusUpdate]: Intent.Guilds,
  [Event.GuildMemberAdd]: Intent.GuildMembers,
  [Event.GuildMemberUpdate]: Intent.GuildMembers,
  [Event.GuildMemberRemove]: Intent.GuildMembers,
  [Event.GuildAuditLogEntryCreate]: Intent.GuildModeration,
  [Event.GuildBanAdd]: Intent.GuildModeration,
  [Event.GuildBanRemove]: Intent.GuildModeration,
  [Event.GuildEmojisUpdate]: Intent.GuildExpressions,
  [Event.GuildStickersUpdate]: Intent.GuildExpressions,
  [Event.GuildSoundboardSoundCreate]: Intent.GuildExpressions,
  [Event.GuildSoundboardSoundUpdate]: Intent.GuildExpressions,
  [Event.GuildSoundboardSoundDelete]: Intent.GuildExpressions,
  [Event.GuildSoundboardSoundsUpdate]: Intent.GuildExpressions,
  [Event.GuildIntegrationsUpdate]: Intent.GuildIntegrations,
  [Event.IntegrationCreate]: Intent.GuildIntegrations,
  [Event.IntegrationUpdate]: Intent.GuildIntegrations,
  [Event.IntegrationDelete]: Intent.GuildIntegrations,
  [Event.WebhooksUpdate]: Intent.GuildWebhooks,
  [Event.InviteCreate]: Intent.GuildInvites,
  [Event.InviteDelete]: Intent.GuildInvites,
  [Event.VoiceStateUpdate]: Intent.GuildVoiceStates,
  [Event.VoiceChannelEffectSend]: Intent.GuildVoiceStates,
  [Event.PresenceUpdate]: Intent.GuildPresences,
  [Event.MessageCreate]: Intent.GuildMessages,
  [Event.MessageUpdate]: Intent.GuildMessages,
  [Event.MessageDelete]: Intent.GuildMessages,
  [Event.MessageDeleteBulk]: Intent.GuildMessages,
  [Event.MessageReactionAdd]: Intent.GuildMessageReactions,
  [Event.MessageReactionRemove]: Intent.GuildMessageReactions,
  [Event.MessageReactionRemoveAll]: Intent.GuildMessageReactions,
  [Event.MessageReactionRemoveEmoji]: Intent.GuildMessageReactions,
  [Event.TypingStart]: Intent.GuildMessageTyping,
  [Event.GuildScheduledEventCreate]: Intent.GuildScheduledEvents,
  [Event.GuildScheduledEventUpdate]: Intent.GuildScheduledEvents,
  [Event.GuildScheduledEventDelete]: Intent.GuildScheduledEvents,
  [Event.GuildScheduledEventUserAdd]: Intent.GuildScheduledEvents,
  [Event.GuildScheduledEventUserRemove]: Intent.GuildScheduledEvents,
  [Event.AutoModerationRuleCreate]: Intent.AutoModerationConfiguration,
  [Event.AutoModerationRuleUpdate]: Intent.AutoModerationConfiguration,
  [Event.AutoModerationRuleDelete]: Intent.AutoModerationConfiguration,
  [Event.AutoModerationActionExecution]: Intent.AutoModerationExecution,
  [Event.MessagePollVoteAdd]: Intent.GuildMessagePolls,
  [Event.MessagePollVoteRemove]: Intent.GuildMessagePolls,
};

/** In private channels, where it is not the direct message intent. */
const inDirectChannels: Partial<Record<Event, number>> = {
  [Event.MessageReactionAdd]: Intent.DirectMessageReactions,
  [Event.MessageReactionRemove]: Intent.DirectMessageReactions,
  [Event.MessageReactionRemoveAll]: Intent.DirectMessageReactions,
  [Event.MessageReactionRemoveEmoji]: Intent.DirectMessageReactions,
  [Event.TypingStart]: Intent.DirectMessageTyping,
  [Event.MessagePollVoteAdd]: Intent.DirectMessagePolls,
  [Event.MessagePollVoteRemove]: Intent.DirectMessagePolls,
};

export const privilegedIntents: number = Intent.GuildMembers | Intent.GuildPresences | Intent.MessageContent;

const knownIntents = Object.values(Intent).reduce<number>((sum, bit) => (typeof bit === 'number' ? sum | bit : sum), 0);

/** Events without an entry (READY, VOICE_SERVER_UPDATE, INTERACTION_CREATE, …) are always sent. */
export function wants(intents: number, event: Event): boolean {
  const needed = inGuilds[event];
  return needed === undefined || (intents & needed) !== 0;
}

/** The same for an event of a private channel. */
export function wantsDirect(intents: number, event: Event): boolean {
  return (intents & (inDirectChannels[event] ?? Intent.DirectMessages)) !== 0;
}

/** Whether every bit is one that Discord knows; if not, IDENTIFY ends with 4013. */
export function intentsAreValid(intents: number): boolean {
  return (intents & ~knownIntents) === 0;
}
