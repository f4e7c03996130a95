/** Whatever restarts: every leave that was made is known to the page in the end, and none is told twice. Real processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HubEventName, HubEvents, ServerMessage } from '@patchbay/shared/hub-protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type House, makeHouse } from './scenario/calls.ts';
import { exchangeCode, mintCode } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

/** A page that follows a guild and comes back by itself, as the client library does. */
class Page {
  /** Leaves that it was told, in order. */
  readonly left: string[] = [];
  /** Who it shows in voice. */
  people = new Set<string>();
  readonly #stack: Stack;
  readonly #house: House;
  readonly #seen = new Set<string>();
  #since: { epoch: string; seq: number } | undefined;
  #socket: WebSocket | undefined;
  #look: () => void = () => undefined;
  #closed = false;

  constructor(stack: Stack, house: House) {
    this.#stack = stack;
    this.#house = house;
  }

  /** Tokens are asked for at each connection; while the Worker is away that fails, and it tries again. */
  async connect(): Promise<void> {
    const { workerUrl, hubSecret } = this.#stack;
    const { ownerId, guildId } = this.#house;
    try {
      const token = await exchangeCode(workerUrl, await mintCode(workerUrl, hubSecret, ownerId, [guildId]));
      const socket = new WebSocket(`${workerUrl.replace('http', 'ws')}/api/ws?guild=${guildId}`);
      this.#socket = socket;
      socket.on('open', () => socket.send(JSON.stringify({ v: 1, type: 'auth', token, since: this.#since })));
      socket.on('message', (data) => this.#take(JSON.parse(String(data)) as ServerMessage));
      socket.on('error', () => socket.terminate());
      socket.on('close', () => this.#again());
    } catch {
      this.#again(); // away
    }
  }

  /** Resolves when the page shows these people, looked at after each message. */
  shows(people: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (this.people.size === people.length && people.every((userId) => this.people.has(userId))) resolve();
      };
      this.#look();
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket?.terminate();
  }

  #again(): void {
    if (!this.#closed) setTimeout(() => void this.connect(), 100);
  }

  #take(message: ServerMessage): void {
    if (message.type === 'ack' && this.#since?.epoch !== message.epoch) this.#since = { epoch: message.epoch, seq: 0 };
    if (message.type !== 'event') return;
    if (message.event === 'resync') this.#since = { epoch: message.epoch, seq: message.seq };
    else if (!this.#seen.has(message.id)) {
      this.#seen.add(message.id);
      if (this.#since) this.#since.seq = Math.max(this.#since.seq, message.seq);
      this.#event(message);
      this.#look();
    }
  }

  #event({ event, payload }: { event: HubEventName; payload: HubEvents[HubEventName] }): void {
    if (event === 'presence.snapshot') {
      this.people = new Set((payload as HubEvents['presence.snapshot']).members.map(({ userId }) => userId));
    }
    if (event === 'voice.joined') this.people.add((payload as HubEvents['voice.joined']).member.userId);
    if (event !== 'voice.left') return;
    const { userId } = payload as HubEvents['voice.left'];
    this.left.push(userId);
    this.people.delete(userId);
  }
}

let directory: string;
let stack: Stack;
let house: House;
let page: Page;
let people: string[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-drop-outs-'));
  stack = await Stack.start({ directory });
  house = await makeHouse(stack.sim, 'Harbour', ['One', 'Two', 'Three', 'Four', 'Five'], [stack.application.botUserId]);
  await stack.startNode();
  people = house.rooms.map(({ userId }) => userId);
  for (const { userId, channelId } of house.rooms) await stack.sim.join(userId, channelId);
  page = new Page(stack, house);
  await page.connect();
  await page.shows(people);
}, 120_000);

afterAll(async () => {
  page?.close();
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

test('the gateway loses its session, the node is killed, the Worker is restarted: each leave is known, once', async () => {
  const bot = stack.application.botUserId;
  const [one = '', two = '', three = '', four = '', five = ''] = people;

  await stack.sim.withholdHello(true);
  await stack.sim.invalidateSession(bot);
  await stack.sim.leave(one);
  await stack.sim.withholdHello(false);
  await page.shows([two, three, four, five]);

  const node = stack.children.get('node-1');
  node?.kill('SIGKILL');
  await node?.exited;
  await stack.sim.leave(two);
  stack.children.delete('node-1');
  await stack.startNode();
  await page.shows([three, four, five]);
  expect(page.left).toEqual([one, two]);

  await stack.stopWorker();
  await stack.sim.leave(three);
  await stack.startWorker();
  await page.shows([four, five]);

  // All is as before: the next leave comes as an event.
  await stack.sim.leave(four);
  await page.shows([five]);
  expect(page.left.filter((userId) => userId === four)).toEqual([four]);
  expect(new Set(page.left).size).toBe(page.left.length);
}, 120_000);
