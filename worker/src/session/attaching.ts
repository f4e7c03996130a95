import { type Env, fleetOf, guildOf } from '../env.ts';
import { type Refusal, withoutLeg } from './changes.ts';
import type { Lifecycle } from './lifecycle.ts';
import { place } from './placing.ts';
import { isPlaced, partnersOf, patchLeg, type SessionLeg } from './record.ts';

/** Places a session that is on its way, and lets legs join that wait for it; answers why legs were refused, by their key. */
export async function walkOn(env: Env, life: Lifecycle): Promise<Map<string, Refusal>> {
  try {
    await place(env, life);
    return await attachWaiting(env, life);
  } catch (error) {
    // An unreachable object: the deadline tries again, and the claim's expiry gives up in the end.
    console.error('session: cannot be placed yet', error);
    return new Map();
  }
}

/** The first leg that wants to join a running session and has no lease yet. */
function nextWaiting(life: Lifecycle): { leg: SessionLeg; nodeId: string; sessionId: string } | null {
  const record = life.store.record();
  if (!record || !isPlaced(record) || record.nodeId === undefined) return null;
  const leg = record.legs.find(({ state }) => state === 'requested');
  return leg ? { leg, nodeId: record.nodeId, sessionId: record.id } : null;
}

/**
 * Leases the legs that want to join and tells the node of them, one after the other. The wish is stored, every call may be
 * repeated: an interrupted walk goes on at the alarm. Answers why legs were refused, by their key.
 */
async function attachWaiting(env: Env, life: Lifecycle): Promise<Map<string, Refusal>> {
  const refused = new Map<string, Refusal>();
  for (let next = nextWaiting(life); next; next = nextWaiting(life)) {
    const { leg, nodeId, sessionId } = next;
    const { guildId, channelId, role, key } = leg;
    const identityIds = await fleetOf(env).identitiesOf(nodeId);
    const answer = await guildOf(env, guildId).reserve({
      sessionId,
      channelId,
      ticketId: null,
      nodeId,
      identityIds,
      role,
      partners: partnersOf(life.store.record()?.legs ?? [], guildId),
    });
    const placement = answer.ok ? await fleetOf(env).place(nodeId, [answer.identityId]) : null;
    const record = life.store.record();
    const index = record?.legs.findIndex((each) => each.key === key) ?? -1;
    if (!record || !isPlaced(record) || index < 0) {
      // Ended, or taken back, while we waited. What a monitor's people asked for, their guild knows itself.
      const reason = role === 'monitor' ? 'user_left' : 'command';
      life.owe(`guild:${guildId}`, { kind: 'legOver', guildId, channelId, reason });
      continue;
    }
    const epoch = answer.ok && placement?.ok ? placement.epochs[answer.identityId] : undefined;
    if (!answer.ok || epoch === undefined) {
      const message = answer.ok ? 'The voice node of this call is away. Try again in a moment.' : answer.message;
      refused.set(key, { ok: false, code: answer.ok ? 'node_away' : answer.code, message });
      if (answer.ok) life.owe(`guild:${guildId}`, { kind: 'legOver', guildId, channelId, reason: 'error' });
      life.commit(withoutLeg(record, key, undefined));
      continue;
    }
    const { ok: _ok, ...reservation } = answer;
    life.revise(patchLeg(record, index, { reservation, epoch, state: 'connecting' }));
  }
  return refused;
}
