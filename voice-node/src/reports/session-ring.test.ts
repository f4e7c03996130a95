import { expect, test } from 'vitest';
import { TestLeg } from '../bridge/test-legs.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import { SessionRing } from './session-ring.ts';

const spec = { id: 'S' } as Parameters<SessionRing['take']>[0];

function scene() {
  const time = new VirtualTime();
  const ring = new SessionRing(time);
  const [a, b] = [new TestLeg('a', time), new TestLeg('b', time)];
  const say = (leg: TestLeg, userId: string) =>
    leg.receive({
      ...{ userId, ssrc: 1, sequence: 1, timestamp: 960, arrivedAt: time.now() },
      opus: Uint8Array.of(0x78, 1, 2),
    });
  const heard = () => ring.take(spec).voices.map(({ legId, userId }) => `${legId}/${userId}`);
  return { time, ring, a, b, say, heard };
}

test('only sides that allow it are kept, and what they said is forgotten when they no longer do', () => {
  const { ring, a, b, say, heard } = scene();
  ring.apply({ sealable: { legs: ['a'] }, optedOut: [] }, [a, b]);
  say(a, '1');
  say(b, '2');
  expect(heard()).toEqual(['a/1']);
  ring.apply({ sealable: { legs: ['b'] }, optedOut: [] }, [a, b]);
  say(a, '1');
  say(b, '2');
  expect(heard()).toEqual(['b/2']);
  ring.apply({}, [a, b]);
  say(b, '2');
  expect(heard()).toEqual([]);
});

test('a list of people who opted out counts for what was said before it, too', () => {
  const { ring, a, say, heard } = scene();
  ring.apply({ sealable: { legs: ['a'] }, optedOut: ['2'] }, [a]);
  for (const userId of ['1', '2', '3']) say(a, userId);
  expect(heard()).toEqual(['a/1', 'a/3']);
  ring.apply({ sealable: { legs: ['a'] }, optedOut: ['2', '3'] }, [a]);
  say(a, '3');
  expect(heard()).toEqual(['a/1']);
});

test('ten seconds after the last word nothing is left, and a closed ring neither listens nor waits', () => {
  const { time, ring, a, say, heard } = scene();
  ring.apply({ sealable: { legs: ['a'] }, optedOut: [] }, [a]);
  say(a, '1');
  time.runUntil(time.now() + 9_900);
  expect(heard()).toEqual(['a/1']);
  time.runUntil(time.now() + 1_200);
  // Nobody asked and nobody talked: it is gone all the same.
  expect(ring.bytes).toBe(0);
  say(a, '1');
  ring.close();
  say(a, '1');
  expect([heard(), time.pending]).toEqual([[], 0]);
});
