/** Two other ways to put people on connections, against which captions are measured. */
import type { CaptionEngine, EngineConnection, EngineResult } from '../src/captions/engine.ts';
import { FRAME_LENGTH, FRAME_MS, type SpeechFrame } from '../src/captions/speech/speech-frame.ts';
import type { Scheduler } from '../src/ops/scheduler.ts';

/** What a layout is told of one person. */
export interface Layout {
  frame(userId: string, frame: SpeechFrame): void;
  end(userId: string): void;
  close(): void;
}

/** Silence after a spurt, so that the service sees that it is over: its `endpointing` of 300 ms and some more. Frames */
const CLOSING = 500 / FRAME_MS;
const MESSAGE = 5;

/**
 * A connection for each person, open as long as they are there; speech, and half a second of silence after it, as it comes.
 * `speechOnly`: no silence, an order to finish instead, as ours.
 */
export class ConnectionPerUser implements Layout {
  readonly #engine: CaptionEngine;
  readonly #scheduler: Scheduler;
  readonly #speechOnly: boolean;
  readonly #onFinal: (userId: string, result: EngineResult) => void;
  readonly #people = new Map<string, { connection: EngineConnection; open: boolean; waiting: SpeechFrame['pcm'][] }>();

  constructor(
    engine: CaptionEngine,
    scheduler: Scheduler,
    speechOnly: boolean,
    onFinal: (userId: string, result: EngineResult) => void,
  ) {
    this.#engine = engine;
    this.#scheduler = scheduler;
    this.#speechOnly = speechOnly;
    this.#onFinal = onFinal;
  }

  /** Somebody has joined. */
  join(userId: string): void {
    const person = {
      connection: this.#engine.open(
        { channels: 1, language: 'en', keyterms: [] },
        {
          opened: () => {
            person.open = true;
          },
          result: (result) => {
            if (result.isFinal && result.words.length > 0) this.#onFinal(userId, result);
          },
          refused: ({ message }) => {
            throw new Error(message);
          },
          closed: () => undefined,
        },
      ),
      open: false,
      waiting: [] as SpeechFrame['pcm'][],
    };
    this.#people.set(userId, person);
  }

  frame(userId: string, { pcm }: SpeechFrame): void {
    this.#send(userId, pcm, MESSAGE);
  }

  end(userId: string): void {
    if (this.#speechOnly) {
      this.#flush(userId);
      this.#people.get(userId)?.connection.finalize(0);
      return;
    }
    for (let frame = 1; frame <= CLOSING; frame += 1) {
      this.#scheduler.after(frame * FRAME_MS, () => this.#send(userId, new Int16Array(FRAME_LENGTH), MESSAGE));
    }
  }

  close(): void {
    for (const { connection } of this.#people.values()) connection.finish();
  }

  #send(userId: string, pcm: Int16Array, least: number): void {
    const person = this.#people.get(userId);
    person?.waiting.push(pcm);
    if (person && person.waiting.length >= least) this.#flush(userId);
  }

  #flush(userId: string): void {
    const person = this.#people.get(userId);
    if (!person?.open || person.waiting.length === 0) return;
    const joined = new Int16Array(person.waiting.length * FRAME_LENGTH);
    for (const [index, pcm] of person.waiting.splice(0).entries()) joined.set(pcm, index * FRAME_LENGTH);
    person.connection.send(Buffer.from(joined.buffer));
  }
}

/** One connection, a channel for each person, all channels sent whenever anybody speaks. */
export class ChannelPerUser implements Layout {
  readonly #connection: EngineConnection;
  readonly #channels: number;
  readonly #waiting = new Map<string, number>();
  #open = false;

  constructor(engine: CaptionEngine, scheduler: Scheduler, channels: number) {
    this.#channels = channels;
    this.#connection = engine.open(
      { channels, language: 'en', keyterms: [] },
      {
        opened: () => {
          this.#open = true;
        },
        result: () => undefined,
        refused: () => undefined,
        closed: () => undefined,
      },
    );
    const tick = (): void => {
      const frames = Math.max(0, ...this.#waiting.values());
      this.#waiting.clear();
      if (this.#open && frames > 0) {
        this.#connection.send(Buffer.alloc(frames * FRAME_LENGTH * 2 * this.#channels));
      }
      scheduler.after(MESSAGE * FRAME_MS, tick);
    };
    tick();
  }

  frame(userId: string): void {
    this.#waiting.set(userId, (this.#waiting.get(userId) ?? 0) + 1);
  }

  end(): void {
    // Nothing is made final: the service decides.
  }

  close(): void {
    this.#connection.finish();
  }
}
