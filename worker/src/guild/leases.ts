import type { SessionView } from '@patchbay/shared/hub-protocol';
import { ulid } from 'ulid';
import type { Holder } from './replies.ts';
import type { GuildStore } from './store.ts';

export interface LegLease {
  legId: string;
  identityId: string;
}

type LegRow = { leg_id: string; identity_id: string };

/**
 * Leases the leg of a channel to a session: the leg that is there if it is one of the node's, else a new one with the first of the
 * node's identities (main first) that is a member here and serves no other channel (Discord: one voice connection per account and
 * guild). `null`: none is free. Asked again by the same session, the same leg.
 */
export function lease(
  store: GuildStore,
  request: { sessionId: string; channelId: string; identityIds: readonly string[] },
): LegLease | null {
  const { sessionId, channelId, identityIds } = request;
  const sql = 'SELECT leg_id, identity_id FROM legs WHERE channel_id = ?';
  let [leg] = store.sql.exec<LegRow>(sql, channelId).toArray();
  if (leg && !identityIds.includes(leg.identity_id)) {
    // On another node. Others hold it there; what this session alone reserved is left for a new try.
    giveBack(store, sessionId, channelId);
    [leg] = store.sql.exec<LegRow>(sql, channelId).toArray();
    if (leg) return null;
  }
  let lent = leg ? { legId: leg.leg_id, identityId: leg.identity_id } : null;
  if (!lent) {
    const identityId = freeIdentity(store, identityIds);
    if (identityId === undefined) return null;
    lent = { legId: ulid(), identityId };
    store.sql.exec(
      'INSERT INTO legs(leg_id, channel_id, identity_id) VALUES (?, ?, ?)',
      lent.legId,
      channelId,
      lent.identityId,
    );
  }
  store.sql.exec('INSERT OR IGNORE INTO leg_uses(leg_id, session_id) VALUES (?, ?)', lent.legId, sessionId);
  return lent;
}

/** The first of these identities that is a member here and serves no channel. */
function freeIdentity(store: GuildStore, identityIds: readonly string[]): string | undefined {
  const rows = store.sql
    .exec<{ identity_id: string }>(
      'SELECT identity_id FROM identities WHERE identity_id NOT IN (SELECT identity_id FROM legs)',
    )
    .toArray();
  const free = new Set(rows.map((row) => row.identity_id));
  return identityIds.find((identityId) => free.has(identityId));
}

/** Could a channel get a leg: has it one already, or is an identity of any node without one? */
export function isIdentityFree(store: GuildStore, channelId: string): boolean {
  const sql = `SELECT 1 FROM legs WHERE channel_id = ?
    UNION ALL SELECT 1 FROM identities WHERE identity_id NOT IN (SELECT identity_id FROM legs) LIMIT 1`;
  return store.sql.exec(sql, channelId).toArray().length > 0;
}

/** How many identities are members of the guild. */
export function identityCount(store: GuildStore): number {
  return store.sql.exec<{ count: number }>('SELECT count(*) AS count FROM identities').one().count;
}

/** Which channels have the identities, and what for: a session of one leg is a recording. */
export function holders(store: GuildStore): Holder[] {
  const rows = store.sql
    .exec<{ channel_id: string; view: string | null }>(
      `SELECT channel_id, view FROM legs JOIN leg_uses USING(leg_id) LEFT JOIN sessions USING(session_id)
        ORDER BY channel_id, session_id`,
    )
    .toArray();
  return rows.map(({ channel_id: channelId, view }) => ({ channelId, purpose: purposeOf(view) }));
}

function purposeOf(view: string | null): Holder['purpose'] {
  if (view === null) return 'call';
  const { legs, purpose } = JSON.parse(view) as SessionView;
  return legs.length > 1 ? 'call' : (purpose ?? 'recording');
}

/** Gives back what a session leased, or its leg in one channel alone; a leg closes with its last user. */
export function giveBack(store: GuildStore, sessionId: string, channelId?: string): void {
  store.sql.exec(
    'DELETE FROM leg_uses WHERE session_id = ?1 AND (?2 IS NULL OR leg_id IN (SELECT leg_id FROM legs WHERE channel_id = ?2))',
    sessionId,
    channelId ?? null,
  );
  store.sql.exec('DELETE FROM legs WHERE leg_id NOT IN (SELECT leg_id FROM leg_uses)');
}

/** The sessions that use the leg of a channel: a call and a recording, say. */
export function sessionsIn(store: GuildStore, channelId: string): string[] {
  return store.sql
    .exec<{ session_id: string }>(
      'SELECT session_id FROM leg_uses JOIN legs USING(leg_id) WHERE channel_id = ?',
      channelId,
    )
    .toArray()
    .map((row) => row.session_id);
}

/** Every session that has a leg in this guild. */
export function sessionsWithLegs(store: GuildStore): string[] {
  return store.sql
    .exec<{ session_id: string }>('SELECT DISTINCT session_id FROM leg_uses')
    .toArray()
    .map((row) => row.session_id);
}

/** The sessions that use an identity in this guild. */
export function sessionsOf(store: GuildStore, identityId: string): string[] {
  return store.sql
    .exec<{ session_id: string }>(
      'SELECT session_id FROM leg_uses JOIN legs USING(leg_id) WHERE identity_id = ?',
      identityId,
    )
    .toArray()
    .map((row) => row.session_id);
}

/** Every channel with the sessions that use its leg. */
export function legsInUse(store: GuildStore): { channelId: string; sessionId: string }[] {
  return store.sql
    .exec<{ channel_id: string; session_id: string }>(
      'SELECT channel_id, session_id FROM leg_uses JOIN legs USING(leg_id) ORDER BY session_id, channel_id',
    )
    .toArray()
    .map((row) => ({ channelId: row.channel_id, sessionId: row.session_id }));
}

/** The channel of a leg that is leased. */
export function channelOfLeg(store: GuildStore, legId: string): string | undefined {
  const sql = 'SELECT channel_id FROM legs WHERE leg_id = ?';
  return store.sql.exec<{ channel_id: string }>(sql, legId).toArray()[0]?.channel_id;
}
