/** What is set on a session's bridge and what it plays: volumes, holds, connect and end tones. Judged by ear. */
import { ulid } from 'ulid';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SILENCE_FRAME } from '../audio/packet.ts';
import { tones } from '../audio/tones/tones.ts';
import { amplitudeAt, decodeTimeline, toneFrames } from '../bridge/test-legs.ts';
import type { FakeLeg } from './fake-leg.ts';
import { FAREWELL_MS } from './farewell.ts';
import { callSpec, conferenceSpec, SessionsKit, voicePacket } from './sessions-test-kit.ts';

let kit: SessionsKit;
beforeEach(async () => {
  kit = await SessionsKit.open();
});
afterEach(() => kit.close());

const decibels = (ratio: number) => 20 * Math.log10(ratio);
/** Level of a frequency between two instants of what a leg was sent, relative to an amplitude of 16 bits. */
function level(leg: FakeLeg | undefined, hertz: number, fromMs: number, toMs: number, amplitude = 8000): number {
  const timeline = decodeTimeline(leg?.sent ?? []);
  return decibels(amplitudeAt(timeline.subarray(fromMs * 48, toMs * 48), hertz) / (amplitude / 32_768));
}
const sounds = (leg: FakeLeg | undefined) => leg?.sent.filter(({ opus }) => opus.length > 3).length ?? 0;

let sequence = 100;
/** Somebody of a leg says a tone of two seconds, on its 20 ms each. */
function say(leg: FakeLeg | undefined, userId: string): void {
  for (const opus of [...toneFrames(500, 100), ...Array<Uint8Array>(5).fill(SILENCE_FRAME)]) {
    leg?.hear(voicePacket(userId, sequence, opus, kit.time.now()));
    sequence += 1;
    kit.time.runUntil(kit.time.now() + 20);
  }
  kit.time.runUntil(kit.time.now() + 500);
}

test('volumes hold over a revision that makes the bridge anew, and are taken back by one without them', async () => {
  const call = callSpec();
  const volumes = [{ userId: '7', volume: 0.5 }];
  const three = conferenceSpec(call);
  await kit.apply({ ...call, volumes });
  kit.connect();
  kit.connectTonesPlayed();
  say(kit.legs[0], '7');
  expect(Math.abs(level(kit.legs[1], 500, 500, 1500) + 6.02)).toBeLessThan(0.3);

  await kit.apply({ ...three, volumes });
  kit.connect();
  kit.connectTonesPlayed();
  say(kit.legs[0], '7');
  for (const leg of kit.legs.slice(1)) expect(Math.abs(level(leg, 500, 500, 1500) + 6.02)).toBeLessThan(0.3);

  await kit.apply({ ...three, revision: 3, volumes: [{ legId: three.legs[0]?.legId, volume: 0 }] });
  for (const { sent } of kit.legs) sent.length = 0;
  say(kit.legs[0], '7');
  expect(sounds(kit.legs[1])).toBe(0);
  await kit.apply({ ...three, revision: 4 });
  say(kit.legs[0], '7');
  expect(Math.abs(level(kit.legs[1], 500, 500, 1500))).toBeLessThan(0.3);
});

test('all legs hear the connect tone when the last one is connected, once', async () => {
  await kit.apply(callSpec());
  const [first, second] = kit.legs;
  first?.set({ kind: 'ready', daveVersion: 1 });
  kit.time.runUntil(kit.time.now() + 2_000);
  expect(first?.sent).toEqual([]);
  second?.set({ kind: 'ready', daveVersion: 1 });
  kit.time.runUntil(kit.time.now() + 2_000);
  for (const leg of kit.legs) {
    expect(sounds(leg)).toBe(tones.connect.packets.length);
    expect(level(leg, 783.99, 250, 400, 2_900)).toBeGreaterThan(-1.5);
  }
  first?.set({ kind: 'reconnecting', attempt: 1 });
  first?.set({ kind: 'ready', daveVersion: 1 });
  kit.time.runUntil(kit.time.now() + 2_000);
  expect(sounds(first)).toBe(tones.connect.packets.length);
});

test('a tone goes on over a bridge that is made anew meanwhile', async () => {
  const call = callSpec();
  await kit.apply(call);
  kit.connect();
  kit.time.runUntil(kit.time.now() + 190);
  await kit.apply(conferenceSpec(call));
  kit.time.runUntil(kit.time.now() + 2_000);
  expect(sounds(kit.legs[0])).toBe(tones.connect.packets.length);
  expect(kit.legs[0]?.sent.at(-1)?.opus).toEqual(SILENCE_FRAME);
});

test('who joins later hears it alone; of a monitor, the others do', async () => {
  const call = callSpec();
  await kit.apply(call);
  kit.connect();
  kit.connectTonesPlayed();
  const three = conferenceSpec(call);
  await kit.apply(three);
  kit.legs[2]?.set({ kind: 'ready', daveVersion: 1 });
  kit.time.runUntil(kit.time.now() + 2_000);
  expect(kit.legs.map(sounds)).toEqual([0, 0, tones.connect.packets.length]);
  kit.connectTonesPlayed();
  const monitor = {
    legId: ulid(),
    guildId: '4',
    channelId: '44',
    identityId: '94',
    epoch: 1,
    role: 'monitor' as const,
  };
  await kit.apply({ ...three, revision: 3, legs: [...three.legs, monitor] });
  kit.legs[3]?.set({ kind: 'ready', daveVersion: 1 });
  kit.time.runUntil(kit.time.now() + 2_000);
  expect(kit.legs.map(sounds)).toEqual([25, 25, 25, 0]);
  expect(kit.said.filter((line) => line.includes('listens to this call'))).toHaveLength(3);
});

test('the end tone is the last thing a leg hears, and delays its leaving by no more than its length', async () => {
  const call = callSpec();
  await kit.apply({ ...call, holds: [call.legs[1]?.legId ?? ''] });
  kit.connect();
  kit.connectTonesPlayed();
  const asked = kit.time.now();
  const end = kit.registry.end(call.id, 2, 'command');
  await kit.finish(end);
  expect(kit.time.now() - asked).toBeLessThanOrEqual(FAREWELL_MS + 20);
  for (const leg of kit.legs) {
    expect(sounds(leg)).toBe(tones.end.packets.length);
    expect(leg.state.kind).toBe('closed');
  }
  expect(kit.time.pending).toBe(0);
});

test('a leg that leaves alone hears it too, while the others talk on; one that is gone hears nothing', async () => {
  const three = conferenceSpec();
  const [first, , third] = three.legs;
  await kit.apply(three);
  kit.connect();
  kit.connectTonesPlayed();
  const two = three.legs.slice(0, 2);
  const ids = two.map(({ legId }) => legId);
  const routes = three.routes.filter(([from, to]) => ids.includes(from) && ids.includes(to));
  await kit.apply({ ...three, revision: 3, legs: two, routes });
  kit.time.runUntil(kit.time.now() + 100);
  kit.legs[0]?.hear(voicePacket('7', 9_000));
  expect(kit.legs[1]?.sent).toHaveLength(1);
  await kit.finish(kit.until(() => kit.ended().length === 1));
  expect(kit.ended()[0]).toMatchObject({ legId: third?.legId, reason: 'command', goesOn: true });
  expect(sounds(kit.legs[2])).toBe(tones.end.packets.length);
  expect(kit.legs[2]?.state.kind).toBe('closed');

  kit.legs[0]?.set({ kind: 'closed', reason: 'bot_removed' });
  await kit.finish(kit.until(() => kit.ended().length === 3));
  expect(kit.ended().slice(1)).toMatchObject([{ reason: 'bot_removed', by: first?.legId }, { reason: 'bot_removed' }]);
  expect([sounds(kit.legs[0]), sounds(kit.legs[1])]).toEqual([0, 1 + tones.end.packets.length]);
});

test('a session that never was a call, and one whose bot account is another node’s now, end without a tone', async () => {
  const [first] = callSpec().legs;
  const alone = callSpec({ legs: first ? [first] : [], routes: [] });
  await kit.apply(alone);
  kit.connect();
  await kit.registry.end(alone.id, 2, 'command');
  const call = callSpec();
  await kit.apply(call);
  await kit.until(() => kit.legs.length === 3);
  for (const leg of kit.legs.slice(1)) leg.set({ kind: 'ready', daveVersion: 1 });
  kit.connectTonesPlayed();
  await kit.registry.revoke('92', 2);
  expect(kit.legs.map(sounds)).toEqual([0, 0, 0]);
});

test('what is live is told while the session runs: the delay of each leg, and who spoke', async () => {
  const call = callSpec();
  await kit.apply(call);
  expect(kit.registry.stats).toMatchObject([{ sessionId: call.id, legs: [{ spoke: [] }, { spoke: [] }] }]);
  kit.connect();
  kit.connectTonesPlayed();
  say(kit.legs[0], '7');
  const [a, b] = call.legs.map(({ legId }) => legId);
  expect(kit.registry.stats).toMatchObject([
    {
      event: 'session.stats',
      legs: [
        { legId: a, spoke: ['7'] },
        { legId: b, delayMs: 0, spoke: [] },
      ],
      late: 0,
    },
  ]);
  await kit.finish(kit.registry.end(call.id, 2, 'command'));
  expect(kit.registry.stats).toEqual([]);
});
