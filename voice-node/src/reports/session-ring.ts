import type { SessionSpec } from '@patchbay/shared/session-spec';
import type { LegPort } from '../audio/packet.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import { type RecentVoice, RecentVoices } from './recent-voices.ts';

/** What is older than ten seconds is forgotten so often, whether anybody talks or not. ms */
const SWEEP_MS = 1_000;

/** What a session's people said in the ten seconds before `at` (ms since the epoch). */
export interface Heard {
  spec: SessionSpec;
  at: number;
  voices: RecentVoice[];
}

/** Keeps the last ten seconds of those legs of a session that its spec names, in memory, until the session ends. */
export class SessionRing {
  readonly #voices = new RecentVoices();
  readonly #attached = new Map<string, () => void>();
  readonly #scheduler: Scheduler;
  #cancelSweep: (() => void) | undefined;

  constructor(scheduler: Scheduler = realTime) {
    this.#scheduler = scheduler;
  }

  /** Follows a spec: legs that it no longer names, and people who opted out, are forgotten at once. */
  apply({ sealable, optedOut }: Pick<SessionSpec, 'sealable' | 'optedOut'>, legs: readonly LegPort[]): void {
    const wanted = new Set(sealable?.legs);
    const there = legs.filter(({ legId }) => wanted.has(legId));
    const kept = new Set(there.map(({ legId }) => legId));
    this.#voices.optOut(new Set(optedOut));
    for (const [legId, detach] of this.#attached) {
      if (kept.has(legId)) continue;
      detach();
      this.#attached.delete(legId);
      this.#voices.forgetLeg(legId);
    }
    for (const leg of there) {
      if (this.#attached.has(leg.legId)) continue;
      this.#attached.set(
        leg.legId,
        leg.onPacket((packet) => this.#voices.add(leg.legId, packet)),
      );
    }
    if (this.#attached.size > 0 && !this.#cancelSweep) this.#arm();
  }

  /** What these people said is forgotten now, before the spec that says so is made. */
  optOut(userIds: Iterable<string>): void {
    this.#voices.optOut(new Set(userIds));
  }

  take(spec: SessionSpec): Heard {
    const at = this.#scheduler.now();
    return { spec, at, voices: this.#voices.take(at) };
  }

  /** Bytes of Opus that are in memory. */
  get bytes(): number {
    return this.#voices.bytes;
  }

  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    for (const detach of this.#attached.values()) detach();
    this.#attached.clear();
    this.#voices.clear();
  }

  #arm(): void {
    this.#cancelSweep = this.#scheduler.after(SWEEP_MS, () => {
      this.#voices.sweep(this.#scheduler.now());
      this.#cancelSweep = undefined;
      if (this.#attached.size > 0) this.#arm();
    });
  }
}
