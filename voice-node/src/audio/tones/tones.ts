/** The tones that ship with the node (made by `voice-node/scripts/make-tones.ts`). */
import { readFile } from 'node:fs/promises';
import { PatchbayError } from '@patchbay/shared/errors';
import prism from 'prism-media';
import { isOneFrame } from '../toc.ts';
import type { Tone } from './tone.ts';

/**
 * Reads a tone from an Ogg Opus file.
 *
 * @throws {PatchbayError} `tone_unusable` when the file holds no Opus, or packets that are not 20 ms.
 */
export async function readTone(name: string, file: URL): Promise<Tone> {
  const demuxer = new prism.opus.OggDemuxer();
  demuxer.end(await readFile(file));
  const packets: Uint8Array[] = [];
  for await (const packet of demuxer) packets.push(Uint8Array.from(packet));
  if (packets.length === 0 || !packets.every(isOneFrame)) {
    throw new PatchbayError('tone_unusable', `${file.pathname} must be Ogg Opus with packets of 20 ms: make it anew.`);
  }
  return { name, packets };
}

const shipped = (name: string): Promise<Tone> => readTone(name, new URL(`./${name}.opus`, import.meta.url));

const [connect, hold, end] = await Promise.all([shipped('connect'), shipped('hold'), shipped('end')]);

/** `connect`: a call begins; `hold`: four seconds to be looped; `end`: a call is over. */
export const tones = { connect, hold, end } as const;
