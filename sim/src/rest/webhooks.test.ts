import { REST } from '@discordjs/rest';
import { type APIMessage, type APIWebhook, Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formErrors, type RestScene, refusal, startRestScene } from '../testing/rest-scene.ts';

let scene: RestScene;
/** A client without a token: the address is the credential. */
let open: REST;
beforeEach(async () => {
  scene = await startRestScene();
  open = new REST({ version: '10', api: scene.simulator.apiUrl, retries: 0 });
});
afterEach(() => scene.simulator.close());
const create = (name = 'news') =>
  scene.rest.post(Routes.channelWebhooks(scene.text.id), { body: { name } }) as Promise<APIWebhook>;
const call = (method: 'get' | 'post' | 'patch' | 'delete', path: `/${string}`, body?: unknown, query = '') =>
  open[method](path, { auth: false, ...(body === undefined ? {} : { body }), query: new URLSearchParams(query) });

test('made, listed, changed and deleted, with the permission; their token opens them without it', async () => {
  expect(await refusal(create())).toBe('403 50013');
  scene.grant('ManageWebhooks');
  const webhook = await create();
  expect(webhook).toMatchObject({
    type: 1,
    name: 'news',
    channel_id: scene.text.id,
    application_id: scene.application.id,
  });
  for (const path of [Routes.channelWebhooks(scene.text.id), Routes.guildWebhooks(scene.guild.id)])
    expect(await scene.rest.get(path)).toMatchObject([{ id: webhook.id }]);
  const address = Routes.webhook(webhook.id, webhook.token ?? '');
  expect(await call('get', address)).not.toHaveProperty('user');
  expect(await call('patch', address, { name: 'changed' })).toMatchObject({ name: 'changed' });
  expect(await refusal(call('get', Routes.webhook(webhook.id, 'wrong')))).toBe('401 50027');
  expect(await formErrors(create('my Discord hook'))).toEqual(['name USERNAME_INVALID_CONTAINS']);
  await call('delete', address);
  expect(await refusal(call('get', address))).toBe('404 10015');
});

test('messages under another name: executed, waited for, read, edited, deleted; in a thread too', async () => {
  scene.grant('ManageWebhooks');
  const webhook = await create();
  const address = Routes.webhook(webhook.id, webhook.token ?? '');
  await call('post', address, { content: 'unheard' });
  expect(scene.world.messages.inChannel(scene.text.id)).toMatchObject([{ content: 'unheard' }]);
  const button = { type: 1, components: [{ type: 2, style: 1, label: 'x', custom_id: 'a' }] };
  const body = { content: 'hello @everyone', username: 'Ada', components: [button] };
  const sent = (await call('post', address, body, 'wait=true')) as APIMessage;
  expect(sent).toMatchObject({
    webhook_id: webhook.id,
    author: { id: webhook.id, username: 'Ada', bot: true },
    mention_everyone: true,
  });
  expect(sent.components).toHaveLength(1);
  const path = Routes.webhookMessage(webhook.id, webhook.token ?? '', sent.id);
  expect(await call('patch', path, { content: 'changed' })).toMatchObject({
    content: 'changed',
    author: { username: 'Ada' },
  });
  expect(await scene.rest.get(Routes.channelMessage(scene.text.id, sent.id))).toMatchObject({ content: 'changed' });
  await call('delete', path);
  expect(await refusal(call('get', path))).toBe('404 10008');
  const thread = scene.world.channels.createThread(scene.text.id, scene.guild.ownerId, { name: 'thread' });
  const inThread = await call('post', address, { content: 'x' }, `wait=true&thread_id=${thread.id}`);
  expect(inThread).toMatchObject({ channel_id: thread.id });
  expect(await refusal(call('post', address, {}, 'wait=true'))).toBe('400 50006');
  expect(await refusal(call('post', address, { content: 'x' }, 'thread_id=1'))).toBe('400 50035');
});
