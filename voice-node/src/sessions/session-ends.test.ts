/** Ends of sessions: their reasons, and who is told what. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { now } from '../ops/clock.ts';
import { callSpec, SessionsKit } from './sessions-test-kit.ts';

let kit: SessionsKit;
beforeEach(async () => {
  kit = await SessionsKit.open();
});
afterEach(() => kit.close());

test('a kicked bot ends the session with its reason, on every leg; a tombstone stays until acknowledged', async () => {
  const call = callSpec();
  kit.registry.apply(call);
  await kit.until(() => kit.legs.length === 2);
  kit.legs[0]?.set({ kind: 'closed', reason: 'bot_removed' });
  await kit.until(() => kit.ended().length === 2);
  expect(kit.ended()).toMatchObject([
    { guildId: '1', reason: 'bot_removed' },
    { guildId: '2', reason: 'bot_removed' },
  ]);
  expect(kit.registry.running).toEqual([]);
  expect(kit.registry.tombstones).toMatchObject([{ sessionId: call.id, reason: 'bot_removed' }]);
  kit.registry.apply({ ...call, revision: 2 });
  expect(kit.messages.at(-1)).toMatchObject({ type: 'session.refused', code: 'session_ended' });
  await kit.registry.acknowledge([call.id]);
  expect(kit.registry.tombstones).toEqual([]);
});

test('the time limit ends the session', async () => {
  kit.registry.apply(callSpec({ timeZero: now() - 10_000, limits: { seconds: 10 } }));
  await kit.until(() => kit.drafts.some((draft) => draft.type === 'session.ended' && draft.reason === 'timeout'));
  expect(kit.registry.running).toEqual([]);
});

test('each side is told why, in its own words', async () => {
  const call = callSpec();
  kit.registry.apply(call);
  await kit.until(() => kit.legs.length === 2);
  await kit.registry.end(call.id, 2, 'user_left', call.legs[0]?.legId);
  expect(kit.said).toEqual([
    '1: The call ended: everybody left this side.',
    '2: The call ended: everybody left the other side.',
  ]);
});

test('a revoked identity is given up silently: its legs say nothing to Discord, and nobody is told by the old owner', async () => {
  const call = callSpec();
  kit.registry.apply(call);
  await kit.until(() => kit.legs.length === 2);
  await kit.registry.revoke('91', 2);
  expect(kit.order.filter((step) => /abandoned|closed/.test(step))).toEqual(['abandoned 1', 'closed 2']);
  expect(kit.said).toEqual([]);
});

test('the legs of a session are warned before its end, once', async () => {
  kit.registry.apply(callSpec({ timeZero: now() - 9_000, limits: { seconds: 9.2, warnSeconds: 0.15 } }));
  await kit.until(() => kit.drafts.some((draft) => draft.type === 'session.ended'));
  expect(kit.drafts.map(({ type }) => type).filter((type) => /warning|ended/.test(type))).toEqual([
    'session.warning',
    'session.warning',
    'session.ended',
    'session.ended',
  ]);
});
