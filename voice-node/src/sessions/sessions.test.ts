/** Specs and registry: what starts, what is refused. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callSpec, SessionsKit, voicePacket } from './sessions-test-kit.ts';

let kit: SessionsKit;
beforeEach(async () => {
  kit = await SessionsKit.open();
});
afterEach(() => kit.close());

test('a spec becomes legs and a bridge; each leg is told as connecting and active', async () => {
  const call = callSpec();
  kit.registry.apply(call);
  await kit.until(() => kit.legs.length === 2);
  for (const leg of kit.legs) leg.set({ kind: 'ready', daveVersion: 1 });
  expect(kit.drafts.map(({ type, guildId }) => `${type} ${guildId}`)).toEqual([
    'session.connecting 1',
    'session.connecting 2',
    'session.active 1',
    'session.active 2',
  ]);
  kit.connectTonesPlayed();
  kit.legs[0]?.hear(voicePacket('7', 1));
  expect(kit.legs[1]?.sent.map(({ opus }) => [...opus])).toEqual([[0x78, 1, 2, 1]]);
  expect(kit.legs[0]?.sent).toEqual([]);
  expect(kit.messages).toEqual([{ v: 1, type: 'session.applied', sessionId: call.id, revision: 1 }]);
});

test('foreign identities and stale epochs are refused; a revoked identity ends its sessions', async () => {
  const call = callSpec();
  const foreign = callSpec({ legs: call.legs.map((leg) => ({ ...leg, identityId: '80' })) });
  kit.registry.apply(foreign);
  expect(kit.messages.at(-1)).toMatchObject({ type: 'session.refused', code: 'no_identity' });
  kit.registry.apply(call);
  await kit.until(() => kit.legs.length === 2);
  await kit.registry.revoke('91', 2);
  expect(kit.ended()).toMatchObject([{ reason: 'node_lost' }, { reason: 'node_lost' }]);
  kit.registry.apply(callSpec());
  expect(kit.messages.at(-1)).toMatchObject({ type: 'session.refused', code: 'epoch_stale' });
});

test('an end that overtakes its apply keeps the session from starting', async () => {
  const call = callSpec();
  await kit.registry.end(call.id, 2, 'command');
  kit.registry.apply(call);
  expect(kit.messages.at(-1)).toMatchObject({ type: 'session.refused', code: 'session_ended' });
  expect(kit.legs).toEqual([]);
});
