import type { EndReason } from '@patchbay/shared/end-reason';
import type { RelaySide } from '@patchbay/shared/session-spec';
import type { CaptionLine, CaptionPlace, Transcript } from '../captions/place.ts';
import { projectConsent, projectNotices } from '../db/consents.ts';
import { openDb } from '../db/db.ts';
import { projectGuild, projectSettings } from '../db/project.ts';
import {
  captionsOf,
  type Env,
  fleetOf,
  matchmakerOf,
  panelOf,
  recordingOf,
  reportOf,
  sessionOf,
  settingsOf,
} from '../env.ts';
import type { HubItem } from '../hub/items.ts';
import type { PanelPlace } from '../panel/plan.ts';
import type { PanelState } from '../panel/state.ts';
import type { RecordingItem } from '../recording/items.ts';
import type { ReplyHandle, ReportedCall } from '../report/record.ts';
import type { RecordingReport, SessionReport } from '../session/record.ts';
import type { StartRequest } from '../session/start.ts';
import type { GuildBook } from './book.ts';
import type { ForeignCaption } from './captions/events.ts';
import type { SideCaptions } from './captions/sides.ts';
import { HubShards } from './hub-lane.ts';
import { listen } from './monitors.ts';
import type { GuildPrivacy } from './privacy.ts';
import { RECORD_POOL } from './record.ts';
import type { NoticeKind } from './record-store.ts';
import type { Say } from './record-troubles.ts';
import { say } from './say.ts';
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
  /** A recording of one channel alone begins. */
  | { kind: 'record.start'; sessionId: string; channelId: string; limitSeconds: number }
  /** The side of a channel in its call is recorded from now on, until an instant at most (ms), or no longer. */
  | { kind: 'record.side'; channelId: string; on: boolean; until: number | null }
  /** A rule of recording looks for a role: roles have to be asked for. */
  | { kind: 'roles'; userIds: string[] }
  | Say
  | { kind: 'consent'; id: string; userId: string; action: 'optout' | 'optin'; at: number }
  | { kind: 'noticed'; sessionId: string; notice: NoticeKind; userIds: string[]; at: number }
  | { kind: 'panel'; channelId: string; place: PanelPlace; state: PanelState; version: number }
  | { kind: 'panel.forget'; channelId: string }
  /** How a side is captioned from now on. */
  | { kind: 'captions'; channelId: string; captions: SideCaptions }
  /** A session of one channel that is there for its captions. */
  | { kind: 'start'; sessionId: string; channelId: string }
  /** What somebody said here, for the other sides of the call. */
  | { kind: 'caption'; channelId: string; caption: ForeignCaption; at: number }
  | CaptionEffect;

/** What the captions of a channel in Discord are owed. */
type CaptionEffect =
  | { kind: 'captions.begin'; channelId: string; sessionId: string; place: CaptionPlace }
  | { kind: 'captions.line'; channelId: string; line: CaptionLine; place: CaptionPlace }
  | { kind: 'captions.transcript'; channelId: string; transcript: Transcript; place: CaptionPlace };

/**
 * Delivers what is owed in one lane: `hub`, `fleet`, `db`, or that of one thing: `matchmaker:POOL`, `panel:CHANNEL`,
 * `captions:CHANNEL`, `monitor:CHANNEL`, `report:ID`, `recording:SESSION`, `session:ID`, `say:CHANNEL`; `record:CHANNEL` is the guild's own.
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
  if (lane.startsWith('captions:')) {
    await deliverCaptions(env, book, effects);
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
    if (effect.kind === 'record.start') await session?.start(recordingRequest(book.id, effect));
    if (effect.kind === 'record.side') {
      await session?.setRecording(book.id, effect.channelId, effect.on, effect.until);
    }
    if (effect.kind === 'say') await say(env, effect);
    if (effect.kind === 'consent') {
      const { kind: _kind, ...consent } = effect;
      await projectConsent(openDb(env, settingsOf(env)), { guildId: book.id, ...consent });
    }
    if (effect.kind === 'noticed') {
      const { sessionId, notice: kind, userIds, at } = effect;
      await projectNotices(openDb(env, settingsOf(env)), { guildId: book.id, sessionId, kind, at }, userIds);
    }
    if (effect.kind === 'captions') await session?.setCaptions(book.id, effect.channelId, effect.captions);
    if (effect.kind === 'caption') await session?.caption(book.id, effect.channelId, effect.caption, effect.at);
    if (effect.kind === 'start') {
      const { sessionId, channelId } = effect;
      const tickets = [{ ticketId: null, guildId: book.id, channelId }];
      await session?.start({ sessionId, pool: 'captions', mode: 'custom', tickets, purpose: 'captions' });
    }
  }
}

/** One channel alone, there for its recording. */
function recordingRequest(guildId: string, order: Extract<GuildEffect, { kind: 'record.start' }>): StartRequest {
  const { sessionId, channelId, limitSeconds } = order;
  return {
    sessionId,
    pool: RECORD_POOL,
    mode: 'custom',
    tickets: [{ ticketId: null, guildId, channelId }],
    limits: { seconds: limitSeconds, warnSeconds: 0 },
    recordRequired: true,
  };
}

/** In order; words that wait together go in one call. */
async function deliverCaptions(env: Env, book: GuildBook, effects: readonly GuildEffect[]): Promise<void> {
  let parts: { place: CaptionPlace; line: CaptionLine }[] = [];
  for (const [index, effect] of effects.entries()) {
    if (!isCaption(effect)) continue;
    const captions = captionsOf(env, book.id, effect.channelId);
    if (effect.kind === 'captions.begin') await captions.begin(effect.place, effect.sessionId);
    if (effect.kind === 'captions.transcript') await captions.transcript(effect.place, effect.transcript);
    if (effect.kind !== 'captions.line') continue;
    parts.push({ place: effect.place, line: effect.line });
    if (effects[index + 1]?.kind === 'captions.line') continue;
    await captions.say(parts);
    parts = [];
  }
}

const isCaption = (effect: GuildEffect): effect is CaptionEffect => effect.kind.startsWith('captions.');

const isHubItem = (effect: GuildEffect): effect is HubItem =>
  effect.kind === 'hub' || effect.kind === 'access' || effect.kind === 'viewer';
