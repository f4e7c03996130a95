import type { WorkerMessage } from '@patchbay/shared/control-messages';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { JWT_SECRET, left, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ CLAIM_MS: '500' });
});
afterAll(() => world.close());

const presence = (guildId: string) => world.env.GUILD.getByName(guildId).snapshot();
const stateOf = async (guildId: string) => (await presence(guildId)).snapshot.channels[0]?.state.kind;
const specOf = async (node: TestNode, from = 0) => {
  const message = await node.inbox.next((each: WorkerMessage) => each.type === 'session.apply', from);
  if (message.type !== 'session.apply') throw new Error('not an apply');
  return message.spec;
};

test('a batch that comes twice counts once, and a gap is not jumped', async () => {
  const node = new TestNode(world, 'node-a');
  await node.connect([{ identityId: '511', guildIds: ['111'] }]);
  await node.report(snapshot('111', '511', '211'));
  const events = node.seal([{ type: 'voice.joined', guildId: '111', member: person('311', '211') }]);
  const answer = await (await node.post(events)).json();
  const once = (await presence('111')).seq;
  expect(await (await node.post(events)).json()).toEqual(answer);
  expect((await presence('111')).seq).toBe(once);

  const [third, fourth] = node.seal([
    { type: 'voice.joined', guildId: '111', member: person('312', '211') },
    left('111', '211', '312'),
  ]);
  expect(await (await node.post([fourth])).json()).toEqual({ accepted: { 111: 2 } });
  expect(await (await node.post([third, fourth])).json()).toEqual({ accepted: { 111: 4 } });
  expect((await presence('111')).snapshot.members.map((member) => member.userId)).toEqual(['311']);
  // A snapshot tells who left while the gateway was away.
  await node.report(snapshot('111', '511', '211'));
  expect((await presence('111')).snapshot.members).toEqual([]);
  node.socket?.close();
});

test('the side that cannot start backs off, the other keeps its place and is matched with the next', async () => {
  const node = new TestNode(world, 'node-b');
  await node.connect([{ identityId: '521', guildIds: ['121', '122', '123'] }]);
  await node.report(snapshot('121', '521', '221', [person('321', '221')]));
  await node.report(snapshot('123', '521', '223', [person('323', '223')]));
  // Guild 122 knows only the identity of another node: the second reservation is refused after the first was granted.
  await new TestNode(world, 'node-x').report(snapshot('122', '599', '222', [person('322', '222')]));
  const unasked = { sessionId: ulid(), channelId: '222', ticketId: 'none', nodeId: 'node-b' };
  const asked = { ...unasked, identityIds: ['521'], role: 'party' as const };
  const refusal = { ok: false, code: 'ticket_withdrawn', message: 'The channel has left the queue.', gone: true };
  expect(await world.env.GUILD.getByName('122').reserve(asked)).toEqual(refusal);

  await world.command('121', '321', 'call join');
  await world.command('122', '322', 'call join');
  // The refused attempt: guild 121 was in a session for a moment, and waits again with the ticket that it had.
  await expect.poll(async () => (await presence('121')).snapshot.sessions[0]?.state).toBe('ended');
  await expect.poll(() => stateOf('121')).toBe('waiting');
  const state = (await presence('121')).snapshot.channels[0]?.state;
  const place = world.env.MATCHMAKER.getByName('default').place(state?.kind === 'waiting' ? state.ticketId : '');
  expect(await place).toBe(1);
  await world.command('123', '323', 'call join');
  const spec = await specOf(node);
  expect(spec.legs.map((leg) => leg.guildId)).toEqual(['121', '123']);
  expect(await stateOf('122')).toBe('waiting');
  await world.command('122', '322', 'call stop');
  expect(await stateOf('122')).toBe('idle');
  for (const guildId of ['121', '123']) await world.command(guildId, `3${guildId.slice(1)}`, 'call stop');
  const end = await node.inbox.next((message) => message.type === 'session.end');
  expect(end).toMatchObject({ sessionId: spec.id, reason: 'command' });
  // The node's own word for the whole session.
  const tombstone = { sessionId: spec.id, revision: 2, reason: 'command' as const, at: Date.now() };
  node.send({ v: 1, type: 'session.tombstone', tombstone });
  await node.inbox.next((message) => message.type === 'tombstone.ack');
  await expect.poll(() => stateOf('121')).toBe('idle');
  node.socket?.close();
});

test('a session that was asked to confirm before it started never starts', async () => {
  const sessionId = ulid();
  const session = world.env.SESSION.getByName(sessionId);
  expect(await session.confirmOrAbort(sessionId)).toEqual({ kind: 'abort', blamed: [], gone: [] });
  const tickets = [{ ticketId: 't', guildId: '1', channelId: '2', at: 1 }];
  await session.start({ sessionId, pool: 'default', mode: 'bridge', tickets });
  expect(await session.record()).toBeNull();
});

test('a node that restarts gets its sessions again under a new epoch; what is not wanted is ended', async () => {
  const node = new TestNode(world, 'node-c');
  const identities = [{ identityId: '531', guildIds: ['131', '132'] }];
  await node.connect(identities);
  await node.report(snapshot('131', '531', '231', [person('331', '231')]));
  await node.report(snapshot('132', '531', '232', [person('332', '232')]));
  await world.command('131', '331', 'call join');
  await world.command('132', '332', 'call join');
  const spec = await specOf(node);

  const from = node.inbox.all.length;
  const unwanted = ulid();
  await node.connect(identities, { sessions: [{ sessionId: unwanted, revision: 3 }], bootId: ulid() });
  const again = await specOf(node, from);
  expect(again).toMatchObject({ id: spec.id, revision: 2, timeZero: spec.timeZero });
  expect(again.legs.map((leg) => leg.epoch)).toEqual([2, 2]);
  const end = await node.inbox.next((message) => message.type === 'session.end', from);
  expect(end).toMatchObject({ sessionId: unwanted, revision: 4 });

  // Another node with the same identity and a newer boot takes it; the earlier one is told.
  const rival = new TestNode(world, 'node-d');
  rival.bootId = `7${ulid().slice(1)}`;
  await rival.connect(identities);
  const revoked = await node.inbox.next((message) => message.type === 'identity.revoked', from);
  expect(revoked).toMatchObject({ identityId: '531', epoch: 3 });

  const lost = world.env.FLEET.getByName('fleet');
  await lost.tick(Date.now() + 20_000);
  await expect
    .poll(async () => (await world.env.SESSION.getByName(spec.id).record())?.phase)
    .toMatchObject({
      state: 'ended',
      reason: 'node_lost',
    });
  rival.socket?.close();
});

test('a browser resumes by sequence, and resyncs after the hub slept', async () => {
  const node = new TestNode(world, 'node-e');
  await node.connect([{ identityId: '541', guildIds: ['141'] }]);
  await node.report(snapshot('141', '541', '241'));
  const { token } = await mintToken(JWT_SECRET, { sub: '1', guilds: ['141'], scope: 'guild' });
  const first = new TestBrowser(world, '141');
  await first.auth(token);
  const ok = await first.inbox.next((message) => message.type === 'ack');
  if (ok.type !== 'ack') throw new Error('not an ack');
  expect(first.inbox.all[0]).toBe(ok);
  await first.event('presence.snapshot');
  await node.report({ type: 'voice.joined', guildId: '141', member: person('341', '241') });
  await first.event('voice.joined');
  first.socket.close();
  await first.closed;
  await node.report(left('141', '241', '341'));

  const since = { epoch: ok.epoch, seq: ok.seq };
  const second = new TestBrowser(world, '141');
  await second.auth(token, since);
  const replayed = await second.event('voice.left');
  expect(replayed).toMatchObject({ payload: { userId: '341', channelId: null, previousChannelId: '241' } });
  const events = second.inbox.all.flatMap((message) => (message.type === 'event' ? [message.event] : []));
  expect(events).toEqual(['voice.joined', 'voice.left']);

  await world.harness.getWorker().evictDurableObject('HUB', { name: '141:0', webSockets: 'hibernate' });
  const third = new TestBrowser(world, '141');
  await third.auth(token, since);
  await third.event('resync');
  await third.event('presence.snapshot');
  // The sockets outlived the sleep.
  await node.report({ type: 'voice.joined', guildId: '141', member: person('342', '241') });
  await second.inbox.next(
    (message) => message.type === 'event' && message.event === 'voice.joined' && message.seq > ok.seq + 2,
  );

  const { token: own } = await mintToken(JWT_SECRET, { sub: '343', guilds: ['141'], scope: 'self' });
  const self = new TestBrowser(world, '141');
  await self.auth(own);
  await self.event('presence.snapshot');
  await node.report({ type: 'voice.joined', guildId: '141', member: person('344', '241') });
  await node.report({ type: 'voice.joined', guildId: '141', member: person('343', '241') });
  expect(await self.event('voice.joined')).toMatchObject({ payload: { member: { userId: '343' } } });
  node.send({
    v: 1,
    type: 'ephemeral',
    event: 'voice.speaking',
    guildId: '141',
    channelId: '241',
    userId: '343',
    speaking: true,
  });
  expect(await self.event('voice.speaking')).toMatchObject({ payload: { userId: '343', speaking: true } });
});
