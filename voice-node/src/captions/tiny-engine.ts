/**
 * The smallest engine there can be, for tests: frames "sound" like numbers (every sample of a frame is the number of its word),
 * and a word is a run of frames with one number. Nothing leaves the process.
 */
import type { Scheduler } from '../ops/scheduler.ts';
import {
  type CaptionEngine,
  type ConnectionOptions,
  ENGINE_RATE,
  type EngineConnection,
  type EngineEvents,
} from './engine.ts';
import { FRAME_LENGTH, FRAME_MS } from './speech/speech-frame.ts';

export interface TinyFaults {
  /** Before a connection is open. ms */
  openMs: number;
  /** Before a result is told. ms */
  resultMs: number;
  /** So many connections at once. */
  concurrency: number;
}

interface Heard {
  word: number;
  /** Frames of the channel. */
  from: number;
  to: number;
}

/** A stretch is made final after so much audio at the latest, as services do. Frames */
const LONGEST = 5_000 / FRAME_MS;

export class TinyConnection implements EngineConnection {
  readonly options: ConnectionOptions;
  readonly openedAt: number;
  closedAt: number | undefined;
  /** Frames received. */
  frames = 0;
  keepAlives = 0;
  /** Nothing is answered any more. */
  mute = false;
  readonly #engine: TinyEngine;
  readonly #events: EngineEvents;
  readonly #heard: Heard[][];
  readonly #from: number[];
  #lastAt: number;

  constructor(engine: TinyEngine, options: ConnectionOptions, events: EngineEvents) {
    this.#engine = engine;
    this.options = options;
    this.#events = events;
    this.openedAt = this.#lastAt = engine.scheduler.now();
    this.#heard = Array.from({ length: options.channels }, () => []);
    this.#from = this.#heard.map(() => 0);
  }

  get isOpen(): boolean {
    return this.closedAt === undefined;
  }

  send(pcm: Buffer): void {
    if (!this.isOpen) return;
    this.#lastAt = this.#engine.scheduler.now();
    const { channels } = this.options;
    const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2);
    for (let frame = 0; frame < samples.length / channels / FRAME_LENGTH; frame += 1) {
      for (const [channel, heard] of this.#heard.entries()) {
        const word = samples[(frame * FRAME_LENGTH + FRAME_LENGTH / 2) * channels + channel] ?? 0;
        const last = heard.at(-1);
        if (last?.word === word && last.to === this.frames) last.to += 1;
        else if (word !== 0) heard.push({ word, from: this.frames, to: this.frames + 1 });
      }
      this.frames += 1;
      for (const channel of this.#heard.keys()) {
        if (this.frames - (this.#from[channel] ?? 0) >= LONGEST) this.#tell(channel, true, { goesOn: true });
        else if ((this.frames - (this.#from[channel] ?? 0)) % 50 === 0) this.#tell(channel, false);
      }
    }
  }

  finalize(channel: number): void {
    if (this.isOpen && !this.mute) this.#tell(channel, true, { fromFinalize: true });
  }

  keepAlive(): void {
    this.keepAlives += 1;
    this.#lastAt = this.#engine.scheduler.now();
  }

  finish(): void {
    for (const channel of this.#heard.keys()) this.#tell(channel, true);
    this.#engine.scheduler.after(this.#engine.faults.resultMs, () => this.end(1000));
  }

  close(): void {
    this.end(1000);
  }

  /** How long nothing was heard of the other side. ms */
  get silentFor(): number {
    return this.#engine.scheduler.now() - this.#lastAt;
  }

  end(code: number): void {
    if (!this.isOpen) return;
    this.closedAt = this.#engine.scheduler.now();
    this.#engine.scheduler.after(0, () => this.#events.closed({ code, message: '' }));
  }

  /** `goesOn`: the word that is being said is told later, whole. */
  #tell(channel: number, isFinal: boolean, { goesOn = false, fromFinalize = false } = {}): void {
    const from = this.#from[channel] ?? 0;
    const heard = this.#heard[channel] ?? [];
    const known = heard.filter(({ to }) => !goesOn || to < this.frames);
    if (isFinal) {
      this.#from[channel] = this.frames;
      this.#heard[channel] = heard.filter((one) => !known.includes(one));
      if (this.frames === from) return;
    }
    const seconds = (frames: number): number => (frames * FRAME_LENGTH) / ENGINE_RATE;
    const words = known.map((one) => ({ text: String(one.word), start: seconds(one.from), end: seconds(one.to) }));
    const result = {
      channel,
      start: seconds(from),
      duration: seconds(this.frames - from),
      text: words.map(({ text }) => text).join(' '),
      words,
      isFinal,
      fromFinalize,
    };
    this.#engine.scheduler.after(this.#engine.faults.resultMs, () => {
      if (this.isOpen && !this.mute) this.#events.result(result);
    });
  }
}

export class TinyEngine implements CaptionEngine {
  readonly name = 'tiny';
  readonly scheduler: Scheduler;
  readonly faults: TinyFaults = { openMs: 30, resultMs: 40, concurrency: Infinity };
  readonly connections: TinyConnection[] = [];
  refused = 0;
  peak = 0;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  get live(): TinyConnection[] {
    return this.connections.filter(({ isOpen }) => isOpen);
  }

  open(options: ConnectionOptions, events: EngineEvents): EngineConnection {
    if (this.live.length >= this.faults.concurrency) {
      this.refused += 1;
      this.scheduler.after(this.faults.openMs, () =>
        events.refused({ limit: true, code: 'captions_limit', message: 'Too many.' }),
      );
      return idle;
    }
    const connection = new TinyConnection(this, options, events);
    this.connections.push(connection);
    this.peak = Math.max(this.peak, this.live.length);
    this.scheduler.after(this.faults.openMs, () => {
      if (connection.isOpen) events.opened();
    });
    return connection;
  }
}

const nothing = (): void => undefined;
const idle: EngineConnection = {
  send: nothing,
  finalize: nothing,
  keepAlive: nothing,
  finish: nothing,
  close: nothing,
};
