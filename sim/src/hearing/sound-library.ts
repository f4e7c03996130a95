/** The sounds that can be recognised: each clip's frames, and all landmarks by their number. */
import type { Clip, ClipWord } from '../clips/clip.ts';
import { decodeAll } from './decode.ts';
import { hashOf, LandmarkFinder } from './landmarks.ts';
import { type Frame, Framer } from './spectrogram.ts';

export interface KnownSound {
  name: string;
  words: readonly ClipWord[];
  frames: readonly Frame[];
  /** Whether a frame is loud enough to tell something by: within 25 dB of the loudest. */
  isLoud: readonly boolean[];
}

export interface KnownLandmark {
  sound: KnownSound;
  /** Frame of the sound at which the landmark begins. */
  frame: number;
}

const LOUD = 10 ** -2.5;
/** A peak may be found one bin or one frame off: landmarks are filed under their neighbours too. */
const OFF_BY = [-1, 0, 1];

export class SoundLibrary {
  readonly #byHash = new Map<number, KnownLandmark[]>();

  constructor(clips: Iterable<Pick<Clip, 'name' | 'words' | 'packets'>>) {
    for (const clip of clips) this.#add(clip);
  }

  find(hash: number): readonly KnownLandmark[] {
    return this.#byHash.get(hash) ?? [];
  }

  #add({ name, words = [], packets }: Pick<Clip, 'name' | 'words' | 'packets'>): void {
    const frames = new Framer().push(decodeAll(packets));
    const loudest = frames.reduce((highest, { level }) => Math.max(highest, level), 0);
    const sound = { name, words, frames, isLoud: frames.map(({ level }) => level > loudest * LOUD) };
    const finder = new LandmarkFinder();
    const filed = new Set<number>();
    for (const { bin, otherBin, apart, frame } of frames.flatMap((each) => finder.push(each))) {
      for (const first of OFF_BY) {
        for (const second of OFF_BY) {
          for (const between of OFF_BY) {
            const hash = hashOf(bin + first, otherBin + second, apart + between);
            const key = hash * frames.length + frame;
            if (filed.has(key)) continue;
            filed.add(key);
            const known = this.#byHash.get(hash);
            if (known) known.push({ sound, frame });
            else this.#byHash.set(hash, [{ sound, frame }]);
          }
        }
      }
    }
  }
}
