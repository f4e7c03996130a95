import { MessageFlags } from 'discord-api-types/v10';
import { z } from 'zod';
import type { MessageContent } from '../world/messages.ts';

const embed = z.looseObject({
  title: z.string().max(256).optional(),
  description: z.string().max(4096).optional(),
  fields: z
    .array(z.looseObject({ name: z.string().max(256), value: z.string().max(1024) }))
    .max(25)
    .optional(),
});

/** What a message may be made of, for creating, editing and answering interactions. */
export const messageBodySchema = z.object({
  content: z.string().max(2000).nullish(),
  embeds: z.array(embed).max(10).nullish(),
  components: z
    .array(z.looseObject({ type: z.number().int() }))
    .max(40)
    .nullish(),
  attachments: z
    .array(z.looseObject({ id: z.union([z.string(), z.number()]) }))
    .max(10)
    .nullish(),
  flags: z.number().int().nonnegative().nullish(),
  nonce: z.union([z.string().max(25), z.number()]).optional(),
  tts: z.boolean().optional(),
  allowed_mentions: z.looseObject({}).nullish(),
  message_reference: z.looseObject({ message_id: z.string() }).optional(),
});
export type MessageBody = z.infer<typeof messageBodySchema>;

/** Only the fields that the request names, so that it can serve as a change too. */
export function contentOf(body: MessageBody): MessageContent {
  return {
    ...(body.content === undefined ? {} : { content: body.content ?? '' }),
    ...(body.embeds === undefined ? {} : { embeds: body.embeds ?? [] }),
    ...(body.components === undefined ? {} : { components: body.components ?? [] }),
    ...(body.attachments === undefined ? {} : { attachments: body.attachments ?? [] }),
    ...(body.flags === undefined ? {} : { flags: body.flags ?? 0 }),
  };
}

/** Nothing to show: Discord answers 50006. With components v2 only the components count. */
export function isEmpty(content: MessageContent): boolean {
  const shown = [content.embeds, content.components, content.attachments].some((list) => (list?.length ?? 0) > 0);
  if ((content.flags ?? 0) & MessageFlags.IsComponentsV2) return (content.components?.length ?? 0) === 0;
  return !shown && (content.content ?? '').trim() === '';
}
