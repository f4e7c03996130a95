/** The rules of closing that others learned the hard way (partyserver's change log 0.5.3 to 0.5.8), and shards. */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { onceAgain } from '../src/hub/once-again.ts';
import { JWT_SECRET, left, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

let world: World;
let node: TestNode;
beforeAll(async () => {
  world = await startWorld({ HUB_SHARD_SOCKETS: '3' });
  node = new TestNode(world, 'node-1');
  await node.connect([{ identityId: '501', guildIds: ['101', '102', '103', '104'] }]);
});
afterAll(() => world.close());

async function open(guildId: string, userId = '1', since?: { epoch: string; seq: number }): Promise<TestBrowser> {
  const browser = new TestBrowser(world, guildId);
  const { token } = await mintToken(JWT_SECRET, { sub: userId, guilds: [guildId], scope: 'guild' });
  await browser.auth(token, since);
  await browser.event('presence.snapshot');
  return browser;
}
const logged = () => JSON.stringify(world.harness.getLogs());

test("the peer's Close is answered with its own code; one without a code gets a valid answer", async () => {
  await node.report(snapshot('101', '501', '20'));
  for (const code of [1000, 3000, 4321]) {
    const browser = await open('101');
    browser.socket.close(code, 'bye');
    expect(await browser.closed).toBe(code);
  }
  // 1005 stands for "no code" and 1006 for "no Close": neither may be sent back.
  const bare = await open('101');
  bare.socket.close();
  expect([1000, 1005]).toContain(await bare.closed);
  const broken = await open('101');
  (broken.socket as unknown as { _socket: Socket })._socket.destroy();
  expect(await broken.closed).toBe(1006);
  const witness = await open('101');
  await node.report({ type: 'voice.joined', guildId: '101', member: person('31', '20') });
  await witness.event('voice.joined');
  expect(logged()).not.toMatch(/Uncaught|InvalidAccessError|invalid close code/i);
});

test('a connection that breaks while it is being closed is not reported as an error', async () => {
  await node.report(snapshot('102', '501', '20'));
  const browser = await open('102');
  const { socket } = browser;
  const before = logged();
  for (let count = 0; count < 61; count += 1) socket.send('{"v":1,"type":"ack","n":0}');
  await browser.inbox.next((message) => message.type === 'error' && message.code === 'too_fast');
  (socket as unknown as { _socket: Socket })._socket.destroy();
  await browser.closed;
  const witness = await open('102', '2');
  await node.report({ type: 'voice.joined', guildId: '102', member: person('31', '20') });
  await witness.event('voice.joined');
  expect(before).not.toContain('a socket broke');
  expect(logged()).not.toContain('a socket broke');
});

test('an alarm that wakes a sleeping hub knows its sockets: who did not authenticate is closed', async () => {
  await node.report(snapshot('103', '501', '20'));
  const silent = new TestBrowser(world, '103');
  await new Promise((resolve) => silent.socket.once('open', resolve));
  await world.harness.getWorker().evictDurableObject('HUB', { name: '103:0', webSockets: 'hibernate' });
  expect(await silent.closed).toBe(4009);
});

test('calls to an object that restarts are made once more; others, and overloaded ones, are not', async () => {
  const failing = (error: object) => {
    let calls = 0;
    const call = async () => {
      calls += 1;
      if (calls === 1) throw Object.assign(new Error('moved'), error);
      return calls;
    };
    return call;
  };
  expect(await onceAgain(failing({ retryable: true }))).toBe(2);
  await expect(onceAgain(failing({}))).rejects.toThrow('moved');
  await expect(onceAgain(failing({ retryable: true, overloaded: true }))).rejects.toThrow('moved');
});

test('more viewers than one hub takes: further shards, unseen; all hear everything, and come back wherever there is room', async () => {
  await node.report(snapshot('104', '501', '20', [person('31', '20'), person('32', '20')]));
  const browsers: TestBrowser[] = [];
  for (let index = 0; index < 8; index += 1) browsers.push(await open('104', String(100 + index)));
  const hubs = await world.harness.getWorker().listDurableObjectIds('HUB');
  await node.report(left('104', '20', '31'));
  await Promise.all(browsers.map((browser) => browser.event('voice.left')));
  const speaking = { v: 1, type: 'ephemeral', event: 'voice.speaking', guildId: '104', userId: '32' } as const;
  node.send({ ...speaking, channelId: '20', speaking: true });
  await Promise.all(browsers.map((browser) => browser.event('voice.speaking')));
  for (const browser of browsers) {
    const leaves = browser.inbox.all.filter((message) => message.type === 'event' && message.event === 'voice.left');
    expect(leaves).toHaveLength(1);
  }
  expect(hubs.length).toBeGreaterThanOrEqual(3);
  // The highest shard empties, is left out, and is told again when somebody comes back to it.
  for (const browser of browsers.slice(6)) {
    browser.socket.close();
    await browser.closed;
  }
  const guild = world.env.GUILD.getByName('104');
  await node.report({ type: 'voice.joined', guildId: '104', member: person('33', '20') });
  await expect.poll(async () => (await guild.snapshot()).shards).toBe(2);
  const again = await open('104', '200');
  await node.report(left('104', '20', '32'));
  await again.event('voice.left', (payload) => payload.userId === '32');
});
