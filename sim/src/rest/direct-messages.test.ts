import { GatewayIntentBits, Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../control/client.ts';
import { BotClient } from '../testing/bot-client.ts';
import { type RestScene, refusal, startRestScene } from '../testing/rest-scene.ts';

let scene: RestScene;
beforeEach(async () => {
  scene = await startRestScene();
});
afterEach(() => scene.simulator.close());

test('a private channel: opened once, written to, read, and private to the two of them', async () => {
  const { rest, world, simulator, application } = scene;
  const ada = scene.member('ada');
  const client = await new BotClient(simulator.apiUrl, application.token, GatewayIntentBits.DirectMessages).start();
  const open = () => rest.post(Routes.userChannels(), { body: { recipient_id: ada } }) as Promise<{ id: string }>;
  const channel = await open();
  expect(channel).toMatchObject({ type: 1, recipients: [{ id: ada }] });
  expect((await open()).id).toBe(channel.id);
  const sent = (await rest.post(Routes.channelMessages(channel.id), { body: { content: 'hello' } })) as { id: string };
  expect(await client.next('MESSAGE_CREATE')).toMatchObject({ id: sent.id, content: 'hello' });
  world.messages.create(channel.id, ada, { content: 'hi' });
  expect(await rest.get(Routes.channelMessages(channel.id))).toMatchObject([{ content: 'hi' }, { content: 'hello' }]);
  await rest.patch(Routes.channelMessage(channel.id, sent.id), { body: { content: 'changed' } });
  await rest.delete(Routes.channelMessage(channel.id, sent.id));
  expect(await rest.get(Routes.channel(channel.id))).toMatchObject({ id: channel.id, type: 1 });
  const stranger = world.createApplication({ name: 'stranger' });
  scene.rest.setToken(stranger.token);
  expect(await refusal(rest.get(Routes.channelMessages(channel.id)))).toBe('403 50001');
  await client.stop();
});

test('50007 when the person refuses, or no guild is shared; 50033 for nobody', async () => {
  const { rest, world, simulator, guild } = scene;
  const ada = scene.member('ada');
  const { id } = world.openDirectChannel(scene.application.botUserId, ada);
  const post = () => refusal(rest.post(Routes.channelMessages(id), { body: { content: 'x' } }));
  const control = new SimControl(simulator.controlUrl);
  await control.setDirectMessages(ada, false);
  expect(await post()).toBe('403 50007');
  await control.setDirectMessages(ada, true);
  expect(await post()).toBe('accepted');
  world.removeMember(guild.id, ada);
  expect(await post()).toBe('403 50007');
  expect(await refusal(rest.post(Routes.userChannels(), { body: { recipient_id: '5' } }))).toBe('400 50033');
});
