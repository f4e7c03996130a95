import type { EndReason } from '@patchbay/shared/end-reason';
import { openDb } from '../db/db.ts';
import { projectGuild } from '../db/project.ts';
import { type Env, fleetOf, hubOf, matchmakerOf, sessionOf, settingsOf } from '../env.ts';
import type { AnyHubEvent } from '../hub/visibility.ts';
import type { Ticket } from '../matchmaker/policy.ts';
import type { RecordingReport, SessionReport } from '../session/record.ts';
import type { GuildBook } from './book.ts';

/** Tickets of all guilds wait in this pool until pools become a setting. */
export const POOL = 'default';

/** What a guild owes to other objects and to the database; each is idempotent. */
export type GuildEffect =
  | { kind: 'enqueue'; ticket: Ticket }
  | { kind: 'withdraw'; ticketId: string }
  | { kind: 'hub'; event: AnyHubEvent }
  | { kind: 'leg'; event: SessionReport }
  | { kind: 'recording'; event: RecordingReport }
  | { kind: 'occupancy'; channelId: string; humans: number }
  | { kind: 'stop'; reason: EndReason; channelId?: string }
  | { kind: 'identity'; identityId: string; member: boolean }
  | { kind: 'project'; name: string; at: number };

/** Delivers what is owed in one lane: `hub`, `matchmaker`, `fleet`, `db` or `session:ID`. */
export async function deliver(env: Env, book: GuildBook, lane: string, effects: GuildEffect[]): Promise<void> {
  if (lane === 'hub') {
    const events = effects.flatMap((effect) => (effect.kind === 'hub' ? [effect.event] : []));
    await hubOf(env, book.id).publish(book.store.meta('epoch') ?? '', events);
    return;
  }
  const session = lane.startsWith('session:') ? sessionOf(env, lane.slice('session:'.length)) : null;
  for (const effect of effects) {
    if (effect.kind === 'enqueue') await matchmakerOf(env, POOL).enqueue(POOL, effect.ticket);
    if (effect.kind === 'withdraw') await matchmakerOf(env, POOL).withdraw(effect.ticketId);
    if (effect.kind === 'leg') await session?.legEvents([effect.event]);
    if (effect.kind === 'recording') await session?.recordingEvents([effect.event]);
    if (effect.kind === 'occupancy') await session?.occupancy(book.id, effect.channelId, effect.humans);
    if (effect.kind === 'stop') await session?.stop(effect.reason, book.id, effect.channelId);
    if (effect.kind === 'identity') {
      await fleetOf(env).setMember(book.id, effect.identityId, effect.member);
    }
    if (effect.kind === 'project') {
      await projectGuild(openDb(env, settingsOf(env)), book.id, effect.name, effect.at);
    }
  }
}
