import { REST } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { afterEach, expect, test } from 'vitest';
import { type RestScene, startRestScene } from '../../testing/rest-scene.ts';
import { Windows } from './windows.ts';

let scene: RestScene;
afterEach(() => scene.simulator.close());

/** A bare request, without a library that waits. */
async function send(path: string, method = 'GET', body?: unknown) {
  const answer = await fetch(`${scene.simulator.apiUrl}/v10${path}`, {
    method,
    headers: { authorization: `Bot ${scene.application.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const header = (name: string) => answer.headers.get(name);
  return { status: answer.status, header, json: (await answer.json()) as Record<string, unknown> };
}

test('a bucket: its headers, 429 when it is empty, a fresh one when its window is over; channels are counted apart', async () => {
  let now = 1_000_000;
  scene = await startRestScene({ clock: () => now });
  const other = scene.world.createChannel(scene.guild.id, 'text', { name: 'other' });
  const post = (channel = scene.text) => send(Routes.channelMessages(channel.id), 'POST', { content: 'x' });
  const first = await post();
  expect(first.header('x-ratelimit-limit')).toBe('5');
  expect(first.header('x-ratelimit-remaining')).toBe('4');
  expect(first.header('x-ratelimit-reset')).toBe('1005.000');
  expect(first.header('x-ratelimit-reset-after')).toBe('5.000');
  now += 1500;
  for (const remaining of ['3', '2', '1', '0']) expect((await post()).header('x-ratelimit-remaining')).toBe(remaining);
  const refused = await post();
  expect(refused.status).toBe(429);
  expect(refused.json).toEqual({ message: 'You are being rate limited.', retry_after: 3.5, global: false });
  expect([refused.header('retry-after'), refused.header('x-ratelimit-scope')]).toEqual(['4', 'user']);
  const apart = await post(other);
  expect([apart.status, apart.header('x-ratelimit-remaining')]).toEqual([200, '4']);
  expect(apart.header('x-ratelimit-bucket')).toBe(first.header('x-ratelimit-bucket'));
  now += 3500;
  expect((await post()).status).toBe(200);
  expect(scene.simulator.restCounters).toMatchObject({ restRateLimited: 1, restUnauthorized: 0 });
});

test('the global limit counts all routes of a bot, but not webhooks and interactions', async () => {
  const now = 0;
  scene = await startRestScene({ clock: () => now, globalPerSecond: 3 });
  for (const path of ['/users/@me', `/guilds/${scene.guild.id}`, '/users/@me/guilds'])
    expect((await send(path)).status).toBe(200);
  const refused = await send('/users/@me');
  expect([refused.status, refused.header('x-ratelimit-global'), refused.header('x-ratelimit-scope')]).toEqual([
    429,
    'true',
    'global',
  ]);
  expect(refused.json).toMatchObject({ retry_after: 1, global: true });
  expect((await send('/webhooks/1/token', 'POST', {})).status).toBe(404);
});

test('the name of a channel: two in ten minutes, a shared limit that the headers do not tell', async () => {
  const now = 0;
  scene = await startRestScene({ clock: () => now });
  scene.grant('ManageChannels');
  const rename = (name: string) => send(Routes.channel(scene.text.id), 'PATCH', { name });
  expect([(await rename('a')).status, (await rename('b')).status]).toEqual([200, 200]);
  const refused = await rename('c');
  expect([refused.status, refused.header('x-ratelimit-scope'), refused.header('x-ratelimit-remaining')]).toEqual([
    429,
    'shared',
    '2',
  ]);
  expect(refused.json).toMatchObject({ retry_after: 600, global: false });
});

test('the library waits out its buckets: everything arrives, nothing is refused', async () => {
  scene = await startRestScene({ windowScale: 0.02 });
  const { simulator, application, text } = scene;
  const rest = new REST({ version: '10', api: simulator.apiUrl, retries: 0, offset: 5 }).setToken(application.token);
  const waits: string[] = [];
  rest.on('rateLimited', ({ scope, limit, global }) => waits.push(`${scope} ${limit} ${global}`));
  const contents = Array.from({ length: 12 }, (_, index) => String(index));
  await Promise.all(contents.map((content) => rest.post(Routes.channelMessages(text.id), { body: { content } })));
  expect(scene.world.messages.inChannel(text.id).map(({ content }) => content)).toEqual(contents);
  expect(waits.length).toBeGreaterThanOrEqual(2);
  expect(new Set(waits)).toEqual(new Set(['user 5 false']));
  expect(simulator.restCounters.restRateLimited).toBe(0);
});

test('a window begins with its first request and is as long as it says', async () => {
  scene = await startRestScene();
  const windows = new Windows();
  const limit = { limit: 1, windowMs: 100 };
  expect(windows.take('a', limit, 50)).toEqual({ allowed: true, remaining: 0, resetAt: 150 });
  expect(windows.take('a', limit, 149)).toEqual({ allowed: false, remaining: 0, resetAt: 150 });
  expect(windows.take('a', limit, 150)).toEqual({ allowed: true, remaining: 0, resetAt: 250 });
});
