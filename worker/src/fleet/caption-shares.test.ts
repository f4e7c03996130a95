import { expect, test } from 'vitest';
import { type CaptionShare, HEADROOM, newcomer, reported, SHARE_HEARD_MS, shareOut } from './caption-shares.ts';

/** `granted/ceiling open/wanted`; a ceiling that is left out is the grant. */
const node = (
  nodeId: string,
  [granted, ceiling]: [number, number],
  [open, wanted]: [number, number],
): CaptionShare => ({
  nodeId,
  granted,
  ceiling,
  open,
  wanted,
  toldAt: 0,
  heard: true,
  says: true,
});
const granted = (nodes: readonly CaptionShare[], limit: number) =>
  shareOut(nodes, limit, 0).map((each) => each.granted);

test.each<[string, CaptionShare[], number, number[]]>([
  ['one node gets what it asks for, and a little more', [node('a', [0, 0], [0, 30])], 100, [30 + HEADROOM]],
  ['and no more than there is', [node('a', [0, 0], [0, 300])], 100, [100]],
  ['a node without demand has none', [node('a', [0, 0], [0, 0]), node('b', [0, 0], [0, 5])], 100, [0, 5 + HEADROOM]],
  ['what is left is headroom, in even parts', [node('a', [0, 0], [0, 6]), node('b', [0, 0], [0, 2])], 12, [8, 4]],
  [
    'nobody’s headroom goes before another one’s need',
    // 5 are in force with c until it has said that it closed them.
    [node('a', [0, 0], [0, 3]), node('b', [0, 0], [0, 2]), { ...node('c', [0, 5], [5, 0]), heard: false }],
    10,
    [3, 2, 0],
  ],
  ['equal demand, equal shares', [node('a', [0, 0], [0, 90]), node('b', [0, 0], [0, 90])], 100, [50, 50]],
  ['small demand is served whole', [node('a', [0, 0], [0, 90]), node('b', [0, 0], [0, 10])], 50, [40, 10]],
  ['what is used stays', [node('a', [60, 60], [60, 80]), node('b', [0, 0], [0, 80])], 100, [60, 40]],
  // 100 are in force with a: b waits until a has said that it closed some.
  ['who took all gives a quarter up', [node('a', [100, 100], [100, 150]), node('b', [0, 0], [0, 80])], 100, [75, 0]],
  ['and gets it when it is free', [node('a', [75, 75], [75, 150]), node('b', [0, 0], [0, 80])], 100, [75, 25]],
  ['a smaller limit shrinks before anything grows', [node('a', [8, 8], [8, 8]), node('b', [0, 0], [0, 8])], 8, [6, 0]],
  ['more nodes than connections', [1, 2, 3].map((id) => node(`${id}`, [0, 0], [0, 4])), 2, [1, 1, 0]],
  ['what may be in force with it is its own', [node('a', [2, 8], [9, 9]), node('b', [0, 2], [2, 0])], 10, [8, 0]],
])('%s', (_name, nodes, limit, wanted) => {
  expect(granted(nodes, limit)).toEqual(wanted);
});

test('a node is told one thing at a time, and asked again later when it does not say what it heard', () => {
  const told = { ...node('a', [4, 4], [4, 9]), heard: false };
  expect(granted([told], 10)).toEqual([4]);
  const silent = { ...told, says: false };
  expect(shareOut([silent], 10, SHARE_HEARD_MS - 1)[0]?.granted).toBe(4);
  expect(shareOut([silent], 10, SHARE_HEARD_MS)[0]).toMatchObject({
    granted: 10,
    heard: false,
    toldAt: SHARE_HEARD_MS,
  });
});

test('a smaller share counts when the node says that it goes by it, or after a while; open connections count on', () => {
  const shrunk = { ...node('a', [4, 9], [9, 9]), heard: false };
  expect(reported(shrunk, { open: 3, wanted: 3, share: 9 }, 1).ceiling).toBe(9);
  expect(reported(shrunk, { open: 6, wanted: 3, share: 4 }, 1).ceiling).toBe(6);
  expect(reported(shrunk, { open: 3, wanted: 3, share: 4 }, 1).ceiling).toBe(4);
  expect(reported(shrunk, { open: 3, wanted: 3 }, SHARE_HEARD_MS - 1).ceiling).toBe(9);
  expect(reported(shrunk, { open: 3, wanted: 3 }, SHARE_HEARD_MS).ceiling).toBe(4);
});

/** A generator of numbers that is the same each time (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'the limit is kept at every instant, however messages cross, and nobody starves (%i)',
  (seed) => {
    const below = random(seed);
    const limit = 1 + below(40);
    const count = 1 + below(6);
    let fleet: CaptionShare[] = [];
    const real = Array.from({ length: count }, (_, id) => ({
      nodeId: `n${id}`,
      ...{
        share: 0,
        open: 0,
        wanted: 0,
        down: [] as number[],
        up: [] as { open: number; wanted: number; share: number }[],
      },
    }));
    const divide = () => {
      const before = new Map(fleet.map((each) => [each.nodeId, each.granted]));
      fleet = shareOut(fleet, limit, 0);
      for (const { nodeId, granted } of fleet) {
        if (before.get(nodeId) !== granted) real.find((each) => each.nodeId === nodeId)?.down.push(granted);
      }
    };
    const report = (each: (typeof real)[number]) =>
      each.up.push({ open: each.open, wanted: each.wanted, share: each.share });
    const step = (each: (typeof real)[number], kind: number) => {
      if (kind === 0) {
        const share = each.down.shift();
        if (share === undefined) return;
        each.share = share;
        report(each);
      }
      // A node closes what is too much when it gets round to it, and opens at once.
      if (kind === 1 && each.open > Math.min(each.share, each.wanted)) {
        each.open -= 1;
        report(each);
      }
      if (kind === 2 && each.open < Math.min(each.share, each.wanted)) {
        each.open += 1;
        report(each);
      }
      if (kind === 3) {
        const demand = each.up.shift();
        if (!demand) return;
        const known = fleet.find(({ nodeId }) => nodeId === each.nodeId) ?? newcomer(each.nodeId);
        fleet = [...fleet.filter((other) => other !== known), reported(known, demand, 0)];
        divide();
      }
    };
    const check = () => expect(real.reduce((sum, { open }) => sum + open, 0)).toBeLessThanOrEqual(limit);
    for (let turn = 0; turn < 3_000; turn += 1) {
      const each = real[below(count)];
      if (!each) continue;
      if (below(20) === 0) {
        each.wanted = below(3) === 0 ? 0 : below(limit * 2);
        report(each);
      }
      step(each, below(4));
      check();
    }
    for (let turn = 0; turn < 20_000; turn += 1) {
      const each = real[below(count)];
      if (each) step(each, below(4));
      check();
    }
    const wanted = real.reduce((sum, each) => sum + each.wanted, 0);
    expect(real.reduce((sum, { open }) => sum + open, 0)).toBe(Math.min(limit, wanted));
    if (limit >= count) expect(real.filter(({ open, wanted }) => wanted > 0 && open === 0)).toEqual([]);
  },
);
