/**
 * Makes the fragments of stays that are over while their recording runs. Nothing here is needed: the end makes every fragment under the
 * same key with the same sound. So nothing of it survives the process, and what fails is left to the next rotation, or to the end.
 */
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { Logger } from '../ops/logger.ts';
import type { ChunkTags } from '../recording/chunks/chunk-tags.ts';
import type { Erasure } from '../recording/chunks/erase-chunk.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type EndedStay, makeEarly } from './early-job.ts';

/** What a desk does when nothing is to be finalised. */
export interface Aside {
  readonly hasWork: boolean;
  /** Does one piece. Never throws. `without`: who was taken out of a session. */
  work(signal: AbortSignal, without: (sessionId: string) => readonly string[]): Promise<void>;
  /** The session is about to be finalised: what waits for it is not done. */
  leave(sessionId: string): void;
}

export interface EarlyFragmentsOptions {
  store: Pick<ObjectStore, 'list' | 'fetch' | 'put'>;
  /** Folder for files under way. */
  directory: string;
  mp3Fragments: boolean;
  /** Reports an event; resolves when it survives the process. */
  report: (draft: NodeEventDraft) => Promise<void>;
  /** There is work. */
  onWork(): void;
  /** A fragment is stored. */
  onMade(sessionId: string): void;
  logger: Logger;
}

/** `over`: the chunk with its end is not known to be stored. `due`: it is. `done`: made, or there is nothing to make. */
type Known = EndedStay & { state: 'over' | 'due' | 'done' };

export class EarlyFragments implements Aside {
  readonly #options: EarlyFragmentsOptions;
  /** By session, then by person and start. */
  readonly #sessions = new Map<string, Map<string, Known>>();
  /** How many erasures of a person are under way, by session and person. */
  readonly #erasing = new Map<string, number>();
  #current: { stay: Known; stop: AbortController; done: Promise<void> } | undefined;

  constructor(options: EarlyFragmentsOptions) {
    this.#options = options;
  }

  /** A chunk of a running recording is on its way to the bucket. */
  noted({ sessionId, userId, timeZero, stays }: ChunkTags): void {
    const known = this.#sessions.get(sessionId) ?? new Map<string, Known>();
    this.#sessions.set(sessionId, known);
    for (const [from, to] of stays) {
      if (to === null || to <= from || known.has(`${userId}-${from}`)) continue;
      known.set(`${userId}-${from}`, { sessionId, userId, timeZero, from, to, state: 'over' });
    }
  }

  /** Every chunk that was noted of the session is stored. */
  stored(sessionId: string): void {
    for (const stay of this.#of(sessionId)) if (stay.state === 'over') stay.state = 'due';
    if (this.hasWork) this.#options.onWork();
  }

  /** The session's recording is over: its end makes everything. */
  forget(sessionId: string): void {
    this.#sessions.delete(sessionId);
    if (this.#current?.stay.sessionId === sessionId) this.#current.stop.abort();
  }

  leave(sessionId: string): void {
    // A recording that goes on all the same comes to it after its next rotation.
    for (const stay of this.#of(sessionId)) if (stay.state === 'due') stay.state = 'over';
  }

  /** Erases with nothing of the person being made meanwhile; what was made of them is made anew when `stored` is called next. */
  async around(sessionId: string, erasure: Erasure, erase: () => Promise<void>): Promise<void> {
    const who = `${sessionId}-${erasure.userId}`;
    this.#erasing.set(who, (this.#erasing.get(who) ?? 0) + 1);
    try {
      if (this.#current && whoseOf(this.#current.stay) === who) {
        this.#current.stop.abort();
        await this.#current.done;
      }
      await erase();
    } finally {
      const left = (this.#erasing.get(who) ?? 1) - 1;
      if (left > 0) this.#erasing.set(who, left);
      else this.#erasing.delete(who);
      for (const stay of this.#of(sessionId)) {
        if (stay.userId === erasure.userId) stay.state = 'over';
      }
    }
  }

  get hasWork(): boolean {
    return this.#next() !== undefined;
  }

  async work(signal: AbortSignal, without: (sessionId: string) => readonly string[]): Promise<void> {
    const stay = this.#next();
    if (!stay) return;
    stay.state = 'done';
    if (without(stay.sessionId).includes(stay.userId)) return;
    const stop = new AbortController();
    const done = this.#make(stay, AbortSignal.any([signal, stop.signal]));
    this.#current = { stay, stop, done };
    await done;
    this.#current = undefined;
  }

  async #make(stay: Known, signal: AbortSignal): Promise<void> {
    const { sessionId, userId } = stay;
    const logger = this.#options.logger.child({ sessionId, userId });
    try {
      const made = await makeEarly(stay, { ...this.#options, logger, signal });
      if (!made) return;
      logger.info({ samples: stay.to - stay.from }, 'the fragment of a stay that is over is stored');
      this.#options.onMade(sessionId);
    } catch (error) {
      stay.state = 'over';
      // Something else goes first.
      if (signal.aborted) logger.debug('a fragment is not made yet');
      else logger.warn({ err: error }, 'a fragment could not be made while the recording runs; its end makes it');
    }
  }

  #of(sessionId: string): Known[] {
    return [...(this.#sessions.get(sessionId)?.values() ?? [])];
  }

  #next(): Known | undefined {
    for (const known of this.#sessions.values()) {
      for (const stay of known.values()) if (stay.state === 'due' && !this.#erasing.has(whoseOf(stay))) return stay;
    }
    return undefined;
  }
}

const whoseOf = ({ sessionId, userId }: EndedStay): string => `${sessionId}-${userId}`;
