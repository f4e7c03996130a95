/** What a message may be made of, for creating, editing, webhooks and answers to interactions. */
import { MessageFlags } from 'discord-api-types/v10';
import { z } from 'zod';
import type { AttachmentInput } from '../world/attachments.ts';
import type { MessageContent } from '../world/messages.ts';
import { messageComponent } from './components/display.ts';
import { type FormRefusals, layoutRefusals, withIds } from './components/layout.ts';
import { embedShape, embedsSchema } from './embeds.ts';
import { formRefusal } from './errors.ts';
import { notSnowflake } from './form-errors.ts';
import type { UploadedFile } from './upload.ts';

const snowflake = z.string().regex(/^\d{1,20}$/, notSnowflake);

export const messageBodySchema = z.object({
  content: z.string().max(2000).nullish(),
  embeds: embedsSchema.nullish(),
  components: z.array(messageComponent).max(40).nullish(),
  attachments: z
    .array(
      z.object({
        id: z.union([z.string(), z.number()]).transform(String),
        filename: z.string().max(1024).optional(),
        description: z.string().max(1024).nullish(),
      }),
    )
    .max(10)
    .nullish(),
  /** Put here by `bodyOf`; a client cannot, since JSON has no bytes. */
  files: z
    .array(z.custom<UploadedFile>((value) => (value as UploadedFile)?.bytes instanceof Uint8Array))
    .max(10)
    .optional(),
  flags: z.number().int().nonnegative().nullish(),
  nonce: z.union([z.string().max(25), z.number().int()]).optional(),
  enforce_nonce: z.boolean().optional(),
  tts: z.boolean().optional(),
  allowed_mentions: z
    .object({
      parse: z.array(z.enum(['users', 'roles', 'everyone'])).optional(),
      users: z.array(snowflake).max(100).optional(),
      roles: z.array(snowflake).max(100).optional(),
      replied_user: z.boolean().optional(),
    })
    .nullish(),
  message_reference: z
    .object({ message_id: snowflake, channel_id: snowflake.optional(), fail_if_not_exists: z.boolean().default(true) })
    .optional(),
});
export type MessageBody = z.infer<typeof messageBodySchema>;

/**
 * Only the fields that the request names, so that it can serve as a change too. Throws 50035 for fields that do not go
 * together. `flags`: those that an edited message has.
 */
export function contentOf(body: MessageBody, flags = 0): MessageContent {
  const v2 = (((body.flags ?? 0) | flags) & MessageFlags.IsComponentsV2) !== 0;
  const refusals = [
    ...layoutRefusals(body.components ?? [], v2),
    ...(v2 ? legacyFields(body) : []),
    ...mentionRefusals(body),
  ];
  if (refusals.length > 0) throw formRefusal(refusals);
  const attachments = attachmentsOf(body);
  return {
    ...(body.content === undefined ? {} : { content: body.content ?? '' }),
    ...(body.embeds === undefined ? {} : { embeds: (body.embeds ?? []).map(embedShape) }),
    ...(body.components === undefined ? {} : { components: withIds(body.components ?? []) }),
    ...(attachments === undefined ? {} : { attachments, keepsAttachments: body.attachments === undefined }),
    ...(body.flags === undefined ? {} : { flags: body.flags ?? 0 }),
    ...(body.allowed_mentions ? { allowedMentions: body.allowed_mentions } : {}),
  };
}

/** Nothing to show: Discord answers 50006. With components v2 only the components count. */
export function isEmpty(content: {
  content?: string;
  embeds?: unknown[];
  components?: unknown[];
  attachments?: unknown[];
  flags?: number;
}): boolean {
  const shown = [content.embeds, content.components, content.attachments].some((list) => (list?.length ?? 0) > 0);
  if ((content.flags ?? 0) & MessageFlags.IsComponentsV2) return (content.components?.length ?? 0) === 0;
  return !shown && (content.content ?? '').trim() === '';
}

/** With components v2 a message has neither text nor embeds of its own. */
function legacyFields({ content, embeds }: MessageBody): FormRefusals {
  const used = [...(content ? ['content'] : []), ...(embeds && embeds.length > 0 ? ['embeds'] : [])];
  return used.map((field) => [
    [field],
    {
      code: 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
      message: `The '${field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
    },
  ]);
}

function mentionRefusals({ allowed_mentions: allowed }: MessageBody): FormRefusals {
  const both = (['users', 'roles'] as const).filter(
    (kind) => allowed?.parse?.includes(kind) && (allowed[kind]?.length ?? 0) > 0,
  );
  return both.map((kind) => [
    ['allowed_mentions'],
    {
      code: 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
      message: `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`,
    },
  ]);
}

/** The files with what `attachments` says of them, and the old attachments that it lists. */
function attachmentsOf({ attachments, files = [] }: MessageBody): AttachmentInput[] | undefined {
  if (attachments === undefined && files.length === 0) return undefined;
  const listed = (attachments ?? []).map((entry) => ({ ...files.find(({ id }) => id === entry.id), ...given(entry) }));
  return [...listed, ...files.filter(({ id }) => !listed.some((entry) => entry.id === id))];
}

const given = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Value;
