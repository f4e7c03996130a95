/** What a session does when its node tells of its legs and its end, and when its own time is over. */
import type { EndReason } from '@patchbay/shared/end-reason';
import type { Lifecycle } from './lifecycle.ts';
import { isLive, keyOf, legReported, type SessionReport } from './record.ts';

/** Of the legs in one guild, in order. */
export function legsReported(life: Lifecycle, events: readonly SessionReport[]): void {
  for (const event of events) {
    const record = life.store.record();
    if (!record || record.phase.state === 'ended') continue;
    const key = keyOf(record, event.legId);
    const gone = event.type === 'session.ended' && record.past.find((leg) => leg.key === key);
    if (gone && !record.legs.some((leg) => leg.key === key)) {
      const { guildId, channelId } = gone;
      const reason = gone.endReason ?? event.reason;
      life.owe(`guild:${guildId}`, { kind: 'legOver', guildId, channelId, reason });
      continue;
    }
    const next = legReported(record, event);
    if (next === record) continue;
    const leg = next.legs.find((each) => each.key === key);
    if (next.legs.every((each) => each.state === 'ended')) life.finish(next, life.reasonOf(next, 'error'));
    else if (event.type === 'session.ended' && isLive(next)) {
      if (event.goesOn && leg) life.drop(next, leg.key, event.reason, true);
      else life.end(next, event.reason);
    } else if (event.type === 'session.active' && leg?.replaces) {
      life.drop(next, leg.replaces, 'command');
    } else {
      if (next.phase.state === 'active') life.deadlines.clear('connecting');
      life.commit(next);
    }
  }
}

/** The fleet gave the node up. */
export function nodeLost(life: Lifecycle): void {
  const record = life.store.record();
  if (record && record.phase.state !== 'ended') life.finish(record, life.reasonOf(record, 'node_lost'));
}

/** The node will not run it. */
export function nodeRefused(life: Lifecycle, code: string, message: string): void {
  const record = life.store.record();
  if (!record || record.phase.state === 'ended') return;
  console.error(`session ${record.id}: refused by its node with ${code}: ${message}`);
  life.finish(record, life.reasonOf(record, code === 'no_identity' ? 'no_identity' : 'error'));
}

/** The node ended it as a whole; `by`: the leg on whose side it came up. */
export function nodeEnded(life: Lifecycle, reason: EndReason, by?: string): void {
  const record = life.store.record();
  if (!record || record.phase.state === 'ended') return;
  const endedBy = record.endedBy ?? keyOf(record, by);
  life.finish(endedBy ? { ...record, endedBy } : record, life.reasonOf(record, reason));
}

/** So many people are in the channel of a leg: without any, its grace begins. */
export function occupied(
  { store, deadlines, settings }: Lifecycle,
  { guildId, channelId }: { guildId: string; channelId: string },
  humans: number,
): void {
  const record = store.record();
  if (!record || !isLive(record)) return;
  const name = `empty:${guildId}:${channelId}`;
  if (humans > 0) deadlines.clear(name);
  else deadlines.setOnce(name, Date.now() + settings.END_GRACE_MS);
  void deadlines.arm();
}

/** One of its deadlines has come. */
export function deadlinePassed(life: Lifecycle, name: string): void {
  const record = life.store.record();
  if (!record) return;
  if (name === 'connecting' && record.phase.state === 'connecting') life.end(record, 'error');
  if (name === 'ending' && record.phase.state === 'ending') life.finish(record, record.phase.reason);
  if (name === 'limit' && isLive(record)) life.end(record, 'timeout');
  if (name.startsWith('empty:') && isLive(record)) life.empty(record, name);
  if (name.startsWith('record:') && isLive(record)) life.recordingTimedOut(record, name);
}
