/** The ephemeral lane of running sessions: delays, and who spoke lately. Newest wins; what cannot be sent now is dropped. */
import type { SessionStats } from '@patchbay/shared/control-messages';
import type { Scheduler } from '../ops/scheduler.ts';

/** So often is looked, and told what has changed. ms. */
export const STATS_MS = 2_500;
/** So often is told what has not: whoever shows it may have forgotten it, or never got it. ms. */
export const REPEAT_MS = 30_000;
/** Delays that differ by less, or by less than a tenth, are the same to those who look. ms. */
const LEAST_DIFFERENCE_MS = 1;

export interface StatsLaneOptions {
  send: (message: SessionStats) => boolean;
  /** What is live in each session that runs. */
  read: () => SessionStats[];
  scheduler: Scheduler;
}

export class StatsLane {
  readonly #options: StatsLaneOptions;
  readonly #told = new Map<string, { stats: SessionStats; at: number }>();
  #cancel: (() => void) | undefined;

  constructor(options: StatsLaneOptions) {
    this.#options = options;
    this.#arm();
  }

  close(): void {
    this.#cancel?.();
  }

  #arm(): void {
    this.#cancel = this.#options.scheduler.after(STATS_MS, () => {
      this.#arm();
      this.#look();
    });
  }

  #look(): void {
    const { read, send, scheduler } = this.#options;
    const running = new Map(read().map((stats) => [stats.sessionId, stats]));
    for (const sessionId of this.#told.keys()) if (!running.has(sessionId)) this.#told.delete(sessionId);
    const now = scheduler.now();
    for (const [sessionId, fresh] of running) {
      const told = this.#told.get(sessionId);
      const stats = withKnownDelays(fresh, told?.stats);
      if (told && now - told.at < REPEAT_MS && !differ(told.stats, stats)) continue;
      if (send(stats)) this.#told.set(sessionId, { stats, at: now });
    }
  }
}

/** A leg that nobody spoke to lately keeps the delay that was told of it; delays in tenths of a millisecond. */
export function withKnownDelays(fresh: SessionStats, told: SessionStats | undefined): SessionStats {
  const legs = fresh.legs.map((leg) => {
    const delayMs = leg.delayMs ?? told?.legs.find(({ legId }) => legId === leg.legId)?.delayMs;
    return delayMs === undefined ? leg : { ...leg, delayMs: Math.max(0, Math.round(delayMs * 10) / 10) };
  });
  return { ...fresh, legs };
}

/** Is it another picture? Counts alone make none. */
export function differ(told: SessionStats, stats: SessionStats): boolean {
  if (told.legs.length !== stats.legs.length) return true;
  return stats.legs.some(({ legId, delayMs, spoke }) => {
    const before = told.legs.find((leg) => leg.legId === legId);
    if (!before || before.spoke.join() !== spoke.join()) return true;
    if (before.delayMs === undefined || delayMs === undefined) return before.delayMs !== delayMs;
    return Math.abs(before.delayMs - delayMs) >= Math.max(LEAST_DIFFERENCE_MS, before.delayMs / 10);
  });
}
