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
    guildIds: new Set(guilds),
  });
  const nodes = [node('a', 2, '1', '2'), node('b', 0, '1', '2'), node('c', 0, '1'), node('d', 3, '1', '2')];
  expect(candidateNodes(nodes, ['1', '2'])).toEqual({ nodeIds: ['b', 'a'], guildsWithout: [] });
  expect(candidateNodes(nodes, ['1', '3'])).toEqual({ nodeIds: [], guildsWithout: ['3'] });
  expect(candidateNodes([], ['1', '2'])).toEqual({ nodeIds: [], guildsWithout: [] });
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
  const desired = [missing, older, same].map((each) => ({ spec: each, ending: null }));
  const messages = reconcile(
    [...running, { sessionId: unwanted, revision: 7 }],
    [...desired, { spec: ending, ending: 'command' as const }],
  );
  expect(messages).toEqual([
    { v: 1, type: 'session.apply', spec: missing },
    { v: 1, type: 'session.apply', spec: older },
    { v: 1, type: 'session.end', sessionId: ending.id, revision: 2, reason: 'command' },
    { v: 1, type: 'session.end', sessionId: unwanted, revision: 8, reason: 'node_lost' },
  ]);
});

test('a spec follows the epoch of its identity with a new revision', () => {
  const old = spec(3);
  expect(withEpochs(old, new Map([['9', 1]]))).toBe(old);
  expect(withEpochs(old, new Map([['9', 2]]))).toMatchObject({ revision: 4, legs: [{ epoch: 2 }] });
});
