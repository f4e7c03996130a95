/** What clients send, checked (https://discord.com/developers/docs/events/gateway-events#send-events). */
import { z } from 'zod';

export const envelopeSchema = z.object({ op: z.number().int(), d: z.unknown() });

export const presenceSchema = z.object({
  since: z.number().nullish(),
  activities: z.array(z.looseObject({ name: z.string(), type: z.number().int() })).nullish(),
  status: z.enum(['online', 'idle', 'dnd', 'invisible', 'offline']).default('online'),
  afk: z.boolean().nullish(),
});
export type PresenceChange = z.infer<typeof presenceSchema>;

export const identifySchema = z.object({
  token: z.string().min(1),
  intents: z.number().int().nonnegative(),
  properties: z.record(z.string(), z.unknown()).optional(),
  shard: z.tuple([z.number().int().nonnegative(), z.number().int().positive()]).nullish(),
  large_threshold: z.number().int().min(50).max(250).default(50),
  /** Payload compression: large payloads come deflated, each by itself. */
  compress: z.boolean().default(false),
  presence: presenceSchema.nullish(),
});
export type Identify = z.infer<typeof identifySchema>;

export const resumeSchema = z.object({
  token: z.string().min(1),
  session_id: z.string().min(1),
  seq: z.number().int().nonnegative().nullable(),
});
export type Resume = z.infer<typeof resumeSchema>;

export const voiceStateUpdateSchema = z.object({
  guild_id: z.string().regex(/^\d+$/),
  channel_id: z.string().regex(/^\d+$/).nullable(),
  self_mute: z.boolean().default(false),
  self_deaf: z.boolean().default(false),
  self_video: z.boolean().optional(),
});
export type VoiceStateUpdate = z.infer<typeof voiceStateUpdateSchema>;

export const requestMembersSchema = z.object({
  guild_id: z.string().regex(/^\d+$/),
  query: z.string().optional(),
  limit: z.number().int().nonnegative().default(0),
  presences: z.boolean().nullish(),
  user_ids: z.union([z.string(), z.array(z.string())]).optional(),
  nonce: z.string().max(32).optional(),
});
export type RequestMembers = z.infer<typeof requestMembersSchema>;

export const requestSoundsSchema = z.object({ guild_ids: z.array(z.string().regex(/^\d+$/)).max(1000) });
export type RequestSounds = z.infer<typeof requestSoundsSchema>;
