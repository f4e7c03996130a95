import { type Env, fleetOf, guildOf } from '../env.ts';
import type { NodeCandidate } from '../fleet/placement.ts';
import type { ReserveAnswer } from '../guild/reserving.ts';
import type { Lifecycle } from './lifecycle.ts';
import { move, partnersOf, patchLeg, type SessionLeg, type SessionRecord } from './record.ts';

/** The record, if it is still being placed: others may have ended it while we waited. */
function placing(life: Lifecycle): SessionRecord | null {
  const record = life.store.record();
  return record?.phase.state === 'placing' ? record : null;
}

/** The session ends on the side of the first of these guilds. */
function endedAt(record: SessionRecord, guildIds: ReadonlySet<string>): SessionRecord {
  const endedBy = record.legs.find(({ guildId }) => guildIds.has(guildId))?.key;
  return endedBy === undefined ? record : { ...record, endedBy };
}

const ticketsOf = (legs: readonly SessionLeg[]): string[] => legs.flatMap(({ ticketId }) => ticketId ?? []);

/**
 * Walks a session from requested to connecting: a node, a leg in each channel, the epochs of their identities. What fails is given
 * back. Every call to another object may be repeated, so an interrupted walk starts again at its first step that is missing.
 */
export async function place(env: Env, life: Lifecycle): Promise<void> {
  let record = life.store.record();
  if (record?.phase.state === 'requested') {
    record = move(record, { state: 'placing' });
    life.commit(record);
  }
  if (record?.phase.state !== 'placing') return;
  const { nodes, guildsWithout } = await fleetOf(env).candidates(record.legs.map((leg) => leg.guildId));
  record = placing(life);
  if (!record) return;
  if (nodes.length === 0) {
    const without = new Set(guildsWithout);
    const blamed = ticketsOf(record.legs.filter((leg) => without.has(leg.guildId)));
    life.abort(endedAt(record, without), { kind: 'abort', blamed, gone: [] }, 'no_identity');
    return;
  }
  let refused: { leg: SessionLeg; answer: Extract<ReserveAnswer, { ok: false }> } | undefined;
  for (const node of nodes) {
    const outcome = await reserveAll(env, life, node);
    if (outcome === 'over') return;
    if (outcome === 'placed') {
      await connect(env, life, node.nodeId);
      return;
    }
    refused = outcome;
    // Another node may hold a free identity, or the leg that is there already; gone is gone everywhere.
    if (refused.answer.gone) break;
  }
  record = placing(life);
  if (!record || !refused) return;
  const { answer, leg } = refused;
  const side = ticketsOf([leg]);
  life.abort(
    { ...record, endedBy: leg.key },
    { kind: 'abort', blamed: answer.gone ? [] : side, gone: answer.gone ? side : [] },
    answer.code === 'no_identity' ? 'no_identity' : 'error',
  );
}

/** Reserves every leg on one node. A leg that was reserved for another node is leased anew by its guild. */
async function reserveAll(
  env: Env,
  life: Lifecycle,
  { nodeId, identityIds }: NodeCandidate,
): Promise<'placed' | 'over' | { leg: SessionLeg; answer: Extract<ReserveAnswer, { ok: false }> }> {
  for (const [index, leg] of (placing(life)?.legs ?? []).entries()) {
    if (leg.reservation && identityIds.includes(leg.reservation.identityId)) continue;
    const { guildId, channelId, ticketId, role } = leg;
    const { id: sessionId, purpose } = placing(life) ?? {};
    if (sessionId === undefined) return 'over';
    const answer = await guildOf(env, guildId).reserve({
      sessionId,
      channelId,
      ticketId,
      nodeId,
      identityIds,
      role,
      ...(purpose ? { purpose } : {}),
      partners: partnersOf(placing(life)?.legs ?? [], guildId),
    });
    const record = placing(life);
    if (!record) {
      // Ended meanwhile: the release may have overtaken this reservation, so it is owed once more.
      life.owe(`guild:${guildId}`, { kind: 'release', guildId, stoppedHere: false });
      return 'over';
    }
    if (!answer.ok) return { leg, answer };
    const { ok: _ok, ...reservation } = answer;
    life.commit(patchLeg(record, index, { reservation }));
  }
  return placing(life) ? 'placed' : 'over';
}

async function connect(env: Env, life: Lifecycle, nodeId: string): Promise<void> {
  const identityIds = placing(life)?.legs.flatMap((leg) => leg.reservation?.identityId ?? []) ?? [];
  const placement = await fleetOf(env).place(nodeId, identityIds);
  const record = placing(life);
  if (!record) return;
  if (placement.ok) life.connect(record, nodeId, placement.epochs);
  else life.abort(record, { kind: 'abort', blamed: [], gone: [] }, 'no_identity');
}
