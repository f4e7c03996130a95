import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import { SEALED_MS } from '@patchbay/shared/sealed-report';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import type { Transcript } from '../captions/place.ts';
import { openDb } from '../db/db.ts';
import { projectSession } from '../db/project.ts';
import { type Env, fleetOf, guildOf, matchmakerOf, recordingOf, reportOf, settingsOf } from '../env.ts';
import type { ForeignCaption } from '../guild/captions/events.ts';
import type { Outcome } from '../matchmaker/policy.ts';
import type { SealOutcome } from '../report/record.ts';
import type { SessionRecord } from './record.ts';
import { failed, type SealRequest } from './seals.ts';
import type { SessionStore } from './store.ts';
import { viewFor } from './view.ts';

/** What a session owes to others; each is idempotent. */
export type SessionEffect =
  | { kind: 'settle'; pool: string; outcome: Outcome }
  /** `unserved`: channels of the guild for which there was no bot account. */
  | { kind: 'release'; guildId: string; stoppedHere: boolean; unserved?: string[]; reason?: EndReason }
  | { kind: 'view'; guildId: string }
  /** One leg of a session is over, the others go on. */
  | { kind: 'legOver'; guildId: string; channelId: string; reason: EndReason }
  | { kind: 'over'; guildId: string; reason: EndReason; stoppedHere: boolean }
  /** The side of a channel is not recorded any longer: its time is over, the call goes on. */
  | { kind: 'recordingOver'; guildId: string; channelId: string }
  | { kind: 'apply'; nodeId: string; spec: SessionSpec }
  | { kind: 'end'; reason: EndReason; by?: string }
  | { kind: 'forget' }
  | ({ kind: 'seal' } & SealRequest)
  /** What somebody said on another side that a channel of the guild hears. */
  | { kind: 'caption'; guildId: string; channelId: string; caption: ForeignCaption; at: number }
  | { kind: 'transcript'; guildId: string; channelId: string; transcript: Transcript }
  | { kind: 'report'; reportId: string; outcome: SealOutcome }
  | { kind: 'project' }
  /** What is kept of its recording has to know how it stands. */
  | { kind: 'recorded' };

/** Delivers what is owed in one lane, in order. */
export async function deliver(env: Env, store: SessionStore, effects: SessionEffect[]): Promise<void> {
  const record = store.record();
  // A report of a session that lost its storage, or never was, is answered all the same.
  for (const each of effects) if (each.kind === 'report') await reportOf(env, each.reportId).settle(each.outcome);
  if (effects.every(({ kind }) => kind === 'report')) return;
  if (!record) throw new PatchbayError('session_missing', 'An effect is owed by a session that does not exist.');
  // Views and projections always show the newest state: the last of a run is enough.
  const owed = effects.filter(
    (effect, at) =>
      (effect.kind !== 'view' && effect.kind !== 'project' && effect.kind !== 'recorded') ||
      !effects.slice(at + 1).some((e) => e.kind === effect.kind),
  );
  for (const effect of owed) await send(env, store, record, effect);
}

async function send(env: Env, store: SessionStore, record: SessionRecord, effect: SessionEffect): Promise<void> {
  switch (effect.kind) {
    case 'settle':
      return matchmakerOf(env, effect.pool).settle(record.id, effect.outcome);
    case 'release':
      return guildOf(env, effect.guildId).release(record.id, effect.stoppedHere, effect.unserved, effect.reason);
    case 'view':
      return guildOf(env, effect.guildId).sessionChanged(viewFor(record, effect.guildId, store.chunks()));
    case 'legOver':
      return guildOf(env, effect.guildId).legOver(record.id, effect.channelId, effect.reason);
    case 'over':
      return guildOf(env, effect.guildId).sessionOver(record.id, effect.reason, effect.stoppedHere);
    case 'recordingOver':
      return guildOf(env, effect.guildId).recordingOver(record.id, effect.channelId, 'timeout');
    case 'apply':
      return fleetOf(env).apply(effect.nodeId, effect.spec);
    case 'end':
      return fleetOf(env).end(record.id, effect.reason, effect.by);
    case 'forget':
      return fleetOf(env).forget(record.id);
    case 'seal':
      return orderSeal(env, store, record, effect);
    case 'caption':
      return guildOf(env, effect.guildId).foreignCaption(effect.channelId, effect.caption, effect.at);
    case 'transcript':
      return guildOf(env, effect.guildId).transcriptStored(effect.channelId, effect.transcript);
    case 'report':
      return;
    case 'project':
      return projectSession(openDb(env, settingsOf(env)), record);
    case 'recorded': {
      const { id: sessionId, mode, timeZero, phase, notes = [] } = record;
      const ended = phase.state === 'ended' ? { at: phase.at, reason: phase.reason } : null;
      return recordingOf(env, sessionId).session({ sessionId, mode, timeZero, ended, notes });
    }
  }
}

/** Tells the node to seal. What it did not hear at once is not worth hearing later: the ten seconds would be others. */
async function orderSeal(env: Env, store: SessionStore, record: SessionRecord, request: SealRequest): Promise<void> {
  const { reportId, guildId, userId, at } = request;
  const late = Date.now() - at > SEALED_MS;
  const order = { v: 1, type: 'session.seal', sessionId: record.id, reportId, guildId, userId, at } as const;
  if (!late && (await fleetOf(env).seal(order))) return;
  const outcome = failed('node_away', 'The voice node of this call could not be reached in time.');
  const known = store.seals().find(({ sealId }) => sealId === reportId);
  if (known) store.putSeal({ ...known, outcome });
  for (const member of known?.members ?? [reportId]) await reportOf(env, member).settle(outcome);
}
