/** A service that answers late, or never. */
import { expect, test } from 'vitest';
import { PoolKit, WORD_MS, wrongs } from './pool-test-kit.ts';
import { FINAL_WAIT_MS } from './pooled-connection.ts';

test('a service that never answers: what was understood is told, the rest is known to be lost, and the slot is free again', () => {
  const kit = new PoolKit();
  const [first, second] = [kit.talker(), kit.talker()];
  first.say(9);
  kit.run(9 * WORD_MS - 30);
  const [connection] = kit.engine.connections;
  if (connection) connection.mute = true;
  kit.run(FINAL_WAIT_MS + 300);
  // Interim results come each second: five words by then … of nine.
  const told = first.heard;
  expect(told).toEqual(first.said.map(({ word }) => word).slice(0, told.length));
  expect(told.length).toBeGreaterThan(0);
  if (connection) connection.mute = false;
  second.say(3);
  kit.run(3_000);
  expect(second.heard).toEqual(second.said.map(({ word }) => word));
});

test('an end that is never answered costs nothing of what the same person goes on to say', () => {
  const kit = new PoolKit();
  const talker = kit.talker();
  talker.say(3);
  kit.run(3 * WORD_MS - 30);
  const [connection] = kit.engine.connections;
  if (connection) connection.mute = true;
  kit.run(60);
  talker.say(12);
  kit.run(FINAL_WAIT_MS + 100);
  connection?.end(1011);
  kit.run(5_000);
  expect(talker.heard.slice(-12)).toEqual(talker.said.slice(-12).map(({ word }) => word));
  expect(talker.lost).toEqual([]);
});

test('late results go to whoever said it, though another one has the slot by then', () => {
  const kit = new PoolKit({ limit: 1 });
  kit.engine.faults.resultMs = FINAL_WAIT_MS + 700;
  const [first, second] = [kit.talker(), kit.talker()];
  first.say(3);
  kit.run(3 * WORD_MS + FINAL_WAIT_MS + 100);
  second.say(3);
  kit.run(10_000);
  expect(wrongs([first, second])).toEqual([]);
});
