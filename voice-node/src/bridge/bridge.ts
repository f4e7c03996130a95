/**
 * Lets the people of some legs hear those of others, by a routing matrix. Packets are handled on arrival; timers run only
 * while somebody speaks: a 20 ms tick where voices overlap, a 100 ms look at who fell silent otherwise.
 */

import { PatchbayError } from '@patchbay/shared/errors';
import { sourcesOf } from '@patchbay/shared/routing';
import type { Route } from '@patchbay/shared/session-spec';
import type { Sound } from '../audio/fade.ts';
import { libopus, type OpusCodec } from '../audio/opus-codec.ts';
import type { VoicePacket } from '../audio/packet.ts';
import type { Tone } from '../audio/tones/tone.ts';
import { tones } from '../audio/tones/tones.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import { type BridgeCounters, type BridgeOptions, noCounts } from './bridge-options.ts';
import { type LegLive, liveOf } from './live.ts';
import { Output } from './output.ts';
import { Speaker } from './speaker.ts';
import { Ticker } from './ticker.ts';
import { TonePlayer } from './tone-player.ts';
import { type VolumeOrder, Volumes } from './volumes.ts';

/** From a passed-through packet to the first mixed frame: its successor has arrived by then, with 15 ms to spare for jitter. */
const FIRST_TICK_MS = 35;
const HOUSEKEEPING_MS = 100;
/** The silence frames of a spurt's end come 20 ms apart: they are waited for before the output is given up. ms. */
const QUIET_MS = 100;

export class Bridge {
  readonly counters: BridgeCounters = noCounts();
  readonly #codec: OpusCodec;
  readonly #scheduler: Scheduler;
  readonly #passThrough: boolean;
  readonly #conceal: boolean;
  readonly #speakers = new Map<string, Speaker>();
  /** Whose packet came last: mostly theirs is the next as well. */
  #latest: Speaker | undefined;
  readonly #volumes = new Volumes();
  readonly #onHold = new Set<string>();
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
      tick: (dueAt) => this.#tick(dueAt),
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
    }
    this.#review();
  }

  /**
   * Makes a leg's people, one person, or one person on one leg louder or softer for everybody who hears them; 0 is not heard at
   * all. Anything but 1 costs a decoder and an encoder while they speak: only voices as spoken can be passed through. At 1 again,
   * pass-through returns with the next spurt.
   *
   * @throws {PatchbayError} `volume_invalid`
   */
  setVolume(order: VolumeOrder): void {
    this.#volumes.set(order);
    this.#applyVolumes();
  }

  /**
   * The same for everything that is set: whom no order names is heard as spoken again.
   *
   * @throws {PatchbayError} `volume_invalid`
   */
  setVolumes(orders: readonly VolumeOrder[]): void {
    this.#volumes.replace(orders);
    this.#applyVolumes();
  }

  /**
   * Plays a tone to one leg, alone or under the voices there (12 dB softer while somebody speaks). Another one takes the place of
   * the one that plays.
   *
   * @throws {PatchbayError} `leg_unknown`
   */
  play(legId: string, tone: Tone, { loop = false }: { loop?: boolean } = {}): void {
    const output = this.#output(legId);
    output.tone = new TonePlayer(tone, this.#codec.createDecoder(), loop);
    if (output.mode.kind !== 'mix') this.#takeOver(output);
    if (!this.#cancelHousekeeping) this.#housekeep();
  }

  /**
   * Fades out what {@link play} started.
   *
   * @throws {PatchbayError} `leg_unknown`
   */
  stop(legId: string): void {
    this.#output(legId).tone?.stop();
  }

  /**
   * Puts a leg on hold: its people hear the hold tone and nobody else, and are heard by nobody; or takes it back.
   *
   * @throws {PatchbayError} `leg_unknown`
   */
  hold(legId: string, on: boolean): void {
    if (on === this.#onHold.has(legId)) return;
    if (on) {
      this.play(legId, tones.hold, { loop: true });
      this.#onHold.add(legId);
    } else {
      this.stop(legId);
      this.#onHold.delete(legId);
    }
    this.#review();
  }

  /** What is live now: how long each leg's voices are held up, and who of its people spoke lately. */
  live(): LegLive[] {
    return liveOf(this.#outputs, this.#speakers.values(), this.#scheduler.now());
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
      if (!this.#hears(output, speaker)) continue;
      const { mode } = output;
      if (mode.kind === 'pass' && mode.speaker === speaker) {
        output.pass(packet);
        this.#passed(output, packet);
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
      this.#takeOver(output);
      speaker.startMixing(false);
      return;
    }
    if (!this.#passThrough || speaker.volume !== 1) {
      output.startMix();
      speaker.startMixing(false);
      this.#ticker.start(packet.arrivedAt);
      return;
    }
    output.startPass(speaker, packet);
    this.#passed(output, packet);
  }

  #passed(output: Output, { arrivedAt }: VoicePacket): void {
    this.counters.passed += 1;
    output.delay.add(arrivedAt, this.#scheduler.now());
  }

  /** Starts to mix, in the middle of whom was passed through. */
  #takeOver(output: Output): void {
    const now = this.#scheduler.now();
    const passed = output.mode.kind === 'pass' && output.mode.speaker.speaking ? output.mode.speaker : undefined;
    output.startMix();
    passed?.startMixing(true);
    this.#ticker.start(passed ? Math.max(now, passed.lastArrivedAt + FIRST_TICK_MS) : now);
  }

  /** A tick that is made up after a stall is one of its own time: what it takes was in time then. */
  #tick(dueAt: number): void {
    const frames = new Map<Speaker, Sound | undefined>();
    for (const speaker of this.#speakers.values()) {
      speaker.timeOut(dueAt);
      if (speaker.mixing) frames.set(speaker, speaker.nextFrame(dueAt));
    }
    for (const output of this.#outputs) {
      if (output.mode.kind !== 'mix' && output.mode.kind !== 'tail') continue;
      const heard = [...frames].filter(([speaker]) => this.#hears(output, speaker));
      if (output.mode.kind === 'mix') this.counters.mixed += 1;
      output.tick(
        heard.map(([, frame]) => frame),
        heard.some(([speaker]) => speaker.speaking),
        dueAt,
      );
      const sentAt = this.#scheduler.now();
      for (const [{ playedArrivedAt }] of heard) {
        if (playedArrivedAt !== undefined) output.delay.add(playedArrivedAt, sentAt);
      }
      if (!output.tone && this.#onHold.has(output.leg.legId)) this.play(output.leg.legId, tones.hold, { loop: true });
      if (output.mode.kind === 'mix' && !output.tone && heard.every(([speaker]) => speaker.drained)) output.finish();
    }
    this.#look();
  }

  #applyVolumes(): void {
    for (const speaker of this.#speakers.values()) this.#volumes.applyTo(speaker);
    this.#review();
  }

  /** After a change of who is heard and how loud: ends or mixes what must not be passed through any more. */
  #review(): void {
    for (const output of this.#outputs) {
      if (output.mode.kind !== 'pass') continue;
      const { speaker } = output.mode;
      if (!this.#hears(output, speaker)) this.#end(output);
      else if (speaker.volume !== 1) this.#takeOver(output);
    }
    this.#look();
  }

  #end(output: Output): void {
    if (output.finish() === 'tail') this.#ticker.start(this.#scheduler.now());
  }

  /** Ends mixes that nobody needs, and the tick with the last of them. */
  #look(): void {
    const mixes = this.#outputs.filter((output) => output.mode.kind === 'mix');
    for (const speaker of this.#speakers.values()) {
      if (speaker.mixing && !mixes.some((output) => this.#hears(output, speaker))) speaker.stopMixing();
    }
    const ticking = this.#outputs.some(({ mode }) => mode.kind === 'mix' || mode.kind === 'tail');
    if (!ticking) this.#ticker.stop();
  }

  /** Looks every 100 ms for spurts whose end was lost and for outputs to be announced silent, until all is quiet. */
  #housekeep(): void {
    const now = this.#scheduler.now();
    for (const [key, speaker] of this.#speakers) {
      speaker.timeOut(now);
      if (!speaker.speaking && now - speaker.lastArrivedAt > 60_000) {
        this.#speakers.delete(key);
        if (this.#latest === speaker) this.#latest = undefined;
      }
    }
    for (const output of this.#outputs) {
      const passed = output.mode.kind === 'pass' ? output.mode.speaker : undefined;
      if (passed && !passed.speaking && now - passed.lastArrivedAt > QUIET_MS) this.#end(output);
      output.settle(now);
    }
    const busy =
      this.#outputs.some((output) => output.announced || output.mode.kind !== 'idle') ||
      [...this.#speakers.values()].some((speaker) => speaker.speaking);
    this.#cancelHousekeeping = busy ? this.#scheduler.after(HOUSEKEEPING_MS, () => this.#housekeep()) : undefined;
  }

  #hears(output: Output, speaker: Speaker): boolean {
    const { legId } = output.leg;
    if (this.#onHold.has(legId) || this.#onHold.has(speaker.legId)) return false;
    return speaker.volume > 0 && output.hears(speaker);
  }

  #output(legId: string): Output {
    const output = this.#outputs.find(({ leg }) => leg.legId === legId);
    if (!output) throw new PatchbayError('leg_unknown', `The bridge has no leg ${legId}: apply a spec with it first.`);
    return output;
  }

  #speaker(legId: string, userId: string): Speaker {
    if (this.#latest?.userId === userId && this.#latest.legId === legId) return this.#latest;
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
      this.#volumes.applyTo(speaker);
      this.#speakers.set(key, speaker);
    }
    this.#latest = speaker;
    return speaker;
  }
}
