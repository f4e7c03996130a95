import { once } from 'node:events';
import { HTTPError, REST } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../control/client.ts';
import { type RestScene, startRestScene } from '../testing/rest-scene.ts';
import { RestFaults } from './faults.ts';

let scene: RestScene;
let control: SimControl;
beforeEach(async () => {
  scene = await startRestScene();
  control = new SimControl(scene.simulator.controlUrl);
});
afterEach(() => scene.simulator.close());

test('a fault hits so many requests of its method and path, the newest fault first', () => {
  const faults = new RestFaults();
  faults.set({ method: 'POST', path: '/channels/*/messages', times: 2, effect: { kind: 'reset' } });
  faults.set({ method: '*', path: '/channels/**', times: 1, effect: { kind: 'hang' } });
  expect(faults.take('GET', '/guilds/1')).toBeUndefined();
  expect(faults.take('POST', '/channels/1/messages')).toEqual({ kind: 'hang' });
  expect(faults.take('POST', '/channels/1/2/messages')).toBeUndefined();
  expect(faults.take('GET', '/channels/1/messages')).toBeUndefined();
  expect(faults.take('POST', '/channels/1/messages')).toEqual({ kind: 'reset' });
  expect(faults.take('POST', '/channels/2/messages')).toEqual({ kind: 'reset' });
  expect(faults.take('POST', '/channels/1/messages')).toBeUndefined();
});

test('502 as HTML and 500 as JSON: the library tries again, and gets through when they are over', async () => {
  const { simulator, application } = scene;
  const patient = new REST({ version: '10', api: simulator.apiUrl, retries: 3 }).setToken(application.token);
  await control.setRestFault({ path: '/users/@me', times: 2, effect: { kind: 'status', status: 502, body: 'html' } });
  await control.setRestFault({ path: '/users/@me', times: 1, effect: { kind: 'status', status: 500 } });
  expect(await patient.get(Routes.user())).toMatchObject({ id: application.botUserId });
  await control.setRestFault({ path: '/users/@me', effect: { kind: 'status', status: 503, body: 'html' } });
  await expect(scene.rest.get(Routes.user())).rejects.toBeInstanceOf(HTTPError);
  await control.clearRestFaults();
  expect(await scene.rest.get(Routes.user())).toMatchObject({ id: application.botUserId });
});

test('an unannounced 429: the library waits as told, globally if it is global', async () => {
  const { rest, simulator, application } = scene;
  const told: { global: boolean; scope: string; retryAfter: number }[] = [];
  const watching = new REST({
    version: '10',
    api: simulator.apiUrl,
    offset: 0,
    rejectOnRateLimit: (data) => {
      told.push(data);
      return false;
    },
  }).setToken(application.token);
  const effect = { kind: 'rate_limited', retryAfter: 0.005, scope: 'global' } as const;
  await control.setRestFault({ path: '/users/@me', times: 1, effect });
  const answer = await fetch(`${simulator.apiUrl}/v10/users/@me`);
  expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('x-ratelimit-scope')]).toEqual([
    429,
    '1',
    'global',
  ]);
  expect(await answer.json()).toEqual({ message: 'You are being rate limited.', retry_after: 0.005, global: true });
  await control.setRestFault({
    path: '/users/@me',
    times: 1,
    effect: { kind: 'rate_limited', retryAfter: 0, scope: 'shared' },
  });
  expect(await watching.get(Routes.user())).toMatchObject({ id: application.botUserId });
  expect(told).toMatchObject([{ global: false, scope: 'shared', retryAfter: 0 }]);
  expect((await control.counters()).restRateLimited).toBe(2);
  expect(await rest.get(Routes.user())).toBeDefined();
});

test('hang: nothing until the client gives up, or the fault is cleared', async () => {
  await control.setRestFault({ method: 'POST', path: '/channels/*/messages', effect: { kind: 'hang' } });
  const giveUp = new AbortController();
  const post = () => scene.rest.post(Routes.channelMessages(scene.text.id), { body: { content: 'late' } });
  const given = scene.rest.post(Routes.channelMessages(scene.text.id), {
    body: { content: 'never' },
    signal: giveUp.signal,
  });
  // Answered while the other hangs: only what the fault names is hit.
  await scene.rest.get(Routes.user());
  giveUp.abort();
  await expect(given).rejects.toMatchObject({ name: 'AbortError' });
  const created = once(scene.world.events, 'messageCreated');
  const waiting = post();
  await scene.rest.get(Routes.user());
  await control.clearRestFaults();
  await Promise.all([created, waiting]);
  expect(scene.world.messages.inChannel(scene.text.id).map(({ content }) => content)).toEqual(['late']);
});

test('reset: nothing happened; lost: it did, and the client cannot know', async () => {
  const post = () => scene.rest.post(Routes.channelMessages(scene.text.id), { body: { content: 'x' } });
  await control.setRestFault({ path: '/channels/**', times: 1, effect: { kind: 'reset' } });
  await expect(post()).rejects.toThrow(/socket|closed|reset|ECONNRESET/i);
  expect(scene.world.messages.inChannel(scene.text.id)).toHaveLength(0);
  await control.setRestFault({ path: '/channels/**', times: 1, effect: { kind: 'lost' } });
  await expect(post()).rejects.toThrow();
  expect(scene.world.messages.inChannel(scene.text.id)).toHaveLength(1);
  await control.setRestFault({ path: '/channels/**', times: 1, effect: { kind: 'slow', ms: 1 } });
  await post();
  expect(scene.world.messages.inChannel(scene.text.id)).toHaveLength(2);
});
