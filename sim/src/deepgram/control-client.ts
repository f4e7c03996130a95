/** Drives a Deepgram stand-in from another process. Needs nothing but `fetch`. */
import type { z } from 'zod';
import { controlCaller } from '../stand-in/control-call.ts';
import type { AccountingReport, ConnectionAccount } from './accounting.ts';
import { deepgramOperations } from './control-contract.ts';
import type { FaultSettings } from './faults.ts';

export { StandInError } from '../stand-in/control-call.ts';
export type { AccountingReport, ConnectionAccount, FaultSettings };

export class DeepgramControl {
  readonly #call: ReturnType<typeof controlCaller<typeof deepgramOperations>>;

  /** `url`: what the stand-in prints when it is ready. */
  constructor(url: string) {
    this.#call = controlCaller(deepgramOperations, url);
  }

  /** @example await control.setFaults({ refuseConnects: 2, resultDelayMs: 300 }) */
  setFaults(changes: z.input<typeof deepgramOperations.setFaults.input>): Promise<FaultSettings> {
    return this.#call('setFaults', changes);
  }
  clearFaults(): Promise<FaultSettings> {
    return this.#call('clearFaults', {});
  }
  faults(): Promise<FaultSettings> {
    return this.#call('faults', {});
  }
  /** How many connections were closed with 1011. */
  async closeAll(): Promise<number> {
    return (await this.#call('closeAll', {})).connections;
  }
  /** How many connections were broken. */
  async resetAll(): Promise<number> {
    return (await this.#call('resetAll', {})).connections;
  }
  accounting(): Promise<AccountingReport> {
    return this.#call('accounting', {});
  }
}
