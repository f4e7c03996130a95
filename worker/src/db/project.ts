import { and, eq, sql } from 'drizzle-orm';
import type { StoredSettings } from '../guild/settings.ts';
import type { SessionRecord } from '../session/record.ts';
import type { Db } from './db.ts';
import { guilds, legs, sessions, settings } from './schema.ts';

const excluded = (column: string) => sql.raw(`excluded.${column}`);

/** Writes a session as it is now, with its legs. Its chunks are written with what is kept of its recording. Idempotent. */
export async function projectSession(db: Db, record: SessionRecord): Promise<void> {
  const { phase } = record;
  const over = phase.state === 'ended' || phase.state === 'ending';
  const session = {
    id: record.id,
    mode: record.mode,
    state: phase.state,
    endReason: over ? phase.reason : null,
    nodeId: record.nodeId ?? null,
    requestedAt: record.requestedAt,
    timeZero: record.timeZero ?? null,
    endedAt: phase.state === 'ended' ? phase.at : null,
    recording: record.recordingStarted,
  };
  const { id: _id, ...changes } = session;
  await db.batch([
    db.insert(sessions).values(session).onConflictDoUpdate({ target: sessions.id, set: changes }),
    ...[...record.past, ...record.legs].map((leg) => {
      const values = {
        legId: leg.reservation?.legId ?? null,
        identityId: leg.reservation?.identityId ?? null,
        state: leg.state,
        daveVersion: leg.daveVersion ?? null,
      };
      return db
        .insert(legs)
        .values({ sessionId: record.id, guildId: leg.guildId, channelId: leg.channelId, ...values })
        .onConflictDoUpdate({ target: [legs.sessionId, legs.guildId, legs.channelId], set: values });
    }),
  ]);
}

/** Keeps a guild's name for lists. */
export async function projectGuild(db: Db, id: string, name: string, at: number): Promise<void> {
  await db
    .insert(guilds)
    .values({ id, name, updatedAt: Math.round(at) })
    .onConflictDoUpdate({ target: guilds.id, set: { name: excluded('name'), updatedAt: excluded('updated_at') } });
}

/** Keeps what is set up for a channel (an empty id: a server's defaults); `null` = nothing any more. Idempotent. */
export async function projectSettings(
  db: Db,
  guildId: string,
  channelId: string,
  body: StoredSettings | null,
  at: number,
): Promise<void> {
  if (body === null) {
    await db.delete(settings).where(and(eq(settings.guildId, guildId), eq(settings.channelId, channelId)));
    return;
  }
  await db
    .insert(settings)
    .values({ guildId, channelId, body, updatedAt: at })
    .onConflictDoUpdate({
      target: [settings.guildId, settings.channelId],
      set: { body: excluded('body'), updatedAt: excluded('updated_at') },
    });
}
