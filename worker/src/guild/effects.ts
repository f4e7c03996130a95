import type { EndReason } from '@patchbay/shared/end-reason';
import type { RelaySide } from '@patchbay/shared/session-spec';
import { openDb } from '../db/db.ts';
import { projectGuild, projectSettings } from '../db/project.ts';
import { type Env, fleetOf, matchmakerOf, panelOf, recordingOf, reportOf, sessionOf, settingsOf } from '../env.ts';
import type { HubItem } from '../hub/items.ts';
import type { PanelPlace } from '../panel/plan.ts';
import type { PanelState } from '../panel/state.ts';
import type { RecordingItem } from '../recording/items.ts';
import type { ReplyHandle, ReportedCall } from '../report/record.ts';
import type { RecordingReport, SessionReport } from '../session/record.ts';
import type { GuildBook } from './book.ts';
import { HubShards } from './hub-lane.ts';
import { listen } from './monitors.ts';
import type { GuildPrivacy } from './privacy.ts';
import type { StoredSettings } from './settings.ts';
import type { GuildTicket } from './ticket.ts';

/** What a guild owes to other objects and to the database; each is idempotent. */
export type GuildEffect =
  | { kind: 'enqueue'; ticket: GuildTicket }
  | { kind: 'withdraw'; pool: string; ticketId: string }
  | HubItem
  | { kind: 'leg'; event: SessionReport }
  | { kind: 'recording'; event: RecordingReport }
  | { kind: 'recorded'; item: RecordingItem }
  | { kind: 'occupancy'; channelId: string; humans: number }
  | { kind: 'relay'; channelId: string; relay: RelaySide | null }
  | { kind: 'stop'; reason: EndReason; channelId?: string }
  /** The side of a channel leaves; what is left of the session goes on. */
  | { kind: 'detach'; reason: EndReason; channelId: string }
  /** A monitor wishes to listen to the oldest call that permits it. */
  | { kind: 'listen'; channelId: string }
  | { kind: 'identity'; identityId: string; member: boolean }
  | { kind: 'project'; name: string; at: number }
  /** `settings: null`: nothing is set any more. */
  | { kind: 'settings'; channelId: string; settings: StoredSettings | null; at: number }
  | { kind: 'report'; call: ReportedCall; sealing: boolean; reply?: ReplyHandle }
  | { kind: 'privacy'; privacy: GuildPrivacy }
  | { kind: 'panel'; channelId: string; place: PanelPlace; state: PanelState; version: number }
  | { kind: 'panel.forget'; channelId: string };

/**
 * Delivers what is owed in one lane: `hub`, `fleet`, `db`, or that of one thing: `matchmaker:POOL`, `panel:CHANNEL`,
 * `monitor:CHANNEL`, `report:ID`, `recording:SESSION`, `session:ID`.
 */
export async function deliver(env: Env, book: GuildBook, lane: string, effects: GuildEffect[]): Promise<void> {
  if (lane === 'hub') {
    await new HubShards(book, env).publish(effects.filter((effect) => isHubItem(effect)));
    return;
  }
  if (lane.startsWith('monitor:')) {
    // However often it was wished for: one look at what runs now answers it.
    await listen(book, env, lane.slice('monitor:'.length));
    return;
  }
  if (lane.startsWith('recording:')) {
    const items = effects.flatMap((effect) => (effect.kind === 'recorded' ? [effect.item] : []));
    await recordingOf(env, lane.slice('recording:'.length)).take(items);
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
    if (effect.kind === 'relay') await session?.setRelay(book.id, effect.channelId, effect.relay);
    if (effect.kind === 'stop') await session?.stop(effect.reason, book.id, effect.channelId);
    if (effect.kind === 'detach') await session?.detachChannel(book.id, effect.channelId, effect.reason);
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
    if (effect.kind === 'report') {
      const { call, sealing, reply } = effect;
      await reportOf(env, call.reportId).open(call, { sealing, reply });
    }
    if (effect.kind === 'privacy') await session?.setPrivacy(book.id, effect.privacy);
  }
}

const isHubItem = (effect: GuildEffect): effect is HubItem =>
  effect.kind === 'hub' || effect.kind === 'access' || effect.kind === 'viewer';
