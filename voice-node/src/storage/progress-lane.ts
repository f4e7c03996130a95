/** How far recordings are, for those who wait: to the control plane at most once a second, to the log every ten percent. */
import type { EphemeralOf } from '@patchbay/shared/control-messages';
import type { Logger } from '../ops/logger.ts';
import { realTime, type Scheduler } from '../ops/scheduler.ts';

export type ProgressMessage = EphemeralOf<'recording.progress'>;
export type ProgressStage = ProgressMessage['stage'];

/** A message of the same recording and stage goes out so often at most. ms */
const LEAST_APART_MS = 1_000;
/** Percent between two lines of the log. */
const LOG_STEP = 10;

export interface ProgressLaneOptions {
  /** False: it could not be sent, and nobody minds. */
  send(message: ProgressMessage): boolean;
  logger: Logger;
  scheduler?: Scheduler;
}

interface Told {
  at: number;
  logged: number;
}

export class ProgressLane {
  readonly #options: ProgressLaneOptions;
  readonly #scheduler: Scheduler;
  readonly #told = new Map<string, Told>();

  constructor(options: ProgressLaneOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? realTime;
  }

  /** Takes note of how far a stage is. The end is always told; what comes between two messages is left out. */
  tell(sessionId: string, stage: ProgressStage, exact: number): void {
    const percent = Math.min(100, Math.max(0, Math.floor(exact)));
    const key = `${sessionId} ${stage}`;
    const told = this.#told.get(key) ?? { at: Number.NEGATIVE_INFINITY, logged: -LOG_STEP };
    const ends = percent === 100;
    const now = this.#scheduler.now();
    if (ends || now - told.at >= LEAST_APART_MS) {
      this.#options.send({ v: 1, type: 'ephemeral', event: 'recording.progress', sessionId, stage, percent });
      told.at = now;
    }
    const step = percent - (percent % LOG_STEP);
    if (step > told.logged) {
      this.#options.logger.info({ sessionId, stage, percent }, 'recording');
      told.logged = step;
    }
    if (ends) this.#told.delete(key);
    else this.#told.set(key, told);
  }
}
