/**
 * For tests and measurements: the Deepgram stand-in's ears behind the engine seam, without a socket and on any clock. What is recognised
 * are the simulator's clips, by their sound. It keeps account as the stand-in does.
 */
import { ChannelTranscript, type TranscriptEvent } from '../../../sim/src/deepgram/channel-transcript.ts';
import { samplesOf } from '../../../sim/src/hearing/decode.ts';
import type { SoundLibrary } from '../../../sim/src/hearing/sound-library.ts';
import type { Scheduler } from '../ops/scheduler.ts';
import {
  type CaptionEngine,
  type ConnectionOptions,
  ENGINE_RATE,
  type EngineConnection,
  type EngineEvents,
} from './engine.ts';

export interface StandInAccount {
  channels: number;
  openedAt: number;
  closedAt: number | undefined;
  /** Of each channel. */
  audioSeconds: number;
}

export interface StandInEngineOptions {
  library: SoundLibrary;
  scheduler: Scheduler;
  /** Before a connection is open. ms */
  openMs?: number;
  /** Before a result is told. ms */
  resultMs?: number;
  /** False: nothing is recognised, only counted. */
  listens?: boolean;
  /** Told when somebody asks for a final: the service's own part of the delay begins here. */
  onFinalize?: () => void;
}

export class StandInEngine implements CaptionEngine {
  readonly name = 'stand-in';
  readonly accounts: StandInAccount[] = [];
  readonly options: StandInEngineOptions;

  constructor(options: StandInEngineOptions) {
    this.options = options;
  }

  open(options: ConnectionOptions, events: EngineEvents): EngineConnection {
    const { scheduler, openMs = 120 } = this.options;
    const account: StandInAccount = {
      channels: options.channels,
      openedAt: scheduler.now(),
      closedAt: undefined,
      audioSeconds: 0,
    };
    this.accounts.push(account);
    scheduler.after(openMs, () => {
      if (account.closedAt === undefined) events.opened();
    });
    return new StandInConnection(this.options, account, events);
  }
}

class StandInConnection implements EngineConnection {
  readonly #options: StandInEngineOptions;
  readonly #account: StandInAccount;
  readonly #events: EngineEvents;
  readonly #channels: ChannelTranscript[];

  constructor(options: StandInEngineOptions, account: StandInAccount, events: EngineEvents) {
    this.#options = options;
    this.#account = account;
    this.#events = events;
    const how = { sampleRate: ENGINE_RATE, interimResults: true, endpointing: 300 };
    this.#channels = Array.from({ length: account.channels }, () => new ChannelTranscript(options.library, how));
  }

  send(pcm: Buffer): void {
    const { channels } = this.#account;
    const samples = samplesOf(pcm);
    this.#account.audioSeconds += samples.length / channels / ENGINE_RATE;
    if (this.#options.listens === false) return;
    for (const [index, channel] of this.#channels.entries()) {
      const own =
        channels === 1
          ? samples
          : Float32Array.from({ length: samples.length / channels }, (_, at) => samples[at * channels + index] ?? 0);
      this.#tell(channel.push(own), index);
    }
  }

  finalize(channel: number): void {
    this.#options.onFinalize?.();
    const rest = this.#channels[channel]?.finalize();
    if (rest) this.#tell([rest], channel);
  }

  keepAlive(): void {
    // Nobody closes it.
  }

  finish(): void {
    for (const [index, channel] of this.#channels.entries()) {
      const rest = channel.finalize();
      if (rest) this.#tell([rest], index);
    }
    this.#options.scheduler.after(this.#delay, () => this.close());
  }

  close(): void {
    this.break(1000);
  }

  break(code: number): void {
    if (this.#account.closedAt !== undefined) return;
    this.#account.closedAt = this.#options.scheduler.now();
    this.#options.scheduler.after(0, () => this.#events.closed({ code, message: '' }));
  }

  get #delay(): number {
    return this.#options.resultMs ?? 50;
  }

  #tell(events: readonly TranscriptEvent[], channel: number): void {
    for (const event of events) {
      if (event.kind !== 'result') continue;
      const { start, duration, words, isFinal, fromFinalize } = event;
      const result = {
        channel,
        start,
        duration,
        text: words.map(({ word }) => word).join(' '),
        words: words.map(({ word, start: from, end }) => ({ text: word, start: from, end })),
        isFinal,
        fromFinalize,
      };
      this.#options.scheduler.after(this.#delay, () => {
        if (this.#account.closedAt === undefined) this.#events.result(result);
      });
    }
  }
}
