/** What the control client can do to voice: faults, bad datagrams and messages, clocks, video. Part of the contract. */
import { z } from 'zod';
import { socketFaultsSchema } from '../voice/faults/fault-table.ts';
import { packetFaultsSchema } from '../voice/faults/packet-faults.ts';
import { spoofKinds } from '../voice/faults/spoofing.ts';
import { videoCodecs } from '../voice/video/streams.ts';

const id = z.string().regex(/^\d+$/, 'is no id; ids are strings of digits');
const nothing = z.object({});
const user = z.object({ userId: id });
const leg = z.object({ guildId: id, userId: id });
/** A guild, or one user (person or bot) in it. */
const scope = z.object({ guildId: id, userId: id.optional() });

/** Codes that a voice websocket can be closed with; 1006 breaks it without a goodbye. */
export const voiceCloseCodes = [1001, 1006, 4006, 4009, 4011, 4014, 4015, 4017, 4020, 4021, 4022] as const;
/** Binary ops that a server sends. */
const serverBinaryOps = [25, 27, 29, 30] as const;

export const voiceOperations = {
  setPacketFaults: {
    input: scope.extend({
      direction: z.enum(['toClient', 'fromClient']),
      /** Null ends them. */
      faults: packetFaultsSchema.nullable(),
    }),
    output: nothing,
  },
  setSocketFaults: { input: scope.extend({ faults: socketFaultsSchema.nullable() }), output: nothing },
  clearVoiceFaults: { input: nothing, output: nothing },
  closeVoice: {
    input: leg.extend({ code: z.literal(voiceCloseCodes) }),
    output: nothing,
  },
  sendMalformed: {
    input: leg.extend({
      opcode: z.literal(serverBinaryOps),
      /** Base64; random bytes when left out. */
      payload: z.base64().optional(),
    }),
    output: nothing,
  },
  spoofDatagrams: {
    input: leg.extend({
      kind: z.enum(spoofKinds),
      /** Whose SSRC they carry; anybody else in the channel when left out. */
      asUserId: id.optional(),
      count: z.number().int().min(1).max(10_000).default(1),
    }),
    output: z.object({ sent: z.number().int() }),
  },
  /** Leaves a client out of op 11 about those who come from now on, or damages the frames of somebody. */
  setRoomFaults: {
    input: z.object({
      channelId: id,
      notToldOfNewcomers: z.array(id).default([]),
      damaged: z.array(id).default([]),
      /** A slow delivery service: joins and leaves wait until this is false again. */
      holdGroup: z.boolean().default(false),
      /** So many of the next valid commits get lost. */
      dropCommits: z.number().int().min(0).default(0),
    }),
    output: nothing,
  },
  changeSsrc: { input: user, output: z.object({ ssrc: z.number().int() }) },
  /** Rate of a person's device from now on, in parts per million faster than real time. */
  setSkew: {
    input: user.extend({
      /** Real devices are within ±200; more is for tests that cannot wait. */
      ppm: z.number().min(-100_000).max(100_000),
    }),
    output: nothing,
  },
  /** The highest version of DAVE that a person's client speaks, from the next time they join voice. */
  setDaveVersion: { input: user.extend({ version: z.literal([0, 1]) }), output: nothing },
  publishVideo: { input: user.extend({ codec: z.enum(videoCodecs) }), output: nothing },
  unpublishVideo: { input: user, output: nothing },
  /** From now on each packet that goes out to this client is written down. */
  watchDeliveries: { input: leg, output: nothing },
  deliveries: {
    input: leg,
    output: z.object({
      deliveries: z.array(
        z.object({
          fromUserId: id,
          ssrc: z.number().int(),
          sequence: z.number().int(),
          sentAt: z.number(),
          live: z.boolean(),
          session: z.number().int(),
        }),
      ),
    }),
  },
  voiceClients: {
    input: z.object({ guildId: id }),
    output: z.object({
      clients: z.array(
        leg.extend({
          channelId: id,
          ssrc: z.number().int(),
          /** Transport encryption; null before op 1. */
          mode: z.string().nullable(),
          maxDaveVersion: z.number().int(),
          connected: z.boolean(),
        }),
      ),
    }),
  },
} as const;
