import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Ephemeral } from '@patchbay/shared/control-messages';
import { verify } from '@patchbay/shared/signing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createLogger } from '../ops/logger.ts';
import { ControlSocket } from './control-socket.ts';
import { SpeakingLane } from './speaking-lane.ts';

const secret = 's'.repeat(32);
const hello = {
  v: 1,
  type: 'hello',
  nodeId: 'node-1',
  bootId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  identities: [],
  sessions: [],
  tombstones: [],
  capacity: 5,
} as const;

let server: WebSocketServer;
let control: ControlSocket;
let pings: number;

beforeEach(async () => {
  pings = 0;
  server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    verifyClient: ({ req }, done) => {
      const headers = new Headers(req.headers as Record<string, string>);
      verify([secret], { method: 'GET', path: req.url ?? '', headers, body: '' }).then(({ ok }) => done(ok, 401));
    },
  });
  await once(server, 'listening');
  control = new ControlSocket({
    hubUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hubSecret: secret,
    nodeId: 'node-1',
    hello: () => ({ ...hello, identities: [], sessions: [], tombstones: [] }),
    logger: createLogger('silent'),
    pingMs: 20,
    backoff: () => 10,
  });
});

afterEach(() => {
  control.close();
  for (const client of server.clients) client.terminate();
  server.close();
});

/** The next connection; answers pings unless it plays dead. */
async function connection({ dead = false } = {}): Promise<{ socket: WebSocket; next: () => Promise<string> }> {
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  const queue: string[] = [];
  let wake = (): void => undefined;
  socket.on('message', (data) => {
    const text = data.toString();
    if (text === 'ping') {
      pings += 1;
      if (!dead) socket.send('pong');
      return;
    }
    queue.push(text);
    wake();
  });
  const next = async (): Promise<string> => {
    while (queue.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return queue.shift() ?? '';
  };
  return { socket, next };
}

const welcome = JSON.stringify({ v: 1, type: 'welcome', identities: [] });

test('dials with a signature, says hello first, and counts as connected after the welcome', async () => {
  control.start();
  const { socket, next } = await connection();
  expect(JSON.parse(await next())).toEqual(hello);
  expect(control.send({ v: 1, type: 'identities', identities: [] })).toBe(false);
  socket.send(welcome);
  await once(control, 'welcome');
  expect(control.send({ v: 1, type: 'identities', identities: [] })).toBe(true);
  expect(JSON.parse(await next())).toMatchObject({ type: 'identities' });
});

test('comes back after a close, and after a line that has died silently', async () => {
  control.start();
  const first = await connection();
  first.socket.send(welcome);
  await once(control, 'welcome');
  const second = connection({ dead: true });
  first.socket.close(1012);
  expect(JSON.parse(await (await second).next())).toEqual(hello);
  const third = await connection();
  expect(JSON.parse(await third.next())).toEqual(hello);
  expect(pings).toBeGreaterThan(0);
});

test('a message that it does not know is dropped, the next one is handled', async () => {
  control.start();
  const { socket } = await connection();
  socket.send('not json');
  socket.send(JSON.stringify({ v: 1, type: 'session.explode' }));
  socket.send(JSON.stringify({ v: 1, type: 'tombstone.ack', sessionIds: [hello.bootId] }));
  const [message] = await once(control, 'message');
  expect(message).toMatchObject({ type: 'tombstone.ack' });
});

test('who speaks: the newest state wins, and a blip within the debounce is not told', () => {
  vi.useFakeTimers();
  const sent: Ephemeral[] = [];
  const lane = new SpeakingLane((message) => sent.push(message) > 0);
  lane.speaking('1', '2', '3', true);
  lane.speaking('1', '2', '3', false);
  vi.advanceTimersByTime(60);
  expect(sent).toEqual([]);
  lane.speaking('1', '2', '3', true);
  vi.advanceTimersByTime(60);
  expect(sent).toMatchObject([{ event: 'voice.speaking', userId: '3', speaking: true }]);
  vi.useRealTimers();
});
