/** What goes wrong on purpose. Everything is counted, nothing is left to chance: the next n of a thing fail, then it works again. */
import { z } from 'zod';

const count = z.number().int().nonnegative();
const milliseconds = z.number().nonnegative();

export const faultsSchema = z.object({
  /** ms before a connection is answered with 101. */
  openDelayMs: milliseconds,
  /** ms before each message to the client. */
  resultDelayMs: milliseconds,
  /** ms without audio or KeepAlive before `NET-0001`; 10 000 as the service has it. */
  silenceLimitMs: milliseconds,
  /** Connections open at once; above, 429. 150 as the service has it for pay-as-you-go. */
  concurrency: count,
  /** So many next connects are answered with 429. */
  refuseConnects: count,
  /** So many next connections are closed with 1011 as soon as they are open. */
  closeConnects: count,
  /** So many next connections are reset (TCP), each when it has received so much audio. */
  resetConnects: z.object({ count, afterAudioSeconds: z.number().nonnegative() }),
  /** So many next answers to `Finalize` are never sent; their words are lost. */
  dropFromFinalize: count,
  /** So many next prerecorded requests fail with `status`. */
  failRequests: z.object({ count, status: z.number().int().min(500).max(599) }),
});
export type FaultSettings = z.output<typeof faultsSchema>;

export const noFaults: FaultSettings = {
  openDelayMs: 0,
  resultDelayMs: 0,
  silenceLimitMs: 10_000,
  concurrency: 150,
  refuseConnects: 0,
  closeConnects: 0,
  resetConnects: { count: 0, afterAudioSeconds: 1 },
  dropFromFinalize: 0,
  failRequests: { count: 0, status: 500 },
};

export class Faults {
  settings: FaultSettings;
  readonly #calm: FaultSettings;

  constructor(initial: Partial<FaultSettings> = {}) {
    this.#calm = { ...noFaults, ...initial };
    this.settings = { ...this.#calm };
  }

  /** Changes what is named and leaves the rest. */
  set(changes: Partial<FaultSettings>): FaultSettings {
    this.settings = { ...this.settings, ...changes };
    return this.settings;
  }

  /** Back to what it was at the start. */
  clear(): FaultSettings {
    this.settings = { ...this.#calm };
    return this.settings;
  }

  /** Whether the thing fails this time; one less is left then. */
  take(name: 'refuseConnects' | 'closeConnects' | 'dropFromFinalize'): boolean {
    const left = this.settings[name];
    if (left === 0) return false;
    this.set({ [name]: left - 1 });
    return true;
  }

  /** Seconds of audio after which the connection that opens now is to be reset. */
  takeReset(): number | undefined {
    const { count, afterAudioSeconds } = this.settings.resetConnects;
    if (count === 0) return undefined;
    this.set({ resetConnects: { count: count - 1, afterAudioSeconds } });
    return afterAudioSeconds;
  }

  /** Status with which the prerecorded request that arrives now is to fail. */
  takeRequestFailure(): number | undefined {
    const { count, status } = this.settings.failRequests;
    if (count === 0) return undefined;
    this.set({ failRequests: { count: count - 1, status } });
    return status;
  }
}
