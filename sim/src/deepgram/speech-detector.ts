/** Whether somebody speaks, by level alone. */
import { FRAMES_PER_SECOND } from '../hearing/spectrogram.ts';

/** −50 dB of full scale: below is silence. */
const FAINTEST = 1e-5;
/** Speech stays within 22 dB of the loudest of late, which falls by 3 dB a second. */
const UNDER_LOUDEST = 10 ** -2.2;
const LOUDEST_DECAY = 10 ** (-0.3 / FRAMES_PER_SECOND);
/** So many frames in a row begin speech: 24 ms, so that a click does not. */
const FRAMES_TO_BEGIN = 3;
/** Stops within a word are no silence: 64 ms. */
const FRAMES_TO_END = 8;

export class SpeechDetector {
  #loudest = 0;
  #above = 0;
  #below = FRAMES_TO_END;
  #isSpeech = false;

  get isSpeech(): boolean {
    return this.#isSpeech;
  }

  /** How long it has been silent, in ms of audio; 0 during speech. */
  get silenceMs(): number {
    return this.#isSpeech ? 0 : (this.#below / FRAMES_PER_SECOND) * 1000;
  }

  /** Takes the level of the next frame (power, full scale = 1); true when speech begins with it. */
  push(level: number): boolean {
    this.#loudest = Math.max(level, this.#loudest * LOUDEST_DECAY);
    const isAbove = level > FAINTEST && level > this.#loudest * UNDER_LOUDEST;
    this.#above = isAbove ? this.#above + 1 : 0;
    this.#below = isAbove ? 0 : this.#below + 1;
    const before = this.#isSpeech;
    this.#isSpeech = before ? this.#below < FRAMES_TO_END : this.#above >= FRAMES_TO_BEGIN;
    return this.#isSpeech && !before;
  }
}
