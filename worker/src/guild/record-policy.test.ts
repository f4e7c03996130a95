import { endReasons } from '@patchbay/shared/end-reason';
import { expect, test } from 'vitest';
import {
  afterRecording,
  decideRecording,
  isTrouble,
  type RecordRule,
  type RecordSituation,
  recordRuleSchema,
  ruleKey,
} from './record-policy.ts';

const name = 'n';
const category: RecordRule = { kind: 'category', categoryId: '7', name };
const three: RecordRule = { kind: 'people', channelId: '1', least: 3, name };
const ada: RecordRule = { kind: 'user', channelId: '1', userId: '50', name };
const staff: RecordRule = { kind: 'role', channelId: '1', roleId: '90', name };
const all = [category, three, ada, staff];
const situation = (more: Partial<RecordSituation> = {}): RecordSituation => ({
  channelId: '1',
  madeIn: null,
  people: ['51'],
  rolesOf: new Map([['51', []]]),
  recorded: false,
  held: false,
  restUntil: 0,
  identityFree: true,
  ...more,
});
const start = (trigger: string) => ({ kind: 'start', trigger });
const none = { kind: 'none' };

test.each<[string, RecordRule[], Partial<RecordSituation>, object]>([
  ['no rule', [], {}, none],
  ['made under the category', [category], { madeIn: '7' }, start('category')],
  ['made under another one', [category], { madeIn: '8' }, none],
  ['there before', [category], {}, none],
  ['too few people', [three], { people: ['51', '52'] }, none],
  ['enough people', [three], { people: ['51', '52', '53'] }, start('people')],
  ['enough people elsewhere', [three], { channelId: '2', people: ['51', '52', '53'] }, none],
  ['a person who is named', [ada], { people: ['51', '50'] }, start('user')],
  ['somebody else', [ada], {}, none],
  ['a role that is named', [staff], { rolesOf: new Map([['51', ['90']]]) }, start('role')],
  ['another role', [staff], { rolesOf: new Map([['51', ['91']]]) }, none],
  ['roles that are not known', [staff], { rolesOf: new Map() }, { kind: 'ask', userIds: ['51'] }],
  ['a rule that needs no roles goes before asking', all, { people: ['50'], rolesOf: new Map() }, start('user')],
  ['nobody is there', all, { people: [], madeIn: '7', held: true }, { kind: 'forget' }],
  ['recorded already', all, { madeIn: '7', recorded: true }, none],
  ['told not to be', all, { madeIn: '7', held: true }, none],
  ['rests after a failure', all, { madeIn: '7', restUntil: 101 }, none],
  ['the rest is over', all, { madeIn: '7', restUntil: 100 }, start('category')],
  ['no bot account', all, { madeIn: '7', identityFree: false }, none],
])('%s', (_name, rules, more, verdict) => {
  expect(decideRecording(rules, situation(more), 100)).toEqual(verdict);
});

test('what an end leaves behind', () => {
  const held = endReasons.filter((reason) => afterRecording(reason, 1, 10).held);
  expect(held).toEqual(['timeout', 'command', 'policy', 'bot_moved', 'bot_removed', 'notice_refused']);
  const rests = [1, 2, 3, 30].map((failures) => afterRecording('error', failures, 10_000).restMs);
  expect(rests).toEqual([10_000, 20_000, 40_000, 600_000]);
  expect(endReasons.filter(isTrouble)).toEqual(['error', 'node_lost', 'no_identity', 'notice_refused']);
});

test('each rule has a key of its own, and is what is stored', () => {
  expect(new Set(all.map(ruleKey)).size).toBe(all.length);
  for (const rule of all) expect(recordRuleSchema.parse(rule)).toEqual(rule);
  expect(ruleKey({ ...three, least: 9 })).toBe(ruleKey(three));
});

/** Numbers that are the same at each run (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A channel with its rules through a random life, as `record.ts` moves it on. */
class Life {
  people = new Set<string>();
  recorded = false;
  held = false;
  restUntil = 0;
  failures = 0;
  now = 0;
  /** Somebody stopped it, and the channel was not empty since. */
  unwanted = false;
  starts = 0;
  stops = 0;

  step(draw: (below: number) => number): void {
    this.now += draw(20_000);
    const what = draw(8);
    const who = String(50 + draw(4));
    if (what < 3) this.people.add(who);
    else if (what < 6) this.people.delete(who);
    else if (this.recorded && what === 6) this.#over(endReasons[draw(endReasons.length)] ?? 'command');
    else if (this.recorded) this.#over('command');
    this.#look();
  }

  #over(reason: (typeof endReasons)[number]): void {
    this.recorded = false;
    const next = afterRecording(reason, this.failures + 1, 10_000);
    this.held ||= next.held;
    if (next.restMs > 0) this.restUntil = this.now + next.restMs;
    if (next.failed) this.failures += 1;
    if (reason === 'command' && this.people.size > 0) {
      this.unwanted = true;
      this.stops += 1;
    }
  }

  #look(): void {
    if (this.people.size === 0) this.unwanted = false;
    const { held, recorded, restUntil } = this;
    const people = [...this.people];
    const verdict = decideRecording(
      all,
      situation({ people, madeIn: '7', rolesOf: new Map(), held, recorded, restUntil }),
      this.now,
    );
    if (verdict.kind === 'forget') Object.assign(this, { held: false, restUntil: 0, failures: 0 });
    if (verdict.kind !== 'start') return;
    expect(this.unwanted).toBe(false);
    expect(people.length).toBeGreaterThan(0);
    this.recorded = true;
    this.starts += 1;
  }
}

test.each([1, 2, 3, 4, 5])(
  'whoever stopped it is not recorded again before everybody has left once (seed %i)',
  (seed) => {
    const draw = random(seed);
    const life = new Life();
    for (let step = 0; step < 10_000; step += 1) life.step(draw);
    // The life was not a quiet one.
    expect(life.starts).toBeGreaterThan(50);
    expect(life.stops).toBeGreaterThan(20);
  },
);
