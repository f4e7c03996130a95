/** The speech clips that ship with the simulator (made by `scripts/make-clips.ts`). */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Clip } from './clip.ts';
import { readOggOpus } from './ogg-opus.ts';

export const clipsDirectory: string = fileURLToPath(import.meta.resolve('../../clips/'));

export const entrySchema = z.object({
  name: z.string(),
  voice: z.string(),
  text: z.string(),
  toneHz: z.number(),
  seconds: z.number(),
  words: z.array(z.object({ word: z.string(), start: z.number(), end: z.number() })),
});
export type ClipEntry = z.infer<typeof entrySchema>;

/** All clips by name, with their packets. */
export async function loadClips(directory: string = clipsDirectory): Promise<Map<string, Clip>> {
  const entries = z.array(entrySchema).parse(JSON.parse(await readFile(`${directory}clips.json`, 'utf8')));
  const clips = await Promise.all(
    entries.map(async ({ seconds: _, ...entry }): Promise<Clip> => {
      return { ...entry, packets: readOggOpus(await readFile(`${directory}${entry.name}.opus`)) };
    }),
  );
  return new Map(clips.map((clip) => [clip.name, clip]));
}
