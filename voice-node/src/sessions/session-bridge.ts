/** The bridge of a session over all its revisions: what is set on it outlives the bridge that is made anew for other legs. */
import type { SessionSpec } from '@patchbay/shared/session-spec';
import type { Tone } from '../audio/tones/tone.ts';
import { Bridge } from '../bridge/bridge.ts';
import type { LegLive } from '../bridge/live.ts';
import { TICK_MS } from '../bridge/ticker.ts';
import type { Scheduler } from '../ops/scheduler.ts';
import type { SessionLeg } from './session-leg.ts';

/** A tone is over when its last packet was played, which the tick may be late for. ms */
const BETWEEN_TONES_MS = 100;

/** How long a leg is busy with a tone. ms */
const lengthOf = (tone: Tone): number => tone.packets.length * TICK_MS + BETWEEN_TONES_MS;

export interface SessionBridgeOptions {
  /** False: bridges mix always. For measurements. */
  passThrough?: boolean | undefined;
  scheduler: Scheduler;
}

export class SessionBridge {
  readonly #options: SessionBridgeOptions;
  #bridge: Bridge | undefined;
  #legs: readonly SessionLeg[] = [];
  /** The last tone of each leg, and when it began. */
  readonly #tones = new Map<string, { tone: Tone; at: number }>();
  /** When each leg has heard all that was to be played to it. */
  readonly #busyUntil = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  /** Of the bridges before this one. */
  readonly #counted = { late: 0, concealed: 0 };

  constructor(options: SessionBridgeOptions) {
    this.#options = options;
  }

  /** Makes what a spec says of the bridge: these legs, and who hears whom, how loud, and who is on hold. */
  apply(legs: readonly SessionLeg[], { routes, holds, volumes }: SessionSpec): void {
    const same = this.#bridge && legs.length === this.#legs.length && legs.every((leg) => this.#legs.includes(leg));
    if (same) this.#bridge?.updateRoutes(routes);
    else this.#remake(legs, routes);
    this.#bridge?.setVolumes(volumes ?? []);
    const held = new Set(holds);
    for (const { legId } of this.#legs) this.#bridge?.hold(legId, held.has(legId));
  }

  has(legId: string): boolean {
    return this.#legs.some((leg) => leg.legId === legId);
  }

  /**
   * Plays a tone to one leg, after those that it has yet to hear; the one that plays begins anew when it comes again. A bridge that is
   * made anew meanwhile goes on with it.
   */
  play(legId: string, tone: Tone): void {
    const { scheduler } = this.#options;
    const now = scheduler.now();
    const playing = this.#tones.get(legId);
    const isLast = playing && this.#busyUntil.get(legId) === playing.at + lengthOf(playing.tone);
    const at = isLast && playing.tone === tone ? now : Math.max(now, this.#busyUntil.get(legId) ?? 0);
    this.#busyUntil.set(legId, at + lengthOf(tone));
    if (at === now) {
      this.#start(legId, tone);
      return;
    }
    const cancel = scheduler.after(at - now, () => {
      this.#waiting.delete(cancel);
      this.#start(legId, tone);
    });
    this.#waiting.add(cancel);
  }

  /** What is live now, and what was lost since the session began. */
  live(): { legs: LegLive[]; late: number; concealed: number } {
    const { late = 0, concealed = 0 } = this.#bridge?.counters ?? {};
    return {
      legs: this.#bridge?.live() ?? [],
      late: this.#counted.late + late,
      concealed: this.#counted.concealed + concealed,
    };
  }

  /** Nothing is played or passed any more. */
  end(): void {
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
    this.close();
  }

  close(): void {
    const { late, concealed } = this.live();
    Object.assign(this.#counted, { late, concealed });
    this.#bridge?.close();
    this.#bridge = undefined;
    this.#legs = [];
  }

  #start(legId: string, tone: Tone): void {
    if (!this.has(legId)) return;
    this.#tones.set(legId, { tone, at: this.#options.scheduler.now() });
    this.#bridge?.play(legId, tone);
  }

  #remake(legs: readonly SessionLeg[], routes: SessionSpec['routes']): void {
    this.close();
    const { passThrough = true, scheduler } = this.#options;
    for (const leg of legs) leg.newSender();
    this.#legs = legs;
    this.#bridge = new Bridge({ legs, routes, passThrough, scheduler });
    for (const [legId, { tone, at }] of this.#tones) {
      const packets = tone.packets.slice(Math.ceil((scheduler.now() - at) / TICK_MS));
      if (packets.length > 0 && this.has(legId)) this.#bridge.play(legId, { ...tone, packets });
      else this.#tones.delete(legId);
    }
  }
}
