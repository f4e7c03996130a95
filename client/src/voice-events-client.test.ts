// @vitest-environment node
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { CHANNEL, GUILD } from '../test/fake-hub.ts';
import { accepted, follow, lines, nextAuth, startHub, until } from '../test/follow.ts';

const members = (view: { presence: { members: { userId: string }[] } | undefined }) =>
  view.presence?.members.map(({ userId }) => userId);

test('authenticates, gets the picture, and keeps it', async () => {
  const hub = await startHub();
  hub.join('1');
  const { client, events, states } = follow(hub);
  expect((await nextAuth(hub)).auth).toEqual({ v: 1, type: 'auth', token: 'token' });
  await until(client, ({ presence }) => presence !== undefined);
  hub.join('2');
  hub.leave('1');
  await until(client, (view) => members(view)?.join() === '2');
  expect(lines(events)).toEqual(['voice.joined 2', 'voice.left 1']);
  expect(states).toEqual(['connecting', 'live']);
  expect(client.view.presence?.guildName).toBe('Harbour');
});

test('resumes where it was: what happened meanwhile is replayed, once, though it comes twice', async () => {
  const hub = await startHub();
  hub.join('1');
  const { client, events } = follow(hub);
  await accepted(hub);
  hub.join('2');
  await until(client, (view) => members(view)?.length === 2);
  const again = nextAuth(hub);
  hub.closeAll(1012);
  await once(hub, 'closed');
  hub.leave('1');
  hub.leave('2');
  const { auth, socket } = await again;
  expect(auth.since).toEqual({ epoch: 'epoch-1', seq: 2 });
  await until(client, (view) => members(view)?.length === 0);
  const repeated = { v: 1, type: 'event', event: 'voice.left', id: 'id-3', seq: 3, at: 1, payload: { userId: '1' } };
  socket.send(JSON.stringify(repeated));
  // The newest once more, too; and another id for something that is older than what is known.
  socket.send(JSON.stringify({ ...repeated, id: 'id-4', seq: 4, payload: { userId: '2' } }));
  socket.send(JSON.stringify({ ...repeated, id: 'id-3b' }));
  hub.join('3');
  await until(client, (view) => members(view)?.length === 1);
  expect(lines(events)).toEqual(['voice.joined 2', 'voice.left 1', 'voice.left 2', 'voice.joined 3']);
});

test('after a resync it tells what it missed by comparing snapshots, and never again', async () => {
  const hub = await startHub();
  hub.join('1');
  hub.join('2');
  const { client, events } = follow(hub);
  await accepted(hub);
  await until(client, (view) => members(view)?.length === 2);
  const second = accepted(hub);
  hub.closeAll(1006 + 6);
  await once(hub, 'closed');
  hub.leave('1');
  hub.forget();
  hub.join('3');
  const socket = await second;
  await until(client, (view) => members(view)?.join() === '2,3');
  hub.sendSnapshot(socket);
  hub.leave('2');
  await until(client, (view) => members(view)?.join() === '3');
  expect(lines(events)).toEqual(['voice.left 1*', 'voice.joined 3*', 'voice.left 2']);
  expect(events.find(({ derived }) => derived)?.payload).toEqual({
    guildId: GUILD,
    channelId: null,
    previousChannelId: CHANNEL,
    userId: '1',
    cause: { kind: 'unknown', certainty: 0 },
  });
});

test.each([
  { type: 'event', event: 'resync' },
  { type: 'ack', event: 'auth.ok' },
])(
  'cut off between $event of a new epoch and its snapshot, it asks for a snapshot and not for a replay',
  async (said) => {
    const hub = await startHub();
    const { client } = follow(hub);
    await accepted(hub);
    await until(client, ({ presence }) => presence !== undefined);
    hub.broadcast({ v: 1, ...said, epoch: 'epoch-2', seq: 9 });
    const next = nextAuth(hub);
    hub.closeAll(1012);
    expect((await next).auth.since).toBeUndefined();
  },
);

test('acknowledges probes', async () => {
  const hub = await startHub();
  follow(hub);
  await accepted(hub);
  const answer = once(hub, 'message');
  hub.broadcast({ v: 1, type: 'probe', n: 262_144 });
  expect((await answer)[0]).toEqual({ v: 1, type: 'ack', n: 262_144 });
});

test('listeners by name; one that throws does not keep the others from hearing', async () => {
  const uncaught = vi.fn();
  vi.stubGlobal('reportError', uncaught);
  try {
    const hub = await startHub();
    const { client, events } = follow(hub);
    const heard: string[] = [];
    client.on('voice.joined', () => {
      throw new Error('broken listener');
    });
    const end = client.on('voice.joined', ({ payload }) => heard.push(payload.member.displayName));
    await accepted(hub);
    hub.join('1');
    await until(client, (view) => members(view)?.length === 1);
    end();
    hub.join('2');
    await until(client, (view) => members(view)?.length === 2);
    expect(heard).toEqual(['User 1']);
    expect(lines(events)).toHaveLength(2);
    expect(uncaught).toHaveBeenCalledTimes(2);
    expect(uncaught.mock.calls[0]?.[0]).toMatchObject({ message: 'broken listener' });
  } finally {
    vi.unstubAllGlobals();
  }
});

test('a server that does not speak the protocol is left and tried again; unknown events are handed on', async () => {
  const hub = await startHub();
  const { client, events } = follow(hub);
  const socket = await accepted(hub);
  socket.send(JSON.stringify({ v: 1, type: 'event', event: 'voice.sang', id: 'new', seq: 1, at: 1, payload: {} }));
  const again = accepted(hub);
  socket.send('<html>');
  await again;
  expect(events.map(({ event }) => String(event))).toContain('voice.sang');
  expect(client.view.error).toBeUndefined();
});

test('closed, it stays closed; connected again, it goes on from where it was', async () => {
  const hub = await startHub();
  const { client, states } = follow(hub);
  await accepted(hub);
  await until(client, ({ presence }) => presence !== undefined);
  const closed = once(hub, 'closed');
  client.close();
  client.close();
  await closed;
  expect(states).toEqual(['connecting', 'live', 'closed']);
  const next = nextAuth(hub);
  client.connect();
  client.connect();
  expect((await next).auth.since).toEqual({ epoch: 'epoch-1', seq: 0 });
  expect(hub.connections).toBe(2);
});

test('closed while the token is fetched, it opens nothing', async () => {
  const hub = await startHub();
  const { promise, resolve } = Promise.withResolvers<string>();
  const { client } = follow(hub, { getToken: () => promise });
  client.close();
  resolve('late');
  await promise;
  const other = follow(hub);
  await accepted(hub);
  expect(hub.connections).toBe(1);
  expect(client.view.state).toBe('closed');
  other.client.close();
});
