/** Speech as the pool takes it: frames of 20 ms, each of which knows when it was spoken. */
import { ENGINE_RATE } from '../engine.ts';

export const FRAME_MS = 20;
/** Samples at 16 kHz in one frame. */
export const FRAME_LENGTH: number = (ENGINE_RATE * FRAME_MS) / 1000;

/** When a spurt began. It becomes surer while the spurt goes on: the least delayed packet tells best. */
export interface SpurtClock {
  /** ms from the session's time zero. */
  startMs: number;
}

export interface SpeechFrame {
  /** 320 samples at 16 kHz. */
  pcm: Int16Array;
  clock: SpurtClock;
  /** ms from the start of its spurt to its first sample. */
  atMs: number;
}
