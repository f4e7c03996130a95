import { type Env, fleetOf, guildOf } from '../env.ts';
import type { Lifecycle } from './lifecycle.ts';
import { move, patchLeg, type SessionRecord } from './record.ts';

/** The record, if it is still being placed: others may have ended it while we waited. */
function placing(life: Lifecycle): SessionRecord | null {
  const record = life.store.record();
  return record?.phase.state === 'placing' ? record : null;
}

/**
 * Walks a session from requested to connecting: a node, a leg in each guild, the epochs of their identities. What fails is given
 * back. Every call to another object may be repeated, so an interrupted walk starts again at its first step that is missing.
 */
export async function place(env: Env, life: Lifecycle): Promise<void> {
  let record = life.store.record();
  if (record?.phase.state === 'requested') {
    record = move(record, { state: 'placing' });
    life.commit(record);
  }
  if (record?.phase.state !== 'placing') return;
  const guildIds = record.legs.map((leg) => leg.guildId);
  const candidates = await fleetOf(env).candidates(guildIds);
  record = placing(life);
  if (!record) return;
  const [nodeId] = candidates.nodeIds;
  if (nodeId === undefined) {
    const without = new Set(candidates.guildsWithout);
    const blamed = record.legs.filter((leg) => without.has(leg.guildId)).map((leg) => leg.ticketId);
    life.abort(record, { kind: 'abort', blamed, gone: [] }, 'no_identity');
    return;
  }
  for (const [index, leg] of record.legs.entries()) {
    if (leg.reservation) continue;
    const sessionId = record.id;
    const { guildId, channelId, ticketId } = leg;
    const partners = guildIds.filter((each) => each !== guildId);
    const answer = await guildOf(env, guildId).reserve({ sessionId, channelId, ticketId, nodeId, partners });
    record = placing(life);
    if (!record) {
      // Ended meanwhile: the release may have overtaken this reservation, so it is owed once more.
      life.outbox.add(`guild:${guildId}`, { kind: 'release', guildId, stoppedHere: false });
      void life.deadlines.arm();
      life.outbox.kick();
      return;
    }
    if (!answer.ok) {
      const side = [ticketId];
      life.abort(
        record,
        { kind: 'abort', blamed: answer.gone ? [] : side, gone: answer.gone ? side : [] },
        answer.code === 'no_identity' ? 'no_identity' : 'error',
      );
      return;
    }
    const { legId, identityId, guildName, record: mayRecord, limits } = answer;
    record = patchLeg(record, index, { reservation: { legId, identityId, guildName, record: mayRecord, limits } });
    life.commit(record);
  }
  const identityIds = record.legs.flatMap((leg) => (leg.reservation ? [leg.reservation.identityId] : []));
  const placement = await fleetOf(env).place(nodeId, identityIds);
  record = placing(life);
  if (!record) return;
  if (!placement.ok) {
    life.abort(record, { kind: 'abort', blamed: [], gone: [] }, 'no_identity');
    return;
  }
  life.connect(record, nodeId, placement.epochs);
}
