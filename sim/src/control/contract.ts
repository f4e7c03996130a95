/** The control protocol: every operation with what it takes and gives, checked on both sides. `POST /control/<operation>`. */
import { z } from 'zod';
import { gatewayEvents, gatewayOperations } from './gateway-operations.ts';
import { interactionOperations } from './interaction-operations.ts';
import { structureEvents } from './page-events.ts';
import { messageDetails, pageOperations } from './page-operations.ts';
import { restOperations } from './rest-operations.ts';
import { voiceOperations } from './voice-operations.ts';

const id = z.string().regex(/^\d+$/, 'is no id; ids are strings of digits');
const name = z.string().min(1).max(100);
const permissions = z.union([z.string(), z.array(z.string())]);
const nothing = z.object({});
const user = z.object({ userId: id });
const channelMade = z.object({ channelId: id });
const overwrite = z.object({
  id,
  type: z.enum(['role', 'member']),
  allow: permissions.default([]),
  deny: permissions.default([]),
});
const channelInput = z.object({
  guildId: id,
  name,
  parentId: id.optional(),
  userLimit: z.number().int().min(0).max(99).optional(),
  overwrites: z.array(overwrite).default([]),
  nsfw: z.boolean().default(false),
});

export const voiceStateSchema = z.object({
  guildId: id,
  userId: id,
  channelId: id.nullable(),
  bot: z.boolean(),
  selfMute: z.boolean(),
  selfDeaf: z.boolean(),
});
export type ControlVoiceState = z.infer<typeof voiceStateSchema>;

export const messageSchema = z.object({
  id,
  channelId: id,
  authorId: id,
  content: z.string(),
  embeds: z.array(z.unknown()),
  components: z.array(z.unknown()),
  flags: z.number(),
  createdAt: z.number(),
  editedAt: z.number().nullable(),
  /** Set when only this user sees the message (ephemeral). */
  visibleTo: id.nullable(),
  ...messageDetails,
});
export type ControlMessage = z.infer<typeof messageSchema>;

export const interactionSchema = z.object({
  interactionId: id,
  outcome: z.enum([
    'message',
    'deferred',
    'updated',
    'deferred_update',
    'modal',
    'choices',
    'pong',
    'did_not_respond',
    'refused',
  ]),
  /** HTTP status that the application answered with; null when it did not. */
  status: z.number().nullable(),
  /** What it said instead of an accepted answer. */
  refusal: z.string().nullable(),
  latencyMs: z.number(),
  /** The answer as it stands now: still `flags & 128` (loading) while a deferred answer is awaited. */
  message: messageSchema.nullable(),
  followUps: z.array(messageSchema),
  /** The modal that the answer opened and that was not sent yet. */
  modal: z.object({ customId: z.string(), title: z.string(), components: z.array(z.unknown()) }).nullable(),
  /** What autocomplete offered. */
  choices: z.array(z.object({ name: z.string(), value: z.union([z.string(), z.number()]) })).nullable(),
});
export type ControlInteraction = z.infer<typeof interactionSchema>;

const packet = z.object({ sequence: z.number(), timestamp: z.number(), opus: z.base64() });
export const heardSchema = packet.extend({ receivedAt: z.number(), ssrc: z.number(), fromUserId: id.nullable() });
export type ControlHeardPacket = z.infer<typeof heardSchema>;
export const spokenSchema = packet.extend({ sentAt: z.number() });
export type ControlSpokenPacket = z.infer<typeof spokenSchema>;

/** Totals of the voice server. */
const countersSchema = z
  .object({
    plaintextFramesInDaveRooms: z.number(),
    datagrams: z.number(),
    undecryptable: z.number(),
    ignored: z.number(),
    forwarded: z.number(),
  })
  .catchall(z.number());

/** What `GET /events` streams. `at` is ms since the epoch. */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('voice_joined'), at: z.number(), guildId: id, channelId: id, userId: id }),
  z.object({
    type: z.literal('voice_moved'),
    at: z.number(),
    guildId: id,
    channelId: id,
    previousChannelId: id,
    userId: id,
  }),
  z.object({ type: z.literal('voice_left'), at: z.number(), guildId: id, previousChannelId: id, userId: id }),
  z.object({ type: z.literal('bot_ready'), at: z.number(), userId: id, resumed: z.boolean() }),
  z.object({ type: z.literal('bot_gone'), at: z.number(), userId: id, code: z.number() }),
  ...gatewayEvents,
  z.object({ type: z.literal('voice_client_ready'), at: z.number(), guildId: id, channelId: id, userId: id }),
  z.object({ type: z.literal('voice_client_gone'), at: z.number(), guildId: id, channelId: id, userId: id }),
  z.object({
    type: z.literal('epoch'),
    at: z.number(),
    channelId: id,
    epoch: z.number(),
    memberUserIds: z.array(z.string()),
  }),
  /** A client goes on with its voice session on another websocket. */
  z.object({ type: z.literal('voice_client_resumed'), at: z.number(), guildId: id, channelId: id, userId: id }),
  z.object({ type: z.literal('discovery_lost'), at: z.number(), guildId: id, channelId: id, userId: id }),
  z.object({ type: z.literal('dave_version'), at: z.number(), channelId: id, version: z.number() }),
  z.object({ type: z.literal('speaking'), at: z.number(), channelId: id, userId: id, speaking: z.number() }),
  z.object({ type: z.literal('message_created'), at: z.number(), message: messageSchema }),
  z.object({ type: z.literal('message_updated'), at: z.number(), message: messageSchema }),
  z.object({ type: z.literal('message_deleted'), at: z.number(), messageId: id, channelId: id }),
  z.object({
    type: z.literal('nickname_changed'),
    at: z.number(),
    guildId: id,
    userId: id,
    nickname: z.string().nullable(),
  }),
  z.object({ type: z.literal('interaction_answered'), at: z.number(), interaction: interactionSchema }),
  z.object({ type: z.literal('interaction_updated'), at: z.number(), interaction: interactionSchema }),
  ...structureEvents,
]);
export type ControlEvent = z.infer<typeof eventSchema>;

export const errorSchema = z.object({ code: z.string(), message: z.string() });

export const operations = {
  ...gatewayOperations,
  ...interactionOperations(interactionSchema),
  ...pageOperations,
  createApplication: {
    input: z.object({
      name,
      interactionsUrl: z.url().optional(),
      privilegedIntents: z.boolean().optional(),
      redirectUris: z.array(z.url()).optional(),
    }),
    output: z.object({
      applicationId: id,
      botUserId: id,
      token: z.string(),
      publicKey: z.string(),
      clientSecret: z.string(),
    }),
  },
  setInteractionsUrl: { input: z.object({ applicationId: id, interactionsUrl: z.url() }), output: nothing },
  createGuild: { input: z.object({ name }), output: z.object({ guildId: id, ownerId: id }) },
  addBot: { input: z.object({ guildId: id, botUserId: id, permissions: permissions.optional() }), output: nothing },
  createVoiceChannel: { input: channelInput, output: channelMade },
  createTextChannel: { input: channelInput, output: channelMade },
  deleteChannel: { input: z.object({ channelId: id }), output: nothing },
  createMember: { input: z.object({ guildId: id, name }), output: user },
  addMember: { input: z.object({ guildId: id, userId: id }), output: nothing },
  kick: { input: z.object({ guildId: id, userId: id }), output: nothing },
  grant: { input: z.object({ guildId: id, userId: id, permissions }), output: nothing },
  join: { input: z.object({ userId: id, channelId: id }), output: nothing },
  leave: { input: user, output: nothing },
  /** Somebody with the right to do so moves a user (person or bot). */
  move: { input: z.object({ userId: id, channelId: id }), output: nothing },
  /** Somebody disconnects a user (person or bot) from voice. */
  disconnect: { input: z.object({ guildId: id, userId: id }), output: nothing },
  ready: { input: user, output: nothing },
  clips: {
    input: nothing,
    output: z.object({
      clips: z.array(
        z.object({ name, voice: z.string(), text: z.string(), toneHz: z.number(), packets: z.number().int() }),
      ),
    }),
  },
  speak: {
    input: z.union([
      z.object({ userId: id, clip: name }),
      /** Sound of one's own: Opus packets of 20 ms, base64. */
      z.object({ userId: id, packets: z.array(z.base64()).min(1).max(3_000) }),
    ]),
    output: z.object({ startedAt: z.number(), packets: z.number().int(), firstTimestamp: z.number() }),
  },
  waitUntilSilent: { input: user, output: nothing },
  heard: { input: user, output: z.object({ packets: z.array(heardSchema), failures: z.number().int() }) },
  spoken: { input: user, output: z.object({ packets: z.array(spokenSchema) }) },
  clearHeard: { input: user, output: nothing },
  /** `files`: names of attachments; what is in them does not matter. */
  say: {
    input: z
      .object({ userId: id, channelId: id, content: z.string().max(4000), files: z.array(name).max(10).default([]) })
      .refine(({ content, files }) => content !== '' || files.length > 0, 'is an empty message'),
    output: messageSchema,
  },
  editMessage: {
    input: z.object({ userId: id, messageId: id, content: z.string().min(1).max(4000) }),
    output: messageSchema,
  },
  deleteMessage: { input: z.object({ userId: id, messageId: id }), output: nothing },
  interaction: { input: z.object({ interactionId: id }), output: interactionSchema },
  messages: { input: z.object({ channelId: id }), output: z.object({ messages: z.array(messageSchema) }) },
  voiceStates: { input: z.object({ guildId: id }), output: z.object({ voiceStates: z.array(voiceStateSchema) }) },
  nickname: { input: z.object({ guildId: id, userId: id }), output: z.object({ nickname: z.string().nullable() }) },
  counters: { input: nothing, output: z.object({ counters: countersSchema }) },
  ...voiceOperations,
  lastEventId: { input: nothing, output: z.object({ id: z.number().int() }) },
  ...restOperations,
  shutdown: { input: nothing, output: nothing },
} as const;

export type Operation = keyof typeof operations;
export type Input<Name extends Operation> = z.input<(typeof operations)[Name]['input']>;
export type Parsed<Name extends Operation> = z.output<(typeof operations)[Name]['input']>;
export type Output<Name extends Operation> = z.output<(typeof operations)[Name]['output']>;
