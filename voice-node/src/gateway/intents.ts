/** What an identity asks its gateway to tell. `worker/src/interactions/invite.ts` explains the same to people. */
import { PatchbayError } from '@patchbay/shared/errors';
import { GatewayIntentBits } from 'discord-api-types/v10';
import type { Logger } from '../ops/logger.ts';

const always = GatewayIntentBits.Guilds | GatewayIntentBits.GuildVoiceStates;

/** The intents as bits; `messageContent` adds those of the text relay, one of which is privileged. */
export function intentsOf(messageContent: boolean): number {
  return messageContent ? always | GatewayIntentBits.GuildMessages | GatewayIntentBits.MessageContent : always;
}

/** Discord closed with 4014: the bot asks for an intent that it was not given. */
export function intentRefused(logger: Logger): PatchbayError {
  const message =
    'Discord refused the intent Message Content. Switch it on for each bot in the developer portal (Bot → Privileged Gateway Intents), or set MESSAGE_CONTENT=no.';
  logger.error({ code: 'intent_refused' }, message);
  return new PatchbayError('intent_refused', message);
}
