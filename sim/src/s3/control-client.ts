/** Drives an S3 stand-in from another process. Needs nothing but `fetch`. */
import { controlCaller } from '../stand-in/control-call.ts';
import { s3Operations } from './control-contract.ts';
import type { FaultRuleInput, StandingRule } from './faults.ts';

export { StandInError } from '../stand-in/control-call.ts';
export type { FaultRuleInput, StandingRule };

export interface ReadObject {
  data: Uint8Array;
  /** With quotes, as in the header. */
  etag: string;
  contentType: string;
  metadata: Record<string, string>;
}

/** Of the bucket that the stand-in was started with, unless another is named. */
interface InBucket {
  bucket?: string;
}

export class S3Control {
  readonly #call: ReturnType<typeof controlCaller<typeof s3Operations>>;

  /** `url`: the `controlUrl` that the stand-in prints when it is ready. */
  constructor(url: string) {
    this.#call = controlCaller(s3Operations, url);
  }

  /**
   * Makes the next requests that fit fail; returns the number of the rule.
   *
   * @example await control.addFault({ kind: 'resetUpload', methods: ['PUT'], keys: 'recordings/**', afterBytes: 1000, count: 2 })
   */
  async addFault(rule: FaultRuleInput): Promise<number> {
    return (await this.#call('addFault', { rule })).id;
  }
  /** Whether there was such a rule. */
  async removeFault(id: number): Promise<boolean> {
    return (await this.#call('removeFault', { id })).removed;
  }
  /** Takes all rules away, and lets the server be up. */
  async clearFaults(): Promise<void> {
    await this.#call('clearFaults', {});
  }
  async faults(): Promise<StandingRule[]> {
    return (await this.#call('faults', {})).faults;
  }
  /** Down: every connection is broken, new ones at once. */
  async setDown(down: boolean): Promise<void> {
    await this.#call('setDown', { down });
  }
  /** How many requests there were, by HTTP method. */
  async requests(): Promise<Record<string, number>> {
    return (await this.#call('requests', {})).requests;
  }
  async keys(options: InBucket & { prefix?: string } = {}): Promise<string[]> {
    return (await this.#call('keys', options)).keys;
  }
  /** An object as it is stored, whatever rules stand. Throws `NoSuchKey`. */
  async read(key: string, options: InBucket = {}): Promise<ReadObject> {
    const { data, ...more } = await this.#call('read', { key, ...options });
    return { data: Uint8Array.from(Buffer.from(data, 'base64')), ...more };
  }
  /** Removes all objects. */
  async clear(options: InBucket = {}): Promise<void> {
    await this.#call('clear', options);
  }
}
