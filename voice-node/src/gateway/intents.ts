/** What an identity asks its gateway to tell. `worker/src/interactions/invite.ts` explains the same to people. */
import { PatchbayError } from '@patchbay/shared/errors';
import { GatewayIntentBits } from 'discord-api-types/v10';
import type { Logger } from '../ops/logger.ts';

/** None is privileged: audit log entries come only where the bot may see the log. */
const always =
  GatewayIntentBits.Guilds |
  GatewayIntentBits.GuildVoiceStates |
  GatewayIntentBits.GuildModeration |
  GatewayIntentBits.DirectMessages;

/**
 * The intents as bits. `messageContent` adds those of the text relay, one of which is privileged; `membersIntent` the privileged one by
 * which changes of roles are known at once.
 */
export function intentsOf({
  messageContent,
  membersIntent,
}: {
  messageContent: boolean;
  membersIntent: boolean;
}): number {
  const relay = messageContent ? GatewayIntentBits.GuildMessages | GatewayIntentBits.MessageContent : 0;
  return always | relay | (membersIntent ? GatewayIntentBits.GuildMembers : 0);
}

/** Discord closed with 4014: the bot asks for an intent that it was not given. */
export function intentRefused(logger: Logger): PatchbayError {
  const message =
    'Discord refused a privileged intent. Switch it on for each bot in the developer portal (Bot → Privileged Gateway Intents), or do without: MESSAGE_CONTENT=no, GUILD_MEMBERS_INTENT=false.';
  logger.error({ code: 'intent_refused' }, message);
  return new PatchbayError('intent_refused', message);
}
