/** What a recording's folder says about itself, so that another process can take it up. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ulidSchema } from '@patchbay/shared/ids';
import { z } from 'zod';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../../audio/packet.ts';

/** One frame, in ms. */
export const FRAME_MS = (FRAME_SAMPLES * 1000) / SAMPLE_RATE;
/** A chunk lasts five minutes of session time: 15,000 frames of 20 ms, 14,400,000 samples. */
export const CHUNK_FRAMES = 15_000;

const headerSchema = z.strictObject({
  v: z.literal(1),
  sessionId: ulidSchema,
  /** ms since the epoch; frames are counted from it. */
  timeZero: z.number(),
  /** The recording begins at this frame. */
  firstFrame: z.int().nonnegative(),
});
export type RunHeader = z.infer<typeof headerSchema>;

const pathOf = (directory: string): string => join(directory, 'recording.json');

/** Undefined: the folder is no recording's, or its process was killed before anything was recorded. */
export async function readHeader(directory: string): Promise<RunHeader | undefined> {
  try {
    return headerSchema.parse(JSON.parse(await readFile(pathOf(directory), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
}

export async function writeHeader(directory: string, header: RunHeader): Promise<void> {
  await writeFile(`${pathOf(directory)}.tmp`, JSON.stringify(header), { flush: true });
  await rename(`${pathOf(directory)}.tmp`, pathOf(directory));
}

/** The frame in which an instant lies. */
export function frameAt(timeZero: number, instant: number): number {
  return Math.max(0, Math.floor((instant - timeZero) / FRAME_MS));
}

/** The frames that a segment of the journal makes a chunk of. Segments end at the borders of five minutes of session time. */
export function framesOf({ firstFrame }: RunHeader, segment: number): { firstFrame: number; endFrame: number } {
  const border = Math.floor(firstFrame / CHUNK_FRAMES) + segment;
  return { firstFrame: Math.max(firstFrame, border * CHUNK_FRAMES), endFrame: (border + 1) * CHUNK_FRAMES };
}
