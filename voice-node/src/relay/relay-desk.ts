/** The text relays of all sessions of this node. A failure here is logged and goes no further. */
import type { Logger } from '../ops/logger.ts';
import type { RelayEvent } from './incoming.ts';
import { SessionRelay, type SessionRelayOptions } from './session-relay.ts';

export class RelayDesk {
  readonly #options: Omit<SessionRelayOptions, 'sessionId' | 'onFailure'>;
  readonly #logger: Logger;
  readonly #open = new Set<SessionRelay>();

  constructor(options: Omit<SessionRelayOptions, 'sessionId' | 'onFailure'>, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
  }

  /** The relay of a session, until it is closed. */
  open(sessionId: string): Pick<SessionRelay, 'update' | 'close'> {
    const onFailure = (err: unknown, what: string): void => this.#logger.warn({ err, sessionId }, what);
    const relay = new SessionRelay({ ...this.#options, sessionId, onFailure });
    this.#open.add(relay);
    return {
      update: (spec, connected) => this.#guarded(() => relay.update(spec, connected)),
      close: () => {
        this.#open.delete(relay);
        relay.close();
      },
    };
  }

  /** Something happened to messages, as one identity hears it. */
  take(identityId: string, event: RelayEvent): void {
    for (const relay of this.#open) this.#guarded(() => relay.take(identityId, event));
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#logger.error({ err: error }, 'the text relay failed; the call goes on');
    }
  }
}
