/**
 * Lets the people of some legs hear those of others, by a routing matrix. Packets are handled on arrival; timers run only
 * while somebody speaks: a 20 ms tick where voices overlap, a 100 ms look at who fell silent otherwise.
 */

import { sourcesOf } from '@patchbay/shared/routing';
import type { Route } from '@patchbay/shared/session-spec';
import { libopus, type OpusCodec } from '../audio/opus-codec.ts';
import type { LegPort, VoicePacket } from '../audio/packet.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import { Output } from './output.ts';
import { Speaker } from './speaker.ts';
import { Ticker } from './ticker.ts';

/** From a passed-through packet to the first mixed frame: its successor has arrived by then, with 15 ms to spare for jitter. */
const FIRST_TICK_MS = 35;
const HOUSEKEEPING_MS = 100;

export interface BridgeOptions {
  legs: readonly LegPort[];
  routes: readonly Route[];
  codec?: OpusCodec;
  scheduler?: Scheduler;
  /** False: every spurt is decoded, mixed and encoded, also of one voice alone. For measurements. Default true. */
  passThrough?: boolean;
  /** False: in a mix, silence takes the place of lost packets. For measurements. Default true. */
  conceal?: boolean;
}

export interface BridgeCounters {
  /** Packets passed through untouched, per output. */
  passed: number;
  /** Frames mixed and encoded, per output. */
  mixed: number;
  /** Packets that were dropped: they came twice, or after their turn. */
  late: number;
  /** Frames of lost or late packets in mixes. */
  concealed: number;
  /** Frames left out of mixes to shorten a delay. */
  skipped: number;
  undecodable: number;
  /** Ticks left out after a stall. */
  missedTicks: number;
}

export class Bridge {
  readonly counters: BridgeCounters = {
    passed: 0,
    mixed: 0,
    late: 0,
    concealed: 0,
    skipped: 0,
    undecodable: 0,
    missedTicks: 0,
  };
  readonly #codec: OpusCodec;
  readonly #scheduler: Scheduler;
  readonly #passThrough: boolean;
  readonly #conceal: boolean;
  readonly #speakers = new Map<string, Speaker>();
  readonly #outputs: Output[];
  readonly #detach: (() => void)[];
  readonly #ticker: Ticker;
  #cancelHousekeeping: (() => void) | undefined;

  constructor({ legs, routes, codec, scheduler, passThrough, conceal }: BridgeOptions) {
    this.#codec = codec ?? libopus;
    this.#scheduler = scheduler ?? realTime;
    this.#passThrough = passThrough ?? true;
    this.#conceal = conceal ?? true;
    this.#outputs = legs.map(
      (leg) => new Output(leg, new Set(sourcesOf(routes, leg.legId)), () => this.#codec.createEncoder()),
    );
    this.#ticker = new Ticker(this.#scheduler, {
      tick: () => this.#tick(),
      skip: () => {
        this.counters.missedTicks += 1;
        for (const output of this.#outputs) output.skipTick();
        for (const speaker of this.#speakers.values()) speaker.leaveOut();
      },
    });
    this.#detach = legs.map((leg) => leg.onPacket((packet) => this.#packet(leg.legId, packet)));
  }

  /** Changes who hears whom. Voices that are no longer routed stop at once. */
  updateRoutes(routes: readonly Route[]): void {
    for (const output of this.#outputs) {
      output.sources = new Set(sourcesOf(routes, output.leg.legId));
      if (output.mode.kind === 'pass' && !output.hears(output.mode.speaker)) output.finish();
    }
    this.#look();
  }

  /** Detaches from the legs and stops every timer. The legs live on. */
  close(): void {
    for (const detach of this.#detach) detach();
    this.#ticker.stop();
    this.#cancelHousekeeping?.();
    this.#cancelHousekeeping = undefined;
    for (const output of this.#outputs) if (output.announced) output.leg.stopSpeaking();
  }

  #packet(legId: string, packet: VoicePacket): void {
    const speaker = this.#speaker(legId, packet.userId);
    const { fresh, kept, starts } = speaker.take(packet);
    if (!fresh) {
      if (!kept) this.counters.late += 1;
      return;
    }
    for (const output of this.#outputs) {
      if (!output.hears(speaker)) continue;
      const { mode } = output;
      if (mode.kind === 'pass' && mode.speaker === speaker) {
        output.pass(packet, packet.arrivedAt);
        this.counters.passed += 1;
      } else if (mode.kind === 'mix') {
        if (starts) speaker.startMixing(false);
      } else if (starts) {
        this.#startSpurt(output, speaker, packet);
      }
    }
    if (!this.#cancelHousekeeping) this.#housekeep();
  }

  /** A speaker starts while this output is not mixing. */
  #startSpurt(output: Output, speaker: Speaker, packet: VoicePacket): void {
    if (output.mode.kind === 'pass' && output.mode.speaker.speaking) {
      const passed = output.mode.speaker;
      output.startMix();
      passed.startMixing(true);
      speaker.startMixing(false);
      this.#ticker.start(Math.max(packet.arrivedAt, passed.lastArrivedAt + FIRST_TICK_MS));
      return;
    }
    if (!this.#passThrough) {
      output.startMix();
      speaker.startMixing(false);
      this.#ticker.start(packet.arrivedAt);
      return;
    }
    output.startPass(speaker, packet, packet.arrivedAt);
    this.counters.passed += 1;
  }

  #tick(): void {
    const now = this.#scheduler.now();
    const frames = new Map<Speaker, Int16Array | undefined>();
    for (const speaker of this.#speakers.values()) {
      speaker.timeOut(now);
      if (speaker.mixing) frames.set(speaker, speaker.nextFrame(now));
    }
    for (const output of this.#outputs) {
      if (output.mode.kind !== 'mix' && output.mode.kind !== 'tail') continue;
      const heard = [...frames].filter(([speaker]) => output.hears(speaker));
      if (output.mode.kind === 'mix') this.counters.mixed += 1;
      output.tick(
        heard.map(([, frame]) => frame),
        now,
      );
      if (output.mode.kind === 'mix' && heard.every(([speaker]) => speaker.drained)) output.finish();
    }
    this.#look();
  }

  /** Ends mixes that nobody needs, and the tick with the last of them. */
  #look(): void {
    const mixes = this.#outputs.filter((output) => output.mode.kind === 'mix');
    for (const speaker of this.#speakers.values()) {
      if (speaker.mixing && !mixes.some((output) => output.hears(speaker))) speaker.stopMixing();
    }
    const ticking = this.#outputs.some(({ mode }) => mode.kind === 'mix' || mode.kind === 'tail');
    if (!ticking) this.#ticker.stop();
  }

  /** Looks every 100 ms for spurts whose end was lost and for outputs to be announced silent, until all is quiet. */
  #housekeep(): void {
    const now = this.#scheduler.now();
    for (const [key, speaker] of this.#speakers) {
      speaker.timeOut(now);
      if (!speaker.speaking && now - speaker.lastArrivedAt > 60_000) this.#speakers.delete(key);
    }
    for (const output of this.#outputs) {
      if (output.mode.kind === 'pass' && !output.mode.speaker.speaking && this.#quiet(output.mode.speaker, now)) {
        if (output.finish() === 'tail') this.#ticker.start(now);
      }
      output.settle(now);
    }
    const busy =
      this.#outputs.some((output) => output.announced || output.mode.kind !== 'idle') ||
      [...this.#speakers.values()].some((speaker) => speaker.speaking);
    this.#cancelHousekeeping = busy ? this.#scheduler.after(HOUSEKEEPING_MS, () => this.#housekeep()) : undefined;
  }

  /** The silence frames of a spurt's end come 20 ms apart: wait for them before the output is given up. */
  #quiet(speaker: Speaker, now: number): boolean {
    return now - speaker.lastArrivedAt > 100;
  }

  #speaker(legId: string, userId: string): Speaker {
    const key = `${legId}:${userId}`;
    let speaker = this.#speakers.get(key);
    if (!speaker) {
      speaker = new Speaker({
        legId,
        userId,
        createDecoder: () => this.#codec.createDecoder(),
        counters: this.counters,
        conceal: this.#conceal,
      });
      this.#speakers.set(key, speaker);
    }
    return speaker;
  }
}
