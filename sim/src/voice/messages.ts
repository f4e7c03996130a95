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
});

export const selectProtocol = z.object({
  protocol: z.string(),
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
