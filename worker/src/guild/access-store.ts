import type { NodeEventOf, VoiceChannel } from '@patchbay/shared/events';
import type { ChannelOverwrite } from '@patchbay/shared/permissions';
import type { AccessFacts } from '../access/sight.ts';
import type { GuildStore } from './store.ts';

type Reported = NonNullable<NodeEventOf<'voice.snapshot'>['access']>;

/** What is stored of who may see what: owner and roles, and the overwrites of each channel. */
export class AccessStore {
  readonly #store: GuildStore;

  constructor(store: GuildStore) {
    this.#store = store;
    store.sql.exec(
      'CREATE TABLE IF NOT EXISTS overwrites(channel_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID',
    );
  }

  putGuild(access: Reported): void {
    this.#store.setMeta('access', JSON.stringify(access));
  }

  /** A channel that is told without its overwrites is nobody's to see until they are. */
  putChannel({ channelId, overwrites }: VoiceChannel): void {
    if (overwrites === undefined) this.#store.sql.exec('DELETE FROM overwrites WHERE channel_id = ?', channelId);
    else {
      const sql = 'INSERT OR REPLACE INTO overwrites(channel_id, body) VALUES (?, ?)';
      this.#store.sql.exec(sql, channelId, JSON.stringify(overwrites));
    }
  }

  facts(guildId: string, guildName: string): AccessFacts {
    const stored = this.#store.meta('access');
    const { ownerId, roles, membersReported } = stored
      ? (JSON.parse(stored) as Reported)
      : { ownerId: null, roles: [], membersReported: false };
    const rows = this.#store.sql
      .exec<{ channel_id: string; body: string }>('SELECT channel_id, body FROM overwrites')
      .toArray();
    const overwrites = new Map(rows.map((row) => [row.channel_id, row.body]));
    return {
      guildId,
      guildName,
      ownerId,
      membersReported,
      version: this.version,
      roles: Object.fromEntries(roles.map(({ roleId, permissions }) => [roleId, permissions])),
      channels: this.#store.tellableChannels().map(({ channelId, name }) => {
        const body = overwrites.get(channelId);
        return { channelId, name, overwrites: body ? (JSON.parse(body) as ChannelOverwrite[]) : null };
      }),
    };
  }

  /** Of a channel, also of one that is gone; `null`: not told. */
  overwrites(channelId: string): ChannelOverwrite[] | null {
    const sql = 'SELECT body FROM overwrites WHERE channel_id = ?';
    const [row] = this.#store.sql.exec<{ body: string }>(sql, channelId).toArray();
    return row ? (JSON.parse(row.body) as ChannelOverwrite[]) : null;
  }

  get version(): number {
    return Number(this.#store.meta('access.version') ?? 0);
  }

  /** `true` when the facts differ from those of the last call. */
  changed(facts: AccessFacts): boolean {
    const { version, ...rest } = facts;
    const text = JSON.stringify(rest);
    if (this.#store.meta('access.told') === text) return false;
    this.#store.setMeta('access.told', text);
    this.#store.setMeta('access.version', String(version + 1));
    return true;
  }
}
