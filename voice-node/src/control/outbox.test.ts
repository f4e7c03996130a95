import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventBatch, eventBatchSchema } from '@patchbay/shared/events';
import { verify } from '@patchbay/shared/signing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../ops/logger.ts';
import { NodeStore } from './node-store.ts';
import { Outbox } from './outbox.ts';

const secret = 's'.repeat(32);
const draft = (guildId: string, channelId: string) => ({ type: 'channel.deleted', guildId, channelId }) as const;

let directory: string;
let server: Server;
let hubUrl: string;
/** What the fake Worker takes: a status, or the guilds that it can reach. */
let answer: (batch: EventBatch) => number | string[];
const batches: EventBatch[] = [];
const nonces: string[] = [];

beforeEach(async () => {
  batches.length = 0;
  nonces.length = 0;
  directory = await mkdtemp(join(tmpdir(), 'outbox-'));
  answer = (batch) => [...new Set(batch.events.map(({ guildId }) => guildId))];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const headers = new Headers(request.headers as Record<string, string>);
    const verified = await verify([secret], { method: 'POST', path: request.url ?? '', headers, body });
    if (!verified.ok) {
      response.writeHead(401).end(verified.message);
      return;
    }
    nonces.push(verified.nonce);
    const batch = eventBatchSchema.parse(JSON.parse(body.toString()));
    batches.push(batch);
    const verdict = answer(batch);
    if (typeof verdict === 'number') {
      response.writeHead(verdict).end('no');
      return;
    }
    const accepted = Object.fromEntries(
      verdict.map((guildId) => [
        guildId,
        Math.max(...batch.events.filter((event) => event.guildId === guildId).map(({ seq }) => seq)),
      ]),
    );
    response.end(JSON.stringify({ accepted }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

async function open() {
  const store = await NodeStore.open(directory);
  const outbox = await Outbox.open({
    store,
    hubUrl,
    hubSecret: secret,
    nodeId: 'node-1',
    logger: createLogger('silent'),
  });
  return {
    store,
    outbox,
    async close() {
      await outbox.close();
      store.close();
    },
  };
}

const seen = () => batches.flatMap(({ events }) => events.map((event) => `${event.guildId}:${event.seq}`));

test('events go out in order with a sequence per guild', async () => {
  const { outbox, close } = await open();
  outbox.start();
  for (const guildId of ['1', '2', '1', '1']) outbox.append(draft(guildId, '5'));
  expect(await outbox.flush(5_000)).toBe(true);
  expect(seen()).toEqual(['1:1', '2:1', '1:2', '1:3']);
  await close();
});

test('no event is left lying, whenever it comes: each goes out without a later one to push it', async () => {
  const { outbox, close } = await open();
  outbox.start();
  for (let round = 0; round < 150; round += 1) {
    // Some arrive while the one before is being written, sent, or deleted.
    outbox.append(draft('1', '5'));
    for (let turn = 0; turn < round % 25; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    outbox.append(draft('1', '6'));
    // Nothing tells of the moment at which an answer was worked in: it is looked for, turn by turn.
    while (outbox.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(outbox.waiting).toBe(0);
  await close();
}, 15_000);

test('what was not accepted survives a restart, with the same stream and increasing sequences', async () => {
  const first = await open();
  answer = () => 503;
  first.outbox.start();
  await first.outbox.append(draft('1', '5'));
  await first.outbox.append(draft('1', '6'));
  await first.close();

  batches.length = 0;
  answer = (batch) => batch.events.map(({ guildId }) => guildId);
  const second = await open();
  expect(second.store.stream).toBe(first.store.stream);
  expect(second.outbox.waiting).toBe(2);
  second.outbox.start();
  await second.outbox.append(draft('1', '7'));
  expect(await second.outbox.flush(5_000)).toBe(true);
  expect(seen()).toEqual(['1:1', '1:2', '1:3']);
  expect(new Set(batches.map(({ stream }) => stream))).toEqual(new Set([first.store.stream]));
  await second.close();

  const third = await open();
  expect(third.outbox.waiting).toBe(0);
  await third.close();
});

test('each try is signed afresh, and a refusal loses nothing', async () => {
  const { outbox, close } = await open();
  let tries = 0;
  answer = (batch) => {
    tries += 1;
    return tries < 3 ? 500 : batch.events.map(({ guildId }) => guildId);
  };
  outbox.start();
  await outbox.append(draft('1', '5'));
  expect(await outbox.flush(10_000)).toBe(true);
  expect(seen()).toEqual(['1:1', '1:1', '1:1']);
  expect(new Set(nonces).size).toBe(3);
  await close();
});

test('a guild that the Worker cannot reach does not hold up the others, and keeps its order', async () => {
  const { outbox, close } = await open();
  let reachable = false;
  answer = (batch) =>
    [...new Set(batch.events.map(({ guildId }) => guildId))].filter((guildId) => guildId !== '1' || reachable);
  outbox.start();
  await outbox.append(draft('1', '5'));
  await outbox.append(draft('2', '5'));
  expect(await outbox.flush(200)).toBe(false);
  await outbox.append(draft('2', '6'));
  await outbox.append(draft('1', '6'));
  reachable = true;
  expect(await outbox.flush(10_000)).toBe(true);
  const accepted = seen();
  expect(accepted.filter((name) => name.startsWith('2:'))).toEqual(['2:1', '2:2']);
  expect(accepted.slice(-2)).toEqual(['1:1', '1:2']);
  await close();
});

test('tombstones survive a restart until they are acknowledged', async () => {
  const tombstone = {
    sessionId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    revision: 3,
    reason: 'command',
    at: Date.now(),
  } as const;
  const first = await NodeStore.open(directory);
  await first.bury(tombstone);
  first.close();
  const second = await NodeStore.open(directory);
  expect(second.tombstones).toEqual([tombstone]);
  await second.forget([tombstone.sessionId]);
  second.close();
  const third = await NodeStore.open(directory);
  expect(third.tombstones).toEqual([]);
  third.close();
});
