/** What one client, one user, one address and a crowd may take of a hub; each refusal counted, and no effect on others. */
import { connect, type Socket } from 'node:net';
import { AUTH_DEADLINE_MS } from '@patchbay/shared/hub-protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { mintToken } from '../src/auth/token.ts';
import { JWT_SECRET, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

/** Answers to the upgrade: 101 and refusals. */
type Attempts = Map<number, number>;

let world: World;
let node: TestNode;
/** Sees everything in the guild of each test, and is asked at its end whether it missed anything. */
let witness: TestBrowser;
let guildId = '100';
beforeAll(async () => {
  world = await startWorld({
    HUB_WAITING: '40',
    HUB_USER_SOCKETS: '2',
    HUB_ADDRESS_SOCKETS: '30',
    HUB_ADDRESS_WAITING: '10',
  });
  node = new TestNode(world, 'node-1');
});
afterAll(() => world.close());

beforeEach(async () => {
  guildId = String(Number(guildId) + 1);
  await node.connect([{ identityId: '501', guildIds: [guildId] }]);
  await node.report(snapshot(guildId, '501', '20'));
  witness = await viewer('9');
});

async function viewer(userId: string, address = `192.0.2.${userId}`): Promise<TestBrowser> {
  const browser = new TestBrowser(world, guildId, { 'cf-connecting-ip': address });
  const { token } = await mintToken(JWT_SECRET, { sub: userId, guilds: [guildId], scope: 'guild' });
  await browser.auth(token);
  await browser.event('presence.snapshot');
  return browser;
}
let people = 1000;
async function seesWhatComes(browser: TestBrowser): Promise<void> {
  people += 1;
  const userId = String(people);
  await node.report({ type: 'voice.joined', guildId, member: person(userId, '20') });
  await browser.event('voice.joined', (payload) => (payload.member as { userId: string }).userId === userId);
}
const counted = (name: string) =>
  world.metrics().then((text) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1] ?? 0,
    ),
  );

/** Connects from addresses and never authenticates. Plain TCP: ten thousand clients of a library would be the test's own load. */
async function flood(count: number, addressOf: (index: number) => string) {
  const attempts: Attempts = new Map();
  const began = performance.now();
  const open = new Set<Socket>();
  const { hostname, port } = world.url;
  const attempt = (index: number) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `GET /api/ws?guild=${guildId} HTTP/1.1\r\nHost: ${world.url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nCF-Connecting-IP: ${addressOf(index)}\r\n\r\n`,
        );
      });
      socket.once('error', reject);
      socket.once('data', (data) => {
        const status = Number(String(data).slice('HTTP/1.1 '.length).split(' ')[0]);
        attempts.set(status, (attempts.get(status) ?? 0) + 1);
        if (status === 101) open.add(socket);
        else socket.destroy();
        resolve();
      });
    });
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await attempt(next - 1);
    }
  };
  await Promise.all(Array.from({ length: 50 }, worker));
  return { attempts, elapsedMs: performance.now() - began, close: () => [...open].map((socket) => socket.destroy()) };
}

test('10,000 connections of one address without auth: ten are open at once, the others are refused and counted', async () => {
  const { attempts, elapsedMs, close } = await flood(10_000, () => '198.51.100.1');
  // The ten run out of their five seconds, and ten others may follow.
  expect(attempts.get(101)).toBeLessThanOrEqual(10 * (Math.floor(elapsedMs / AUTH_DEADLINE_MS) + 1));
  expect((attempts.get(429) ?? 0) + (attempts.get(101) ?? 0)).toBe(10_000);
  expect(attempts.get(429)).toBeGreaterThan(9_000);
  await seesWhatComes(witness);
  await seesWhatComes(await viewer('8'));
  close();
  await expect.poll(() => counted('patchbay_hub_refused_total{code="too_many_connections"}')).toBe(attempts.get(429));
}, 300_000);

test('from many addresses: the oldest that did not authenticate gives way, and whoever means it gets in', async () => {
  const { attempts, close } = await flood(400, (index) => `198.51.100.${index % 250}`);
  expect(attempts.get(101)).toBe(400);
  await seesWhatComes(witness);
  await seesWhatComes(await viewer('8'));
  close();
  await expect.poll(() => counted('patchbay_hub_refused_total{code="no_auth"}')).toBeGreaterThanOrEqual(360);
});

test('one user has two pages at once here, one address thirty', async () => {
  const pages = [await viewer('5', '192.0.2.50'), await viewer('5', '192.0.2.51')];
  const third = new TestBrowser(world, guildId);
  await third.auth((await mintToken(JWT_SECRET, { sub: '5', guilds: [guildId], scope: 'guild' })).token);
  expect(await third.closed).toBe(4029);
  expect(third.inbox.all).toMatchObject([{ type: 'error', code: 'too_many_connections' }]);
  for (const page of pages) await seesWhatComes(page);
  pages[0]?.socket.close();
  await pages[0]?.closed;
  await viewer('5', '192.0.2.52');

  for (const hundreds of [1, 2, 3]) {
    const ten = Array.from({ length: 10 }, (_, index) => viewer(String(hundreds * 100 + index), '203.0.113.1'));
    await Promise.all(ten);
  }
  const late = world.open(`/api/ws?guild=${guildId}`, { 'cf-connecting-ip': '203.0.113.1' });
  const status = await new Promise((resolve) => {
    late.once('unexpected-response', (_request, response) => resolve(response.statusCode));
    late.once('error', () => undefined);
  });
  expect(status).toBe(429);
  await seesWhatComes(witness);
});

test('malformed, oversized and binary messages and forged acks are refused and counted; too many close the socket', async () => {
  const attacker = await viewer('6');
  const error = (code: string, from: number) =>
    attacker.inbox.next((message) => message.type === 'error' && message.code === code, from);
  const { socket, inbox } = attacker;
  for (const bad of [
    'no json',
    '{"v":1}',
    '{"v":2,"type":"ack","n":1}',
    `{"v":1,"type":"auth","token":"${'x'.repeat(9_000)}"}`,
    Buffer.from('{"v":1,"type":"ack","n":1}'),
    '[]'.repeat(50_000),
  ]) {
    const from = inbox.all.length;
    socket.send(bad);
    await error('message_malformed', from);
  }
  for (const n of [0, 1, 262_144, 2 ** 40]) {
    const from = inbox.all.length;
    socket.send(JSON.stringify({ v: 1, type: 'ack', n }));
    await error('ack_unknown', from);
  }
  await seesWhatComes(attacker);
  for (let count = 0; count < 61; count += 1) socket.send('{"v":1,"type":"ack","n":0}');
  expect(await attacker.closed).toBe(4029);
  await seesWhatComes(witness);
  await expect.poll(() => counted('patchbay_hub_refused_total{code="message_malformed"}')).toBe(6);
  await expect.poll(() => counted('patchbay_hub_refused_total{code="ack_unknown"}')).toBeGreaterThanOrEqual(4);
  await expect.poll(() => counted('patchbay_hub_closed_total{code="4029"}')).toBeGreaterThanOrEqual(1);
});

/** Reads nothing of its socket from now on. */
const stall = ({ socket }: TestBrowser) => socket.pause();

test('a client that does not answer probes is cut at a mebibyte, also when it guesses; the others miss nothing', async () => {
  const mute = await viewer('6');
  const guessing = await viewer('7');
  witness.socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.type === 'probe') witness.socket.send(JSON.stringify({ v: 1, type: 'ack', n: message.n }));
  });
  stall(mute);
  let bytes = 0;
  const long = 'x'.repeat(120);
  for (let batch = 0; batch < 40; batch += 1) {
    const members = Array.from({ length: 200 }, (_, index) => {
      return { ...person(String(5_000 + index), '20'), displayName: `${long} ${batch % 2}` };
    });
    const type = batch === 0 ? ('voice.joined' as const) : ('voice.flags' as const);
    await node.report(...members.map((member) => ({ type, guildId, member })));
    bytes += 200 * 300;
    if (guessing.socket.readyState === WebSocket.OPEN) {
      guessing.socket.send(JSON.stringify({ v: 1, type: 'ack', n: bytes }));
    }
  }
  expect(await guessing.closed).toBe(4008);
  await expect.poll(() => counted('patchbay_hub_refused_total{code="too_far_behind"}')).toBe(2);
  await seesWhatComes(witness);
  const flags = witness.inbox.all.filter((message) => message.type === 'event' && message.event === 'voice.flags');
  expect(flags).toHaveLength(39 * 200);
  const received = guessing.inbox.all.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
  expect(received).toBeLessThanOrEqual(1024 * 1024 + 64 * 1024);
});
