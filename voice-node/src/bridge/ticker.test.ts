import { expect, test } from 'vitest';
import { Ticker } from './ticker.ts';

/** An event loop by hand: timers first, then what waits in the sockets, then what asked to come after that. */
function loop() {
  const seen: string[] = [];
  let now = 1_000;
  let timers: { at: number; task: () => void }[] = [];
  let afterwards: (() => void)[] = [];
  const forget = () => () => undefined;
  const ticker = new Ticker(
    {
      now: () => now,
      after(delayMs, task) {
        timers.push({ at: now + delayMs, task });
        return forget();
      },
      afterInput(task) {
        afterwards.push(task);
        return forget();
      },
    },
    { tick: (dueAt) => seen.push(`tick ${dueAt}`), skip: () => seen.push('skip') },
  );
  /** The loop goes round once, after it was held up until `at`, with one packet in the socket. */
  const round = (at: number) => {
    now = at;
    const due = timers.filter((timer) => timer.at <= now);
    timers = timers.filter((timer) => timer.at > now);
    for (const { task } of due) task();
    seen.push('packet');
    const tasks = afterwards;
    afterwards = [];
    for (const task of tasks) task();
  };
  return { ticker, round, seen };
}

test.each([0, 3, 15, 19, 30])('a tick that is %i ms late comes after the packets that wait in the socket', (lateMs) => {
  const { ticker, round, seen } = loop();
  ticker.start(1_020);
  round(1_020 + lateMs);
  expect(seen.slice(0, 2)).toEqual(['packet', 'tick 1020']);
});

test('ticks that are made up know when they were due; more than three are left out', () => {
  const { ticker, round, seen } = loop();
  ticker.start(1_020);
  round(1_020 + 105);
  expect(seen).toEqual(['packet', 'skip', 'skip', 'skip', 'tick 1080', 'tick 1100', 'tick 1120']);
});
