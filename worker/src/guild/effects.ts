import type { EndReason } from '@patchbay/shared/end-reason';
import { openDb } from '../db/db.ts';
import { projectGuild, projectReport, projectSettings } from '../db/project.ts';
import { type Env, fleetOf, matchmakerOf, panelOf, sessionOf, settingsOf } from '../env.ts';
import type { HubItem } from '../hub/items.ts';
import type { PanelPlace } from '../panel/plan.ts';
import type { PanelState } from '../panel/state.ts';
import type { RecordingReport, SessionReport } from '../session/record.ts';
import type { GuildBook } from './book.ts';
import { HubShards } from './hub-lane.ts';
import type { Report } from './reports.ts';
import type { StoredSettings } from './settings.ts';
import type { GuildTicket } from './ticket.ts';

/** What a guild owes to other objects and to the database; each is idempotent. */
export type GuildEffect =
  | { kind: 'enqueue'; ticket: GuildTicket }
  | { kind: 'withdraw'; pool: string; ticketId: string }
  | HubItem
  | { kind: 'leg'; event: SessionReport }
  | { kind: 'recording'; event: RecordingReport }
  | { kind: 'occupancy'; channelId: string; humans: number }
  | { kind: 'stop'; reason: EndReason; channelId?: string }
  | { kind: 'identity'; identityId: string; member: boolean }
  | { kind: 'project'; name: string; at: number }
  /** `settings: null`: nothing is set any more. */
  | { kind: 'settings'; channelId: string; settings: StoredSettings | null; at: number }
  | { kind: 'report'; report: Report }
  | { kind: 'panel'; channelId: string; place: PanelPlace; state: PanelState; version: number }
  | { kind: 'panel.forget'; channelId: string };

/** Delivers what is owed in one lane: `hub`, `fleet`, `db`, `matchmaker:POOL`, `panel:CHANNEL` or `session:ID`. */
export async function deliver(env: Env, book: GuildBook, lane: string, effects: GuildEffect[]): Promise<void> {
  if (lane === 'hub') {
    await new HubShards(book, env).publish(effects.filter((effect) => isHubItem(effect)));
    return;
  }
  const session = lane.startsWith('session:') ? sessionOf(env, lane.slice('session:'.length)) : null;
  for (const effect of effects) {
    if (effect.kind === 'enqueue') {
      await matchmakerOf(env, effect.ticket.pool).enqueue(effect.ticket.pool, effect.ticket);
    }
    if (effect.kind === 'withdraw') await matchmakerOf(env, effect.pool).withdraw(effect.ticketId);
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
    if (effect.kind === 'settings') {
      await projectSettings(openDb(env, settingsOf(env)), book.id, effect.channelId, effect.settings, effect.at);
    }
    if (effect.kind === 'panel') {
      await panelOf(env, book.id, effect.channelId).show(effect.place, effect.state, effect.version);
    }
    if (effect.kind === 'panel.forget') await panelOf(env, book.id, effect.channelId).forget();
    if (effect.kind === 'report') await projectReport(openDb(env, settingsOf(env)), effect.report);
  }
}

const isHubItem = (effect: GuildEffect): effect is HubItem =>
  effect.kind === 'hub' || effect.kind === 'access' || effect.kind === 'viewer';
