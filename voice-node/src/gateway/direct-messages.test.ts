import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verify } from '@patchbay/shared/signing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../ops/logger.ts';
import { DirectMessages, MOST_MESSAGES, type PostReply, WINDOW_MS } from './direct-messages.ts';

const secret = 's'.repeat(32);
const asked: unknown[] = [];
let server: Server;
let hubUrl: string;
let status: number;

beforeEach(async () => {
  asked.length = 0;
  status = 200;
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const headers = new Headers(request.headers as Record<string, string>);
    const { ok } = await verify([secret], { method: 'POST', path: request.url ?? '', headers, body });
    asked.push(JSON.parse(body.toString()));
    const links = Array.from({ length: 6 }, (_, index) => ({ label: `${index}`, url: `https://x.example/${index}` }));
    response.writeHead(ok ? status : 401).end(JSON.stringify({ content: 'Here they are.', links }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const message = (content: string, bot = false) => ({ channelId: '7', messageId: '8', userId: '9', bot, content });
const posted: { content: string; components: object[] }[] = [];
const post: PostReply = async (body) => void posted.push(body);

test('what begins with the word is passed on and answered with links; bots and other words are not', async () => {
  posted.length = 0;
  const desk = new DirectMessages({ hubUrl, hubSecret: secret, nodeId: 'node-1', logger: createLogger('silent') });
  for (const content of ['hello', '!recordsofmine 5', 'what is !records 5']) await desk.take(message(content), post);
  await desk.take(message('!records 5', true), post);
  expect([asked, posted]).toEqual([[], []]);
  await desk.take(message('!records 5'), post);
  expect(asked).toEqual([{ userId: '9', messageId: '8', content: '!records 5' }]);
  expect(posted).toMatchObject([{ content: 'Here they are.' }]);
  expect(posted[0]?.components).toHaveLength(2);
});

test('a Worker that fails is said, and who asks too often is not heard for a while', async () => {
  posted.length = 0;
  status = 503;
  let now = 1_000;
  const logger = createLogger('silent');
  const desk = new DirectMessages({ hubUrl, hubSecret: secret, nodeId: 'node-1', logger, now: () => now });
  for (let index = 0; index < MOST_MESSAGES + 2; index += 1) await desk.take(message('!records'), post);
  expect(posted).toHaveLength(MOST_MESSAGES);
  expect(posted[0]?.content).toContain('Try again');
  now += WINDOW_MS;
  await desk.take(message('!records'), post);
  expect(posted).toHaveLength(MOST_MESSAGES + 1);
});
