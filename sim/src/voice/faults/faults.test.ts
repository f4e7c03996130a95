import { expect, test } from 'vitest';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { FaultyLine } from './line.ts';
import { PacketFate, packetFaultsSchema } from './packet-faults.ts';

/** Sends `count` packets, one each 20 ms, and answers what arrived when. */
function send(faults: object, count: number, leg = 'leg') {
  const clock = new VirtualClock();
  const line = new FaultyLine(clock, new PacketFate(packetFaultsSchema.parse(faults), leg));
  const arrived: { number: number; sentAt: number; at: number }[] = [];
  for (let number = 0; number < count; number += 1) {
    const sentAt = number * 20;
    clock.at(sentAt, () => line.pass(() => arrived.push({ number, sentAt, at: clock.now() })));
  }
  clock.runUntil(count * 20 + 120_000);
  return arrived;
}

test('the same seed hits the same packets; another seed or leg hits others; nothing is hit without faults', () => {
  const numbers = (faults: object, leg?: string) => send(faults, 500, leg).map(({ number }) => number);
  const lossy = { seed: 'a', loss: 0.1 };
  expect(numbers(lossy)).toEqual(numbers(lossy));
  expect(numbers(lossy)).not.toEqual(numbers({ ...lossy, seed: 'b' }));
  expect(numbers(lossy)).not.toEqual(numbers(lossy, 'other'));
  expect(numbers({})).toEqual(Array.from({ length: 500 }, (_, index) => index));
  // Another fault beside it does not change which ones are lost.
  expect(new Set(numbers({ ...lossy, duplicate: 0.2, jitterMs: 5 }))).toEqual(new Set(numbers(lossy)));
});

test('loss, bursts, duplicates and overtaking happen as often as asked for', () => {
  const count = 20_000;
  expect(count - send({ loss: 0.05 }, count).length).toBeGreaterThan(0.04 * count);
  expect(count - send({ loss: 0.05 }, count).length).toBeLessThan(0.06 * count);

  const kept = send({ burst: { chance: 0.01, packets: 10 } }, count).map(({ number }) => number);
  const gaps = kept.map((number, index) => number - (kept[index - 1] ?? number - 1) - 1).filter((gap) => gap > 0);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  expect(mean).toBeGreaterThan(8);
  expect(mean).toBeLessThan(12);

  expect(send({ duplicate: 0.1 }, count).length / count).toBeCloseTo(1.1, 1);

  const order = send({ reorder: { chance: 0.1, delayMs: 50 } }, count).map(({ number }) => number);
  const overtaken = order.filter((number, index) => number < Math.max(...order.slice(Math.max(0, index - 5), index)));
  expect(overtaken.length / count).toBeCloseTo(0.1, 1);
  expect(new Set(order).size).toBe(count);
});

test('delay and jitter keep the order and stay within their limits', () => {
  const arrived = send({ delayMs: 100, jitterMs: 60 }, 2_000);
  expect(arrived.map(({ number }) => number)).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
  const delays = arrived.map(({ sentAt, at }) => at - sentAt);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(100);
  expect(Math.max(...delays)).toBeLessThanOrEqual(160);
  expect(Math.max(...delays)).toBeGreaterThan(150);
});
