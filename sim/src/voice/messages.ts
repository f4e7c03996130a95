import { z } from 'zod';
import { CloseCode, VoiceCloseError } from './opcodes.ts';

const id = z.string().regex(/^\d{1,20}$/);

/** Every JSON message of a client: opcode and data. */
export const envelope = z.object({ op: z.number().int(), d: z.unknown() });

export const identify = z.object({
  server_id: id,
  user_id: id,
  session_id: z.string(),
  token: z.string(),
  max_dave_protocol_version: z.number().int().min(0).default(0),
  /** Whether the client wants SSRCs for video in op 2. */
  video: z.boolean().default(false),
  streams: z.array(z.object({ type: z.string(), rid: z.string(), quality: z.number() })).default([]),
});

export const selectProtocol = z.object({
  protocol: z.string(),
  codecs: z
    .array(z.object({ name: z.string(), type: z.enum(['audio', 'video']), payload_type: z.number().int().optional() }))
    .optional(),
  data: z.object({ address: z.ipv4(), port: z.number().int().min(1).max(65535), mode: z.string() }),
});

export const heartbeat = z.object({ t: z.number(), seq_ack: z.number().int().default(-1) });

/** Some clients send a boolean. */
export const speaking = z.object({
  speaking: z.union([z.number().int().min(0), z.boolean()]).transform(Number),
  ssrc: z.number().int().optional(),
});

export const resume = z.object({
  server_id: id,
  session_id: z.string(),
  token: z.string(),
  seq_ack: z.number().int().default(-1),
});

const ssrc = z.number().int().min(0).max(0xffff_ffff);

/** Op 12: what the client publishes; all zero or without active streams when it stops. */
export const video = z.object({
  audio_ssrc: ssrc,
  video_ssrc: ssrc,
  rtx_ssrc: ssrc.default(0),
  streams: z
    .array(
      z.object({
        type: z.enum(['video', 'screen']).default('video'),
        rid: z.string().max(16),
        ssrc,
        rtx_ssrc: ssrc.default(0),
        active: z.boolean().default(true),
        quality: z.number().min(0).max(100).default(100),
        max_bitrate: z.number().positive().optional(),
        max_framerate: z.number().positive().optional(),
        max_resolution: z
          .object({ type: z.enum(['fixed', 'source']), width: z.number().min(0), height: z.number().min(0) })
          .optional(),
      }),
    )
    .max(8)
    .default([]),
});

/** Op 15: qualities of 0…100 by SSRC, and for `any` other. */
export const mediaSinkWants = z.record(z.string().regex(/^(any|\d{1,10})$/), z.number().min(0).max(100));

/** Op 18. */
export const clientFlags = z.object({ flags: z.number().int().min(0) });

export const transition = z.object({ transition_id: z.number().int().min(0).max(0xffff) });

/** Reads the data of an opcode. @throws VoiceCloseError 4002 naming the field that is wrong. */
export function parseData<T>(schema: z.ZodType<T>, opcode: number, data: unknown): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new VoiceCloseError(
    CloseCode.FailedToDecode,
    `op ${opcode}: ${issue?.path.join('.') || 'd'}: ${issue?.message ?? 'invalid'}`.slice(0, 120),
  );
}
