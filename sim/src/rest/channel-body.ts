/** https://discord.com/developers/docs/resources/channel#modify-channel-json-params-guild-channel */
import { ChannelType } from 'discord-api-types/v10';
import { z } from 'zod';
import type { ChannelChange } from '../world/channels.ts';
import type { ChannelKind, Overwrite } from '../world/model.ts';
import { notSnowflake } from './form-errors.ts';

export const snowflake = z.string().regex(/^\d{1,20}$/, notSnowflake);
const bits = z
  .union([z.string().regex(/^\d+$/, 'Value is not a permission bit field.'), z.number().int()])
  .transform(BigInt);

export const overwriteSchema = z.object({
  type: z.union([z.literal(0), z.literal(1)]),
  allow: bits.nullish(),
  deny: bits.nullish(),
});
type OverwriteBody = z.infer<typeof overwriteSchema>;

/** 0 and 1 are Discord's numbers for role and member. */
export function overwriteOf(id: string, { type, allow, deny }: OverwriteBody): Overwrite {
  return { id, type: type === 0 ? 'role' : 'member', allow: allow ?? 0n, deny: deny ?? 0n };
}

const fields = {
  position: z.number().int().min(0).nullish(),
  topic: z.string().max(1024).nullish(),
  nsfw: z.boolean().nullish(),
  rate_limit_per_user: z.number().int().min(0).max(21_600).nullish(),
  bitrate: z.number().int().min(8000).max(384_000).nullish(),
  user_limit: z.number().int().min(0).max(10_000).nullish(),
  permission_overwrites: z.array(overwriteSchema.extend({ id: snowflake })).nullish(),
  parent_id: snowflake.nullish(),
};
const name = z.string().min(1).max(100);
const creatable = [
  ChannelType.GuildText,
  ChannelType.GuildVoice,
  ChannelType.GuildCategory,
  ChannelType.GuildStageVoice,
];
export const createChannelSchema = z.object({
  ...fields,
  name,
  type: z.literal(creatable).default(ChannelType.GuildText),
});
export const modifyChannelSchema = z.object({ ...fields, name: name.optional() });

const archiveMinutes = z.literal([60, 1440, 4320, 10_080]);
export const modifyThreadSchema = z.object({
  name: name.optional(),
  archived: z.boolean().optional(),
  locked: z.boolean().optional(),
  invitable: z.boolean().optional(),
  auto_archive_duration: archiveMinutes.optional(),
  rate_limit_per_user: fields.rate_limit_per_user,
});
export const createThreadSchema = z.object({
  name,
  type: z.literal([10, 11, 12]).default(12),
  auto_archive_duration: archiveMinutes.nullish(),
  invitable: z.boolean().optional(),
  rate_limit_per_user: fields.rate_limit_per_user,
});

export const kindOf = (type: number): Exclude<ChannelKind, 'thread'> =>
  type === ChannelType.GuildVoice
    ? 'voice'
    : type === ChannelType.GuildCategory
      ? 'category'
      : type === ChannelType.GuildStageVoice
        ? 'stage'
        : 'text';

/** Only what the body names. Names of text channels get no capitals and no spaces, as on Discord. */
export function changeOf(body: z.infer<typeof modifyChannelSchema>, kind: ChannelKind): ChannelChange {
  const change: ChannelChange = {};
  if (body.name !== undefined)
    change.name = kind === 'text' ? body.name.toLowerCase().replaceAll(/\s+/g, '-') : body.name;
  if (typeof body.position === 'number') change.position = body.position;
  if (body.topic !== undefined) change.topic = body.topic || null;
  if (body.nsfw !== undefined) change.nsfw = body.nsfw ?? false;
  if (body.rate_limit_per_user !== undefined) change.rateLimitPerUser = body.rate_limit_per_user ?? 0;
  if (typeof body.bitrate === 'number') change.bitrate = body.bitrate;
  if (body.user_limit !== undefined) change.userLimit = body.user_limit ?? 0;
  if (body.parent_id !== undefined) change.parentId = body.parent_id;
  if (body.permission_overwrites !== undefined)
    change.overwrites = (body.permission_overwrites ?? []).map((entry) => overwriteOf(entry.id, entry));
  return change;
}
