import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Watches how late the event loop runs: above some 20 ms, packets are relayed late. */
export class EventLoopLag {
  readonly #histogram = monitorEventLoopDelay({ resolution: 10 });

  start(): void {
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram.disable();
  }

  /** 99th percentile and maximum since the last call, in ms beyond the resolution of the measurement. */
  read(): { p99Ms: number; maxMs: number } {
    const toMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - 10);
    const lag = { p99Ms: toMs(this.#histogram.percentile(99)), maxMs: toMs(this.#histogram.max) };
    this.#histogram.reset();
    return lag;
  }
}
