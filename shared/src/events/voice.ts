/** Who is in which voice channel, and who may see it. */
import { z } from 'zod';
import { instant, snowflake } from '../ids.ts';
import { envelope } from './envelope.ts';

/** Who is in a voice channel. `bot` people never make a ticket and never keep a call alive. */
export const voiceMemberSchema = z.strictObject({
  userId: snowflake,
  channelId: snowflake,
  bot: z.boolean(),
  /** Name as shown in the guild. */
  displayName: z.string().max(128),
  selfMute: z.boolean(),
  selfDeaf: z.boolean(),
  /** Muted or deafened by a moderator; absent = no. */
  serverMute: z.boolean().optional(),
  serverDeaf: z.boolean().optional(),
});
export type VoiceMember = z.infer<typeof voiceMemberSchema>;

const bitField = z.string().regex(/^\d{1,20}$/, 'must be a bit field in decimal');
const overwriteSchema = z.strictObject({
  id: snowflake,
  type: z.enum(['role', 'member']),
  allow: bitField,
  deny: bitField,
});

/** What decides, with the channels' overwrites, who may see what. Bits that Patchbay does not decide by are left out. */
const accessSchema = z.strictObject({
  ownerId: snowflake,
  /** Everybody's role has the guild's id. */
  roles: z.array(z.strictObject({ roleId: snowflake, permissions: bitField })).max(1_000),
  /** Changes of members' roles, and members who leave, are reported too: the identity has the privileged intent. */
  membersReported: z.boolean(),
});

export const voiceChannelSchema = z.strictObject({
  channelId: snowflake,
  name: z.string().max(128),
  /** Marked as age-restricted in Discord; absent = no. */
  ageRestricted: z.boolean().optional(),
  /** Permissions that the reporting identity lacks in the channel and a call needs, by Discord's names; absent = not known. */
  missing: z.array(z.string().max(64)).max(64).optional(),
  /** Its permission overwrites, as far as they decide who sees it; absent = not known: nobody but administrators sees it. */
  overwrites: z.array(overwriteSchema).optional(),
  /** The category that it lies in; absent = in none, or not known. */
  parentId: snowflake.optional(),
});
export type VoiceChannel = z.infer<typeof voiceChannelSchema>;

/** Everything the gateway knows of a guild's voice channels at one instant; replaces the earlier picture. */
export const voiceSnapshot = z.strictObject({
  ...envelope,
  type: z.literal('voice.snapshot'),
  guildName: z.string().max(128),
  /** The identity whose gateway saw it: this identity is a member of the guild. */
  identityId: snowflake,
  channels: z.array(voiceChannelSchema),
  members: z.array(voiceMemberSchema),
  /** Absent = as before; what was never told is nobody's to see. */
  access: accessSchema.optional(),
});
export const voiceJoined = z.strictObject({ ...envelope, type: z.literal('voice.joined'), member: voiceMemberSchema });
export const voiceMoved = z.strictObject({
  ...envelope,
  type: z.literal('voice.moved'),
  member: voiceMemberSchema,
  previousChannelId: snowflake,
});
/**
 * Why somebody left voice. `certainty` 1 = known, 0 = not known. `left`: by themselves; `moderator`: disconnected, moved, kicked or
 * banned; `session_replaced`: they joined elsewhere or with another device; `network`: they came back within the grace.
 */
export const leaveCauseSchema = z.strictObject({
  kind: z.enum(['left', 'moderator', 'channel_deleted', 'session_replaced', 'network', 'unknown']),
  certainty: z.number().min(0).max(1),
});
export const voiceLeft = z.strictObject({
  ...envelope,
  type: z.literal('voice.left'),
  userId: snowflake,
  previousChannelId: snowflake,
  bot: z.boolean(),
  cause: leaveCauseSchema,
});
/** What only time or the audit log could tell of a leave, or of a move. */
export const voiceCause = z.strictObject({
  ...envelope,
  type: z.literal('voice.cause'),
  userId: snowflake,
  previousChannelId: snowflake,
  /** Where they were moved; null = they left. */
  channelId: snowflake.nullable(),
  /** When they left or were moved: `at` of that event. */
  since: instant,
  cause: leaveCauseSchema,
});
/** A member's roles are different now. Only with the privileged intent. */
export const memberRoles = z.strictObject({
  ...envelope,
  type: z.literal('member.roles'),
  userId: snowflake,
  roles: z.array(snowflake).max(1_000),
});
/** Somebody is no member any more. Only with the privileged intent. */
export const memberRemoved = z.strictObject({ ...envelope, type: z.literal('member.removed'), userId: snowflake });
export const voiceFlags = z.strictObject({ ...envelope, type: z.literal('voice.flags'), member: voiceMemberSchema });
export const channelCreated = z.strictObject({
  ...envelope,
  type: z.literal('channel.created'),
  channel: voiceChannelSchema,
});
export const channelDeleted = z.strictObject({ ...envelope, type: z.literal('channel.deleted'), channelId: snowflake });
export const guildRemoved = z.strictObject({ ...envelope, type: z.literal('guild.removed'), identityId: snowflake });
