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

const spoken = (language: string): Promise<Tone> =>
  readTone(`notice-${language}`, new URL(`../../../assets/notice-${language}.opus`, import.meta.url));
const shipped = (name: string): Promise<Tone> => readTone(name, new URL(`./${name}.opus`, import.meta.url));

const [connect, hold, end, recorded, en, it] = await Promise.all([
  shipped('connect'),
  shipped('hold'),
  shipped('end'),
  shipped('recorded'),
  spoken('en'),
  spoken('it'),
]);

/** `connect`: a call begins; `hold`: four seconds to be looped; `end`: a call is over; `recorded`: this channel is being recorded. */
export const tones = { connect, hold, end, recorded } as const;

/** "This channel is being recorded", by language (made by `voice-node/scripts/make-notices.ts`). */
export const spokenNotices = { en, it } as const;
