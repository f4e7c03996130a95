/**
 * The speech in a stored fragment, with its silence shortened: what is listened to is billed by length. Times come back onto the
 * session's timeline. Pure but for the packets that it is given.
 */
import { OggOpusWriter } from '../../audio/ogg-opus.ts';
import { FRAME_SAMPLES, SAMPLE_RATE, SILENCE_FRAME } from '../../audio/packet.ts';
import { isSilence } from '../../audio/toc.ts';

const FRAME_MS = (FRAME_SAMPLES / SAMPLE_RATE) * 1000;
/** Silence that stays between two spurts: 300 ms. */
const MOST_SILENCE = 15;
/** The longest file: ten minutes of speech. */
const MOST_FRAMES = 30_000;

export interface SpokenPiece {
  /** Ogg Opus. */
  file: Buffer;
  /** For each frame of the file where it was in the fragment, in frames. */
  frames: Uint32Array;
}

/** @param isWanted whether a frame of the fragment is of interest */
export function* spokenPieces(
  packets: Iterable<Uint8Array>,
  isWanted: (frame: number) => boolean,
): Generator<SpokenPiece, void> {
  let piece: { packets: Uint8Array[]; frames: number[] } = { packets: [], frames: [] };
  let silence = MOST_SILENCE;
  let spoken = 0;
  let index = -1;
  for (const packet of packets) {
    index += 1;
    if (!isWanted(index)) continue;
    // A place of one byte stands for a packet that was lost inside speech.
    const isQuiet = isSilence(packet);
    silence = isQuiet ? silence + 1 : 0;
    if (isQuiet && silence > MOST_SILENCE) {
      if (spoken > 0 && piece.frames.length >= MOST_FRAMES) {
        yield fileOf(piece);
        piece = { packets: [], frames: [] };
        spoken = 0;
      }
      continue;
    }
    if (!isQuiet) spoken += 1;
    piece.packets.push(isQuiet ? SILENCE_FRAME : packet);
    piece.frames.push(index);
  }
  if (spoken > 0) yield fileOf(piece);
}

function fileOf({ packets, frames }: { packets: Uint8Array[]; frames: number[] }): SpokenPiece {
  const writer = new OggOpusWriter(1);
  const pages = [writer.header({})];
  for (const packet of packets) {
    const page = writer.add(packet);
    if (page) pages.push(page);
  }
  pages.push(writer.end());
  return { file: Buffer.concat(pages), frames: Uint32Array.from(frames) };
}

/** Where an instant of the file (seconds) is on the session's timeline (ms), when the fragment begins at `firstMs`. */
export function placeInSession({ frames }: Pick<SpokenPiece, 'frames'>, seconds: number, firstMs: number): number {
  const position = Math.max(0, (seconds * 1000) / FRAME_MS);
  const frame = Math.min(frames.length - 1, Math.floor(position));
  const inside = Math.min(1, position - frame);
  return firstMs + ((frames[frame] ?? 0) + inside) * FRAME_MS;
}
