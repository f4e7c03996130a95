import type { SessionStats } from '@patchbay/shared/control-messages';
import { type Env, guildOf } from '../env.ts';
import { type LegSpeakers, liveFor, speakingLegs } from './live.ts';
import type { SessionStore } from './store.ts';

/**
 * Brings what is live to the guilds of a session. Nothing of it is stored or owed: newest wins, and what cannot be delivered is
 * dropped, since the node says it again.
 */
export class LiveLane {
  readonly #env: Env;
  readonly #store: SessionStore;
  #newest: SessionStats | undefined;
  #telling = false;

  constructor(env: Env, store: SessionStore) {
    this.#env = env;
    this.#store = store;
  }

  async take(stats: SessionStats): Promise<void> {
    this.#newest = stats;
    if (this.#telling) return;
    this.#telling = true;
    try {
      while (this.#newest) {
        const next = this.#newest;
        this.#newest = undefined;
        await this.#tell(next);
      }
    } catch (error) {
      console.warn('session: live facts were dropped', error);
    } finally {
      this.#telling = false;
    }
  }

  async #tell(stats: SessionStats): Promise<void> {
    const before = this.#store.record();
    if (!before) return;
    const speakers = new Map<string, LegSpeakers>();
    await Promise.all(
      speakingLegs(before, stats).map(async ({ leg, userIds }) => {
        speakers.set(leg.key, await guildOf(this.#env, leg.guildId).speakers(leg.channelId, userIds));
      }),
    );
    // Read again: a side may be on hold by now, or the call over.
    const record = this.#store.record();
    if (record?.phase.state !== 'active' && record?.phase.state !== 'degraded') return;
    const { late, concealed } = stats;
    const guildIds = new Set(record.legs.map(({ guildId }) => guildId));
    await Promise.all(
      [...guildIds].map((guildId) =>
        guildOf(this.#env, guildId).live(record.id, liveFor(record, guildId, stats, speakers), { late, concealed }),
      ),
    );
  }
}
