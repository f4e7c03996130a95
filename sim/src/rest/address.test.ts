import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formErrors, type RestScene, startRestScene } from '../testing/rest-scene.ts';

let scene: RestScene;
beforeEach(async () => {
  scene = await startRestScene({ rateLimits: 'off' });
});
afterEach(() => scene.simulator.close());

async function send(path: string, method = 'GET') {
  const headers = { authorization: `Bot ${scene.application.token}` };
  const answer = await fetch(`${scene.simulator.apiUrl}${path}`, { method, headers });
  return [answer.status, await answer.json()];
}

test('wrong addresses: unknown, wrong method, wrong id, wrong version', async () => {
  expect(await send('/v10/nothing')).toEqual([404, { message: '404: Not Found', code: 0 }]);
  expect(await send('/v10/users/@me', 'DELETE')).toEqual([405, { message: '405: Method Not Allowed', code: 0 }]);
  expect(await send('/v10/channels/nonsense')).toMatchObject([
    400,
    {
      code: 50035,
      errors: {
        channel_id: { _errors: [{ code: 'NUMBER_TYPE_COERCE', message: 'Value "nonsense" is not snowflake.' }] },
      },
    },
  ]);
  expect(await send('/v11/gateway')).toEqual([404, { message: 'Invalid API version', code: 50041 }]);
  for (const version of ['/v10', '/v9', '']) expect((await send(`${version}/gateway`))[0]).toBe(200);
  expect((await send('/v10/users/%40me'))[0]).toBe(200);
  scene.simulator.gateway.limits.change(scene.application.id, { shards: 3 });
  expect(await send('/v10/gateway/bot')).toMatchObject([200, { shards: 3 }]);
});

test('the bot and its application change themselves', async () => {
  const { rest, application } = scene;
  expect(await rest.patch(Routes.user(), { body: { username: 'robot' } })).toMatchObject({ username: 'robot' });
  expect(await formErrors(rest.patch(Routes.user(), { body: { username: 'Discord' } }))).toEqual([
    'username USERNAME_INVALID',
  ]);
  const change = (body: object) => rest.patch(Routes.currentApplication(), { body });
  expect(await change({ description: 'Connects' })).toMatchObject({ id: application.id, description: 'Connects' });
});

test('an interactions address is taken only if it answers PING and refuses a forged one', async () => {
  const { rest, application } = scene;
  let refuses = 0;
  // Trusting: it answers everything. It learns to refuse every second request, the forged one.
  const server: Server = createServer((_request, response) => {
    refuses += 1;
    const wrong = checks && refuses % 2 === 0;
    response.writeHead(wrong ? 401 : 200, { 'content-type': 'application/json' }).end(wrong ? '' : '{"type":1}');
  });
  let checks = false;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const interactions_endpoint_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const change = () => formErrors(rest.patch(Routes.currentApplication(), { body: { interactions_endpoint_url } }));
  expect(await change()).toEqual(['interactions_endpoint_url APPLICATION_INTERACTIONS_ENDPOINT_VALIDATION_FAILED']);
  expect(application.interactionsUrl).toBeUndefined();
  checks = true;
  expect(await change()).toEqual(['accepted']);
  expect(application.interactionsUrl).toBe(interactions_endpoint_url);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
