/** What one hub counts until it tells the deployment's counters. */
import { delayBuckets, metricName } from '../metrics/names.ts';

export class HubCounters {
  #counts = new Map<string, number>();
  readonly #dirty: () => void;

  /** `dirty` is called when there is something to tell. */
  constructor(dirty: () => void) {
    this.#dirty = dirty;
  }

  count(name: Parameters<typeof metricName>[0], labels: Record<string, string | number> = {}, by = 1): void {
    const key = metricName(name, labels);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
    this.#dirty();
  }

  /** How long an event took from where it happened to here, in milliseconds; clocks may differ, so below zero is zero. */
  delay(ms: number): void {
    const seconds = Math.max(0, ms) / 1000;
    for (const le of delayBuckets) if (seconds <= le) this.count('event_delay_seconds_bucket', { le });
    this.count('event_delay_seconds_bucket', { le: '+Inf' });
    this.count('event_delay_seconds_sum', {}, seconds);
    this.count('event_delay_seconds_count');
  }

  /** Takes out what was counted. */
  take(): Record<string, number> {
    const counts = Object.fromEntries(this.#counts);
    this.#counts = new Map();
    return counts;
  }
}
