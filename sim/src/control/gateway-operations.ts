/** What can be done to bots' gateway connections, and to voice states, as control operations. */
import { z } from 'zod';
import { voiceRefusals } from '../gateway/bot-voice.ts';

const id = z.string().regex(/^\d+$/, 'is no id; ids are strings of digits');
const nothing = z.object({});
const bot = z.object({ botUserId: id });
const eventNames = z.array(z.string().regex(/^[A-Z_]+$/, 'is no event name such as VOICE_STATE_UPDATE'));
const count = z.number().int().positive();

const faults = {
  delayMs: z.number().int().min(0).max(60_000),
  holdDispatches: z.union([z.literal('all'), eventNames]),
  dropDispatches: eventNames,
  withholdHeartbeatAcks: z.boolean(),
  voiceServerFirst: z.boolean(),
  nullEndpointFirst: z.boolean(),
};
const limits = {
  shards: count,
  maxConcurrency: count,
  identifyWindowMs: z.number().int().nonnegative(),
  sessionStarts: z.number().int().nonnegative(),
  guildsPerShard: count,
};

export const gatewayOperations = {
  requestReconnect: { input: bot, output: nothing },
  requestHeartbeat: { input: bot, output: nothing },
  invalidateSession: { input: bot.extend({ resumable: z.boolean().default(false) }), output: nothing },
  /** VOICE_SERVER_UPDATE with a new token, to a bot that is in voice in the guild. */
  changeVoiceServer: { input: bot.extend({ guildId: id }), output: nothing },
  cutGateway: { input: bot, output: nothing },
  closeGateway: {
    input: bot.extend({ code: z.number().int().min(1000).max(4999), reason: z.string().max(100).default('') }),
    output: nothing,
  },
  /** Only what is named changes; the answer has all. */
  setGatewayFaults: { input: bot.extend(z.object(faults).partial().shape), output: z.object(faults) },
  withholdHello: { input: z.object({ withheld: z.boolean() }), output: nothing },
  setGatewayLimits: {
    input: z.object({ applicationId: id }).extend(z.object(limits).partial().shape),
    output: z.object(limits),
  },
  setGuildUnavailable: { input: z.object({ guildId: id, unavailable: z.boolean() }), output: nothing },
  setPresence: {
    input: z.object({
      userId: id,
      status: z.enum(['online', 'idle', 'dnd', 'invisible', 'offline']),
      activities: z.array(z.record(z.string(), z.unknown())).default([]),
    }),
    output: nothing,
  },
  renameUser: { input: z.object({ userId: id, username: z.string().min(2).max(32) }), output: nothing },
  /** A person in voice changes what their client says of them; `suppress` is the server's. */
  setVoiceFlags: {
    input: z.object({
      userId: id,
      selfMute: z.boolean().optional(),
      selfDeaf: z.boolean().optional(),
      selfVideo: z.boolean().optional(),
      selfStream: z.boolean().optional(),
      suppress: z.boolean().optional(),
    }),
    output: nothing,
  },
  /** A moderator mutes or deafens anybody in voice; with `moderatorId` their permissions are checked. */
  serverMute: {
    input: z.object({
      guildId: id,
      userId: id,
      mute: z.boolean().optional(),
      deaf: z.boolean().optional(),
      moderatorId: id.optional(),
    }),
    output: nothing,
  },
} as const;

export const gatewayEvents = [
  z.object({
    type: z.literal('voice_refused'),
    at: z.number(),
    userId: id,
    guildId: id,
    channelId: id.nullable(),
    reason: z.enum(voiceRefusals),
  }),
] as const;
