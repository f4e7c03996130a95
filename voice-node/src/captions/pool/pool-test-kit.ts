/** People who talk into a pool on virtual time; each word is a number that is said once. */

import { VirtualClock } from '../../../../sim/src/time/virtual-clock.ts';
import { createLogger } from '../../ops/logger.ts';
import type { Scheduler } from '../../ops/scheduler.ts';
import type { CaptionTuning } from '../caption-key.ts';
import { FRAME_LENGTH, FRAME_MS, type SpurtClock } from '../speech/speech-frame.ts';
import { TinyEngine } from '../tiny-engine.ts';
import { CaptionPool } from './caption-pool.ts';
import type { LostSpan } from './kept-speech.ts';
import type { FinalPart, SpeakerLine } from './speaker-line.ts';

/** Frames of a word, and between words: 160 and 60 ms. */
const WORD_FRAMES = 8;
const PAUSE_FRAMES = 3;
export const WORD_MS: number = (WORD_FRAMES + PAUSE_FRAMES) * FRAME_MS;
export const english: CaptionTuning = { language: 'en', keyterms: [] };

/** The simulator's clock, which stays fast with hundreds of people. */
class CrowdTime implements Scheduler {
  readonly #clock = new VirtualClock();
  /** How many timers wait. */
  pending = 0;

  now(): number {
    return this.#clock.now();
  }

  after(delayMs: number, task: () => void): () => void {
    let waits = true;
    const over = (): void => {
      if (waits) this.pending -= 1;
      waits = false;
    };
    this.pending += 1;
    const cancel = this.#clock.after(Math.max(0, delayMs), () => {
      over();
      task();
    });
    return () => {
      over();
      cancel();
    };
  }

  afterInput(task: () => void): () => void {
    return this.after(0, task);
  }

  runUntil(at: number): void {
    this.#clock.runUntil(at);
  }
}

export class PoolKit {
  readonly time = new CrowdTime();
  readonly engine = new TinyEngine(this.time);
  readonly pool: CaptionPool;
  #words = 0;

  constructor({ channels = 1, limit = 100 }: { channels?: number; limit?: number } = {}) {
    this.pool = new CaptionPool({
      engine: this.engine,
      channels,
      limit,
      scheduler: this.time,
      logger: createLogger('silent'),
    });
  }

  talker(tuning = english): Talker {
    return new Talker(this, tuning);
  }

  word(): number {
    this.#words = (this.#words % 32_000) + 1;
    return this.#words;
  }

  run(ms: number): void {
    this.time.runUntil(this.time.now() + ms);
  }

  /** Lets time pass until this is done. */
  async done<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const result = work.finally(() => {
      over = true;
    });
    while (!over) {
      this.run(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return result;
  }
}

export class Talker {
  readonly line: SpeakerLine;
  readonly said: { word: number; startMs: number }[] = [];
  readonly finals: FinalPart[] = [];
  readonly partials: string[] = [];
  readonly lost: LostSpan[] = [];
  readonly late: boolean[] = [];
  /** When each final came. */
  readonly finalAt: number[] = [];
  readonly #kit: PoolKit;
  #busy: Promise<void> = Promise.resolve();
  speaking = false;

  constructor(kit: PoolKit, tuning: CaptionTuning) {
    this.#kit = kit;
    this.line = kit.pool.line(tuning, {
      partial: ({ text }) => this.partials.push(text),
      final: (part) => {
        this.finals.push(part);
        this.finalAt.push(kit.time.now());
      },
      lost: (span) => this.lost.push(span),
      late: (isLate) => this.late.push(isLate),
    });
  }

  get heard(): number[] {
    return this.finals.flatMap(({ words }) => words.map(({ text }) => Number(text)));
  }

  /** Says so many words from now on, frame by frame; `onEnd` when the spurt is over. */
  say(words: number, onEnd: () => void = () => undefined): void {
    const { time, pool } = this.#kit;
    const clock: SpurtClock = { startMs: time.now() };
    const frames: number[] = [];
    for (let count = 0; count < words; count += 1) {
      const word = this.#kit.word();
      this.said.push({ word, startMs: time.now() + frames.length * FRAME_MS });
      frames.push(...Array<number>(WORD_FRAMES).fill(word), ...Array<number>(PAUSE_FRAMES).fill(0));
    }
    this.speaking = true;
    let index = 0;
    const next = (): void => {
      const value = frames[index];
      if (value === undefined) {
        this.speaking = false;
        pool.endSpurt(this.line);
        onEnd();
        return;
      }
      pool.say(this.line, { pcm: new Int16Array(FRAME_LENGTH).fill(value), clock, atMs: index * FRAME_MS });
      index += 1;
      time.after(FRAME_MS, next);
    };
    next();
  }

  /** Leaves: what was said is still told. */
  leave(): Promise<void> {
    this.#busy = this.#kit.pool.finish(this.line, 15_000);
    return this.#busy;
  }
}

/** Everything that each one said was told, of them alone, in order, once, and when it was said. Says what is wrong. */
export function wrongs(talkers: readonly Talker[]): string[] {
  return talkers.flatMap((talker, index) => {
    const said = talker.said.map(({ word }) => word);
    const { heard } = talker;
    if (heard.join() !== said.join()) {
      const missing = said.filter((word) => !heard.includes(word));
      const foreign = heard.filter((word) => !said.includes(word));
      return [`talker ${index}: said ${said.length}, heard ${heard.length}; missing ${missing}; foreign ${foreign}`];
    }
    const words = talker.finals.flatMap((part) => part.words);
    return words.flatMap(({ startMs }, at) => {
      const off = Math.abs(startMs - (talker.said[at]?.startMs ?? 0));
      return off > FRAME_MS ? [`talker ${index}: word ${at} is off by ${off} ms`] : [];
    });
  });
}
