/** The sessions that this node runs, by id; what ended is remembered until the control plane knows. */
import { EventEmitter } from 'node:events';
import type { NodeMessage, SessionStats, Tombstone } from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { now } from '../ops/clock.ts';
import type { Heard } from '../reports/session-ring.ts';
import { Session } from './session.ts';
import type { SessionEnd, SessionTools } from './session-tools.ts';

/** Where ends are kept across restarts. */
export interface Graveyard {
  readonly tombstones: Tombstone[];
  tombstone(sessionId: string): Tombstone | undefined;
  bury(tombstone: Tombstone): Promise<void>;
  forget(sessionIds: readonly string[]): Promise<void>;
}

export class Registry extends EventEmitter<{ message: [message: NodeMessage] }> {
  readonly #sessions = new Map<string, Session>();
  readonly #epochs = new Map<string, number>();
  readonly #tools: SessionTools;
  readonly #graveyard: Graveyard;
  readonly #isOwn: (identityId: string) => boolean;
  #closing = false;

  constructor(tools: SessionTools, graveyard: Graveyard, isOwn: (identityId: string) => boolean) {
    super();
    this.#tools = tools;
    this.#graveyard = graveyard;
    this.#isOwn = isOwn;
  }

  get running(): { sessionId: string; revision: number }[] {
    return [...this.#sessions.values()].map(({ id, revision }) => ({ sessionId: id, revision }));
  }

  /** What is live in each session. */
  get stats(): SessionStats[] {
    return [...this.#sessions.values()].flatMap(({ stats }) => stats ?? []);
  }

  get tombstones(): Tombstone[] {
    return this.#graveyard.tombstones;
  }

  /** The epoch under which the node owns an identity; legs of an older one are refused. */
  setEpoch(identityId: string, epoch: number): void {
    this.#epochs.set(identityId, epoch);
  }

  /** Starts a session or takes its newer revision; answers by `session.applied` or `session.refused`. */
  apply(spec: SessionSpec): void {
    const running = this.#sessions.get(spec.id);
    if (running && running.revision >= spec.revision) {
      this.#applied(running);
      return;
    }
    const refusal = this.#refusal(spec);
    if (refusal) {
      this.#tools.logger.warn({ sessionId: spec.id, ...refusal }, 'session refused');
      this.emit('message', {
        v: 1,
        type: 'session.refused',
        sessionId: spec.id,
        revision: spec.revision,
        ...refusal,
      });
      return;
    }
    if (running) {
      running.update(spec);
      this.#applied(running);
      return;
    }
    const session = new Session(spec, this.#tools, (ended, end) => this.#ended(ended, end));
    this.#sessions.set(spec.id, session);
    this.#applied(session);
    session.start();
  }

  /** Ends a session. One that never ran here leaves a tombstone too: a late `apply` must not start it. */
  async end(sessionId: string, revision: number, reason: EndReason, by?: string): Promise<void> {
    const session = this.#sessions.get(sessionId);
    if (session) {
      // An end older than what runs was overtaken by a newer spec.
      if (revision > session.revision) await session.end({ reason, ...(by ? { by } : {}) }, revision);
      return;
    }
    const known = this.#graveyard.tombstone(sessionId);
    const tombstone = known ?? { sessionId, revision, reason, at: now() };
    if (!known) await this.#graveyard.bury(tombstone);
    this.emit('message', { v: 1, type: 'session.tombstone', tombstone });
  }

  /** What was said in the last ten seconds of a session; `undefined` when it does not run here. */
  heard(sessionId: string): Heard | undefined {
    return this.#sessions.get(sessionId)?.heard();
  }

  async acknowledge(sessionIds: readonly string[]): Promise<void> {
    await this.#graveyard.forget(sessionIds);
  }

  /** The identity belongs to another node now: everything that uses it ends here, and nothing of it touches Discord any more. */
  async revoke(identityId: string, epoch: number): Promise<void> {
    this.setEpoch(identityId, epoch);
    const concerned = [...this.#sessions.values()].filter(({ spec }) =>
      spec.legs.some((leg) => leg.identityId === identityId && leg.epoch < epoch),
    );
    const message = 'Another voice node has taken over the bot account.';
    for (const session of concerned) session.abandon(identityId);
    await Promise.all(concerned.map((session) => session.end({ reason: 'node_lost', message })));
  }

  async endAll(reason: EndReason, message: string): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#sessions.values()].map((session) => session.end({ reason, message })));
  }

  #refusal(spec: SessionSpec): { code: string; message: string } | undefined {
    if (this.#closing) return { code: 'node_closing', message: 'The voice node is shutting down. Choose another one.' };
    const buried = this.#graveyard.tombstone(spec.id);
    if (buried) {
      return { code: 'session_ended', message: `The session ended here (${buried.reason}). Start one with a new id.` };
    }
    for (const { identityId, epoch } of spec.legs) {
      if (!this.#isOwn(identityId)) {
        return { code: 'no_identity', message: `Identity ${identityId} is not an account of this voice node.` };
      }
      if (epoch < (this.#epochs.get(identityId) ?? 0)) {
        return {
          code: 'epoch_stale',
          message: `Identity ${identityId} has a newer owner: the spec's epoch is too old.`,
        };
      }
    }
    return undefined;
  }

  #applied({ id, revision }: Session): void {
    this.emit('message', { v: 1, type: 'session.applied', sessionId: id, revision });
  }

  async #ended(session: Session, { reason, by }: SessionEnd): Promise<void> {
    const whose = by === undefined ? {} : { by };
    const tombstone: Tombstone = { sessionId: session.id, revision: session.revision, reason, ...whose, at: now() };
    try {
      await this.#graveyard.bury(tombstone);
    } finally {
      this.#sessions.delete(session.id);
    }
    this.emit('message', { v: 1, type: 'session.tombstone', tombstone });
  }
}
