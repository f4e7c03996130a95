import type { SessionSpec } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { candidateNodes, claimIdentity } from './placement.ts';
import { reconcile, withEpochs } from './reconcile.ts';

test('an identity gets a new epoch with a new owner or boot, and an online owner yields only to a newer boot', () => {
  const owner = { nodeId: 'a', bootId: 'B5', epoch: 3, online: true };
  expect(claimIdentity(undefined, { nodeId: 'a', bootId: 'B5' })).toEqual({ granted: true, epoch: 1 });
  expect(claimIdentity(owner, { nodeId: 'a', bootId: 'B5' })).toEqual({ granted: true, epoch: 3 });
  expect(claimIdentity(owner, { nodeId: 'a', bootId: 'B6' })).toEqual({ granted: true, epoch: 4 });
  expect(claimIdentity(owner, { nodeId: 'b', bootId: 'B4' })).toEqual({ granted: false, epoch: 3 });
  expect(claimIdentity(owner, { nodeId: 'b', bootId: 'B6' })).toEqual({ granted: true, epoch: 4 });
  expect(claimIdentity({ ...owner, online: false }, { nodeId: 'b', bootId: 'B4' })).toEqual({
    granted: true,
    epoch: 4,
  });
});

test('sessions go to the least loaded node that serves every guild; guilds without any are named', () => {
  const node = (nodeId: string, legs: number, ...guilds: string[]) => ({
    nodeId,
    legs,
    capacity: 4,
    identityIds: [`of ${nodeId}`],
    guilds: new Map(guilds.map((guildId) => [guildId, 1])),
  });
  const nodes = [node('a', 2, '1', '2'), node('b', 0, '1', '2'), node('c', 0, '1'), node('d', 3, '1', '2')];
  expect(candidateNodes(nodes, ['1', '2'])).toEqual({
    nodes: [
      { nodeId: 'b', identityIds: ['of b'] },
      { nodeId: 'a', identityIds: ['of a'] },
    ],
    guildsWithout: [],
  });
  expect(candidateNodes(nodes, ['1', '3'])).toEqual({ nodes: [], guildsWithout: ['3'] });
  expect(candidateNodes([], ['1', '2'])).toEqual({ nodes: [], guildsWithout: [] });
});

const spec = (revision: number): SessionSpec => ({
  id: ulid(),
  revision,
  mode: 'bridge',
  timeZero: 1,
  legs: [{ legId: ulid(), guildId: '1', channelId: '2', identityId: '9', epoch: 1, role: 'party' }],
  routes: [],
  limits: { seconds: 0 },
});

test('a node that came back is told what is missing, older, to be ended or unwanted, and nothing else', () => {
  const [missing, older, same, ending] = [spec(1), spec(2), spec(1), spec(1)];
  const unwanted = ulid();
  const running = [older, same, ending].map(({ id }) => ({ sessionId: id, revision: 1 }));
  const desired = [missing, older, same].map((each) => ({ spec: each, base: each.revision, ending: null, by: null }));
  const messages = reconcile(
    [...running, { sessionId: unwanted, revision: 7 }],
    [...desired, { spec: ending, base: 1, ending: 'command' as const, by: ending.legs[0]?.legId ?? null }],
  );
  expect(messages).toEqual([
    { v: 1, type: 'session.apply', spec: missing },
    { v: 1, type: 'session.apply', spec: older },
    { v: 1, type: 'session.end', sessionId: ending.id, revision: 2, reason: 'command', by: ending.legs[0]?.legId },
    { v: 1, type: 'session.end', sessionId: unwanted, revision: 8, reason: 'node_lost' },
  ]);
});

test('two channels of one guild need two identities of one node', () => {
  const node = (nodeId: string, count: number) => ({
    nodeId,
    legs: 0,
    capacity: 4,
    identityIds: Array.from({ length: count }, (_, index) => `${nodeId}${index}`),
    guilds: new Map([
      ['1', count],
      ['2', 1],
    ]),
  });
  expect(candidateNodes([node('a', 1), node('b', 2)], ['1', '1'])).toEqual({
    nodes: [{ nodeId: 'b', identityIds: ['b0', 'b1'] }],
    guildsWithout: [],
  });
  expect(candidateNodes([node('a', 1)], ['1', '1', '2'])).toEqual({ nodes: [], guildsWithout: ['1'] });
});

test('a spec follows the epoch of its identity with a new revision', () => {
  const old = spec(3);
  expect(withEpochs(old, new Map([['9', 1]]))).toBe(old);
  expect(withEpochs(old, new Map([['9', 2]]))).toMatchObject({ revision: 4, legs: [{ epoch: 2 }] });
});
