/** The legs of the node, shared by the sessions that use the same channel with the same identity. */
import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import type { LegSpec } from '@patchbay/shared/session-spec';
import { LegVoices } from './leg-voices.ts';
import type { RunningLeg } from './running-leg.ts';

interface Entry {
  leg: RunningLeg;
  users: number;
}

export class LegPool {
  /** One voice connection per guild and identity: this is the key. */
  readonly #entries = new Map<string, Entry>();
  /** Who plays sounds to them. */
  readonly voices = new LegVoices();
  readonly #closing = new Map<string, Promise<void>>();
  readonly #open: (spec: LegSpec) => RunningLeg;

  /** `open` makes a leg and throws a `PatchbayError` `no_identity` when the identity is not this node's. */
  constructor(open: (spec: LegSpec) => RunningLeg) {
    this.#open = open;
  }

  get legs(): RunningLeg[] {
    return [...this.#entries.values()].map(({ leg }) => leg);
  }

  /**
   * The leg of the spec: a running one, or a new one. Waits for an earlier leg of the identity to leave.
   *
   * @throws {PatchbayError} `identity_busy`, `no_identity`
   */
  async acquire(spec: LegSpec): Promise<RunningLeg> {
    const key = `${spec.guildId}/${spec.identityId}`;
    while (this.#closing.has(key)) await this.#closing.get(key);
    const entry = this.#entries.get(key);
    if (entry) {
      if (entry.leg.channelId !== spec.channelId) {
        throw new PatchbayError(
          'identity_busy',
          `Identity ${spec.identityId} is in channel ${entry.leg.channelId} of this guild; a bot can be in one channel only.`,
        );
      }
      entry.users += 1;
      return entry.leg;
    }
    const leg = this.#open(spec);
    this.#entries.set(key, { leg, users: 1 });
    leg.on('state', (state) => {
      if (state.kind === 'closed' && this.#entries.get(key)?.leg === leg) this.#entries.delete(key);
    });
    return leg;
  }

  /** Gives the leg back; with its last user it closes. */
  async release(leg: RunningLeg, reason: EndReason): Promise<void> {
    const key = `${leg.guildId}/${leg.identityId}`;
    const entry = this.#entries.get(key);
    if (!entry || entry.leg !== leg) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#entries.delete(key);
    const closed = leg.close(reason).finally(() => this.#closing.delete(key));
    this.#closing.set(key, closed);
    await closed;
  }
}
