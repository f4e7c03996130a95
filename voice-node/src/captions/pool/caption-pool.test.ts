import { expect, test } from 'vitest';
import { seededRandom } from '../../../../sim/src/time/random.ts';
import { KEEP_ALIVE_MS } from './keep-alive.ts';
import { IDLE_MS, STICKY_MS } from './plan.ts';
import { english, PoolKit, type Talker, WORD_MS, wrongs } from './pool-test-kit.ts';

test('the first word survives the opening of the connection, and the final comes right after the spurt', () => {
  const kit = new PoolKit();
  kit.engine.faults.openMs = 700;
  const talker = kit.talker();
  talker.say(5);
  kit.run(5 * WORD_MS + 200);
  expect(wrongs([talker])).toEqual([]);
  expect(talker.finals).toHaveLength(1);
  expect(talker.finalAt[0]).toBeLessThanOrEqual(5 * WORD_MS + kit.engine.faults.resultMs + 20);
  expect(talker.partials.length).toBeGreaterThan(0);
});

test('nothing is sent while nobody speaks; the connection is kept alive, and closed after half a minute', () => {
  const kit = new PoolKit();
  const talker = kit.talker();
  talker.say(3);
  kit.run(5_000);
  const [connection] = kit.engine.connections;
  const sent = connection?.frames ?? 0;
  expect(sent).toBe((3 * WORD_MS) / 20);
  for (let passed = 0; passed < 20_000; passed += 500) {
    kit.run(500);
    expect(connection?.silentFor).toBeLessThanOrEqual(KEEP_ALIVE_MS);
  }
  expect(connection?.frames).toBe(sent);
  expect(connection?.isOpen).toBe(true);
  kit.run(IDLE_MS);
  expect(connection?.isOpen).toBe(false);
  expect(kit.time.pending).toBe(0);
});

test('a pause of half a second stays in one lease; people come back to the slot they had; one connection does for one speaker at a time', () => {
  const kit = new PoolKit();
  const [first, second] = [kit.talker(), kit.talker()];
  first.say(3);
  kit.run(3 * WORD_MS + 500);
  first.say(3);
  kit.run(3 * WORD_MS + 1_000);
  second.say(3);
  kit.run(3 * WORD_MS + STICKY_MS);
  first.say(2);
  kit.run(3_000);
  expect(kit.engine.connections).toHaveLength(1);
  expect(wrongs([first, second])).toEqual([]);
});

test('two at once have two connections; the younger one is closed first', () => {
  const kit = new PoolKit();
  const [first, second] = [kit.talker(), kit.talker()];
  first.say(10);
  second.say(10);
  kit.run(20_000);
  second.say(2);
  kit.run(16_000);
  // The second one came back after the stickiness was over, to the older connection.
  expect(kit.engine.connections.map(({ isOpen }) => isOpen)).toEqual([true, false]);
  expect(wrongs([first, second])).toEqual([]);
});

test('four on one connection: silence is put only where nobody speaks, and nothing while all are silent', () => {
  const kit = new PoolKit({ channels: 4 });
  const talkers = [0, 1, 2, 3, 4].map(() => kit.talker());
  for (const [index, talker] of talkers.entries()) kit.time.after(index * 130, () => talker.say(6 + index));
  kit.run(10_000);
  expect(kit.engine.connections.map(({ options }) => options.channels)).toEqual([4, 4]);
  expect(wrongs(talkers)).toEqual([]);
  const frames = kit.engine.connections.map((connection) => connection.frames);
  kit.run(5_000);
  expect(kit.engine.connections.map((connection) => connection.frames)).toEqual(frames);
});

test('a connection that is lost in the middle of a word costs no word: what was not final is said again', () => {
  for (const cutAt of [90, 500, 1_510, 4_980, 5_120, 7_777]) {
    const kit = new PoolKit();
    const talker = kit.talker();
    talker.say(60);
    kit.run(cutAt);
    kit.engine.live[0]?.end(1011);
    kit.run(60 * WORD_MS);
    expect(wrongs([talker]), `cut at ${cutAt}`).toEqual([]);
    expect(talker.lost).toEqual([]);
    expect(kit.engine.connections).toHaveLength(2);
  }
});

test('lost while its final is awaited, a spurt is said again and told once', () => {
  const kit = new PoolKit();
  const talker = kit.talker();
  kit.engine.faults.resultMs = 400;
  talker.say(5);
  kit.run(5 * WORD_MS + 200);
  kit.engine.live[0]?.end(1011);
  kit.run(3_000);
  expect(wrongs([talker])).toEqual([]);
});

test('at the limit people wait by turns, hear that it is late, and lose nothing within the buffer', () => {
  const kit = new PoolKit({ limit: 1 });
  const talkers = [kit.talker(), kit.talker(), kit.talker()];
  talkers[0]?.say(60);
  kit.run(500);
  talkers[1]?.say(5);
  talkers[2]?.say(5);
  kit.run(40_000);
  expect(wrongs(talkers)).toEqual([]);
  expect(talkers[1]?.late).toEqual([true, false]);
  expect(talkers.flatMap(({ lost }) => lost)).toEqual([]);
  // The long speech was interrupted for the others, who waited no longer than a turn and their patience.
  expect(talkers[1]?.finalAt[0]).toBeLessThan(13_000);
  expect(kit.engine.peak).toBe(1);
});

test('what does not fit the buffer is lost, and said to be', () => {
  const kit = new PoolKit({ limit: 0 });
  const talker = kit.talker();
  talker.say(150);
  kit.run(150 * WORD_MS);
  expect(talker.lost[0]?.fromMs).toBe(0);
  const lostMs = talker.lost.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  expect(lostMs).toBe(150 * WORD_MS - 20_000);
  kit.pool.limit = 1;
  kit.run(30_000);
  const said = talker.said.map(({ word }) => word);
  expect(talker.heard.slice(1)).toEqual(said.slice(said.length - talker.heard.length + 1));
});

test('another language takes effect in the middle of speech, on another connection, and no word is lost', () => {
  const kit = new PoolKit();
  const talker = kit.talker();
  talker.say(20);
  kit.run(1_990);
  kit.pool.tune(talker.line, { language: 'it', keyterms: ['Ada'] });
  kit.run(20 * WORD_MS);
  expect(wrongs([talker])).toEqual([]);
  expect(kit.engine.connections.map(({ options }) => options.language)).toEqual(['en', 'it']);
  expect([...new Set(talker.finals.map(({ language }) => language))]).toEqual(['en', 'it']);
});

test('at the limit an idle connection of another language makes room', () => {
  const kit = new PoolKit({ limit: 1 });
  const [first, second] = [kit.talker(), kit.talker({ language: 'it', keyterms: [] })];
  first.say(3);
  kit.run(3_000);
  second.say(3);
  kit.run(3_000);
  expect(kit.engine.connections.map(({ options, isOpen }) => [options.language, isOpen])).toEqual([
    ['en', false],
    ['it', true],
  ]);
  expect(wrongs([first, second])).toEqual([]);
});

test('who opted out is told of no more, at once, and the slot serves the next one', () => {
  const kit = new PoolKit({ limit: 1 });
  const [first, second] = [kit.talker(), kit.talker()];
  first.say(20);
  kit.run(900);
  kit.pool.drop(first.line);
  second.say(5);
  kit.run(10_000);
  expect(first.finals).toEqual([]);
  expect(second.heard).toEqual(second.said.map(({ word }) => word));
});

test('a smaller share lets go of the youngest connections when they are idle, a larger one is used at once', () => {
  const kit = new PoolKit({ limit: 3 });
  const talkers = [0, 1, 2].map(() => kit.talker());
  for (const talker of talkers) talker.say(20);
  kit.run(1_000);
  kit.pool.limit = 1;
  kit.run(30 * WORD_MS);
  expect(kit.engine.connections.map(({ isOpen }) => isOpen)).toEqual([true, false, false]);
  expect(wrongs(talkers)).toEqual([]);
  expect(kit.pool.demand).toEqual({ open: 1, wanted: 0 });
  for (const talker of talkers) talker.say(5);
  kit.run(300);
  expect(kit.pool.demand).toEqual({ open: 1, wanted: 3 });
  kit.pool.limit = 3;
  kit.run(3_000);
  expect(wrongs(talkers)).toEqual([]);
  expect(kit.pool.demand.open).toBe(3);
});

/** Three minutes of people who come, talk over each other, go, and come back; connections break now and then. */
async function churn(seed: number, channels: number, limit: number, concurrency: number): Promise<void> {
  const kit = new PoolKit({ channels, limit });
  kit.engine.faults.concurrency = concurrency;
  const random = seededRandom(`churn ${seed}`);
  const all: Talker[] = [];
  const leaving: Promise<void>[] = [];
  const tunings = [english, { language: 'it', keyterms: [] }, { language: 'en', keyterms: ['Patchbay'] }];
  const end = 180_000;
  const join = (): void => {
    const talker = kit.talker(tunings[Math.floor(random() * tunings.length)]);
    all.push(talker);
    const leaveAt = kit.time.now() + 2_000 + random() * 20_000;
    const talk = (): void => {
      if (kit.time.now() > Math.min(end, leaveAt)) {
        leaving.push(talker.leave());
        if (kit.time.now() < end) kit.time.after(random() * 4_000, join);
        return;
      }
      if (random() < 0.1) kit.pool.tune(talker.line, tunings[Math.floor(random() * tunings.length)] ?? english);
      talker.say(1 + Math.floor(random() * 14), () => kit.time.after(20 + random() * 2_500, talk));
    };
    kit.time.after(random() * 1_000, talk);
  };
  for (let person = 0; person < 8; person += 1) join();
  const breakOne = (): void => {
    const { live } = kit.engine;
    live[Math.floor(random() * live.length)]?.end(1011);
    if (kit.time.now() < end) kit.time.after(2_000 + random() * 9_000, breakOne);
  };
  kit.time.after(3_000, breakOne);
  while (kit.time.now() < end + 40_000) {
    kit.run(100);
    expect(kit.engine.live.length).toBeLessThanOrEqual(Math.min(limit, concurrency));
    if (kit.time.now() % 2_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await kit.done(Promise.all(leaving));
  expect(wrongs(all), `seed ${seed}, ${channels} channels`).toEqual([]);
  expect(all.flatMap(({ lost }) => lost)).toEqual([]);
  expect(all.length).toBeGreaterThan(40);
  await kit.done(kit.pool.close());
  expect(kit.engine.live).toEqual([]);
}

test.for([
  [1, 1, 100, 100],
  [2, 4, 100, 100],
  [3, 1, 8, 6],
  [4, 20, 5, 5],
  [5, 3, 6, 100],
] as const)(
  'churn for three minutes: nobody gets another one’s words, none is lost (%j)',
  ([seed, channels, limit, most]) => churn(seed, channels, limit, most),
);

test('300 people of 60 servers on a hundred connections: the limit is kept, everybody is heard', () => {
  const kit = new PoolKit({ limit: 100 });
  const random = seededRandom('crowd');
  const end = 60_000;
  const talkers = Array.from({ length: 300 }, (_, index) => {
    // Of 60 servers every sixth has names of its own.
    const guild = index % 60;
    const keyterms = guild % 6 === 0 ? [`Guild ${guild}`] : [];
    return kit.talker({ language: guild % 4 === 0 ? 'it' : 'en', keyterms });
  });
  const talk = (talker: Talker): void => {
    if (kit.time.now() > end) return;
    talker.say(3 + Math.floor(random() * 18), () =>
      kit.time.after(-Math.log(1 - random()) * 5_500, () => talk(talker)),
    );
  };
  for (const talker of talkers) kit.time.after(random() * 6_000, () => talk(talker));
  kit.run(end + 60_000);
  expect(kit.engine.peak).toBe(100);
  expect(wrongs(talkers)).toEqual([]);
  const waits = talkers.flatMap(({ finals, finalAt }) =>
    finals.map(({ endMs }, index) => (finalAt[index] ?? 0) - endMs),
  );
  expect(Math.max(...waits)).toBeLessThan(15_000);
});

test('more who speak without a pause than there is room for: words are lost, but everybody gets their turns', () => {
  const kit = new PoolKit({ limit: 10 });
  const talkers = Array.from({ length: 30 }, () => kit.talker());
  for (const talker of talkers) talker.say(400);
  kit.run(400 * WORD_MS + 60_000);
  const heard = talkers.map((talker) => talker.heard.length);
  expect(Math.min(...heard)).toBeGreaterThan(Math.max(...heard) / 2);
  for (const talker of talkers) {
    expect(talker.lost.length).toBeGreaterThan(0);
    expect(talker.heard.every((word, index, all) => index === 0 || word > (all[index - 1] ?? 0))).toBe(true);
  }
});
