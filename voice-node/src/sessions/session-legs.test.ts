/** Legs of sessions: shared, joining, leaving, lost. */
import { fullMatrix } from '@patchbay/shared/routing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callSpec, conferenceSpec, SessionsKit, voicePacket } from './sessions-test-kit.ts';

let kit: SessionsKit;
beforeEach(async () => {
  kit = await SessionsKit.open();
});
afterEach(() => kit.close());

test('two sessions share a leg; it closes with its last user', async () => {
  const call = callSpec();
  const [first] = call.legs;
  if (!first) throw new Error('no leg');
  kit.registry.apply(call);
  const recording = callSpec({ legs: [first], routes: [] });
  kit.registry.apply(recording);
  await kit.until(() => kit.drafts.length === 3 && kit.legs.length === 2);
  await kit.registry.end(call.id, 2, 'command');
  expect(kit.order.filter((entry) => entry.startsWith('closed'))).toEqual(['closed 2']);
  await kit.registry.end(recording.id, 2, 'command');
  expect(kit.order.filter((entry) => entry.startsWith('closed'))).toEqual(['closed 2', 'closed 1']);
});

test('a newer revision takes a leg away and leaves the other untouched; an older one changes nothing', async () => {
  const call = callSpec();
  kit.registry.apply(call);
  await kit.until(() => kit.legs.length === 2);
  const [first] = call.legs;
  if (!first) throw new Error('no leg');
  kit.registry.apply({ ...call, revision: 3, legs: [first], routes: [] });
  await kit.until(() => kit.order.includes('closed 2'));
  kit.registry.apply({ ...call, revision: 2 });
  expect(kit.registry.running).toEqual([{ sessionId: call.id, revision: 3 }]);
  expect(kit.legs).toHaveLength(2);
  expect(kit.order).not.toContain('closed 1');
});

test('a leg that is lost before its session gets it ends the session; nothing is bridged or recorded any more', async () => {
  kit.lostGuilds.add('2');
  const call = callSpec();
  kit.registry.apply({ ...call, record: { legs: call.legs.map(({ legId }) => legId) }, optedOut: [] });
  await kit.until(() => kit.ended().length === 2);
  expect(kit.order.filter((step) => step.startsWith('nick'))).toEqual([]);
  expect(kit.legs.map((leg) => leg.heardBy.size)).toEqual([0, 0]);
  expect(kit.registry.running).toEqual([]);
});

test('packets of a leg that goes on for another session reach nobody of the one that ended', async () => {
  const [one, other] = [callSpec(), callSpec()];
  kit.registry.apply(one);
  kit.registry.apply(other);
  await kit.until(() => kit.legs.length === 2);
  await new Promise<void>((resolve) => setImmediate(resolve));
  kit.legs[0]?.hear(voicePacket('7', 1));
  expect(kit.legs[1]?.sent).toHaveLength(2);
  await kit.registry.end(one.id, 2, 'command');
  kit.legs[0]?.hear(voicePacket('7', 2));
  expect(kit.legs[1]?.sent).toHaveLength(3);
  expect(kit.legs[0]?.heardBy.size).toBe(1);
});

test('audio goes on over a revision that adds a leg: not a packet is lost or repeated', async () => {
  const three = conferenceSpec();
  const two = { ...three, revision: 1, legs: three.legs.slice(0, 2) };
  kit.registry.apply({ ...two, routes: fullMatrix(two.legs.map(({ legId }) => legId)) });
  await kit.until(() => kit.legs.length === 2);
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (let sequence = 1; sequence <= 5; sequence += 1) kit.legs[0]?.hear(voicePacket('7', sequence));
  kit.registry.apply(three);
  await kit.until(() => kit.legs.length === 3);
  kit.legs[0]?.hear(voicePacket('7', 6));
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (let sequence = 7; sequence <= 10; sequence += 1) kit.legs[0]?.hear(voicePacket('7', sequence));
  const said = (index: number) => kit.legs[index]?.sent.map(({ opus }) => opus[3]);
  expect(said(1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(said(2)?.slice(-4)).toEqual([7, 8, 9, 10]);
  expect(kit.order.filter((step) => step.startsWith('closed'))).toEqual([]);
});

test('of three legs one is lost: the others go on, and an older spec does not bring it back', async () => {
  const three = conferenceSpec();
  kit.registry.apply(three);
  await kit.until(() => kit.legs.length === 3);
  kit.legs[2]?.set({ kind: 'closed', reason: 'bot_moved' });
  await kit.until(() => kit.drafts.some(({ type }) => type === 'session.ended'));
  expect(kit.ended()).toMatchObject([{ guildId: '3', reason: 'bot_moved', goesOn: true, by: three.legs[2]?.legId }]);
  kit.registry.apply({ ...three, revision: 3 });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(kit.legs).toHaveLength(3);
  kit.legs[0]?.hear(voicePacket('7', 1));
  expect(kit.legs[1]?.sent).toHaveLength(1);
  kit.legs[1]?.set({ kind: 'closed', reason: 'bot_removed' });
  await kit.until(() => kit.ended().length === 3);
  expect(kit.registry.running).toEqual([]);
});
