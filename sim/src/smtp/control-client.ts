/** Drives an SMTP stand-in from another process. Needs nothing but `fetch`. */
import type { z } from 'zod';
import { controlCaller } from '../stand-in/control-call.ts';
import { smtpOperations } from './control-contract.ts';
import type { FaultSettings } from './faults.ts';
import type { Mail } from './mail.ts';

export { StandInError } from '../stand-in/control-call.ts';
export type { FaultSettings, Mail };

export class SmtpControl {
  readonly #call: ReturnType<typeof controlCaller<typeof smtpOperations>>;

  /** `url`: the `controlUrl` that the stand-in prints when it is ready. */
  constructor(url: string) {
    this.#call = controlCaller(smtpOperations, url);
  }

  /** All mails, oldest first. */
  async mails(): Promise<Mail[]> {
    return (await this.#call('mails', {})).mails;
  }
  /** The first mail that fits, now or when it comes. Throws `timeout` (default 15 s). */
  waitFor(what: z.input<typeof smtpOperations.waitFor.input>): Promise<Mail> {
    return this.#call('waitFor', what);
  }
  async clear(): Promise<void> {
    await this.#call('clear', {});
  }
  faults(): Promise<FaultSettings> {
    return this.#call('faults', {});
  }
  /** @example await control.setFaults({ refuseMails: 2 }) */
  setFaults(changes: z.input<typeof smtpOperations.setFaults.input>): Promise<FaultSettings> {
    return this.#call('setFaults', changes);
  }
  clearFaults(): Promise<FaultSettings> {
    return this.#call('clearFaults', {});
  }
}
