/** What an application may answer, by HTTP response or by the callback route. */
import { InteractionResponseType } from 'discord-api-types/v10';
import { z } from 'zod';
import { messageBodySchema } from '../rest/message-body.ts';

const { Pong, ChannelMessageWithSource, DeferredChannelMessageWithSource } = InteractionResponseType;

/** PONG, a message, or "thinking…" — what a PING or a slash command may be answered with here. */
export const callbackSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal(Pong) }),
  z.object({ type: z.literal(ChannelMessageWithSource), data: messageBodySchema }),
  z.object({ type: z.literal(DeferredChannelMessageWithSource), data: messageBodySchema.optional() }),
]);
export type Callback = z.infer<typeof callbackSchema>;
