import { DiscordAPIError, REST } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../simulator.ts';
import { SilentVoice } from '../testing/silent-voice.ts';
import type { Application, Channel, Guild } from '../world/model.ts';
import { parsePermissions } from '../world/permissions.ts';

let simulator: Simulator;
let application: Application;
let guild: Guild;
let text: Channel;
let talk: Channel;
let rest: REST;

beforeEach(async () => {
  simulator = await startSimulator({ voiceServer: new SilentVoice(), clips: new Map() });
  const { world } = simulator;
  application = world.createApplication({ name: 'bot' });
  guild = world.createGuild('guild');
  text = world.createChannel(guild.id, 'text', { name: 'chat' });
  talk = world.createChannel(guild.id, 'voice', { name: 'talk' });
  world.addBot(guild.id, application.botUserId);
  rest = new REST({ version: '10', api: simulator.apiUrl, retries: 0 }).setToken(application.token);
});
afterEach(() => simulator.close());

/** `status code` of the refusal. */
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => {
      if (!(error instanceof DiscordAPIError)) throw error;
      return `${error.status} ${error.code}`;
    },
  );

test('the gateway address needs no token; all else needs a right one', async () => {
  const answer = await fetch(`${simulator.apiUrl}/v10/gateway`);
  expect(await answer.json()).toEqual({ url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/) });
  expect((await fetch(`${simulator.apiUrl}/v10/users/@me`)).status).toBe(401);
  expect(await rest.get(Routes.user())).toMatchObject({ id: application.botUserId, bot: true });
  expect(JSON.stringify(await rest.get(Routes.user()))).not.toContain(application.token);
});

test('guilds, channels and members of a guild the bot is in; others do not exist for it', async () => {
  expect(await rest.get(Routes.guild(guild.id))).toMatchObject({ id: guild.id, owner_id: guild.ownerId });
  expect(await rest.get(Routes.guildChannels(guild.id))).toHaveLength(2);
  expect(await rest.get(Routes.guildMember(guild.id, guild.ownerId))).toMatchObject({ user: { id: guild.ownerId } });
  const other = simulator.world.createGuild('other');
  const hidden = simulator.world.createChannel(other.id, 'text', { name: 'hidden' });
  expect(await refusal(rest.get(Routes.guild(other.id)))).toBe('404 10004');
  expect(await refusal(rest.get(Routes.channel(hidden.id)))).toBe('403 50001');
  expect(await refusal(rest.get(Routes.guildMember(guild.id, '1')))).toBe('404 10007');
});

test('messages: create, edit, get, delete; empty and too long ones are refused with the tree', async () => {
  const message = (await rest.post(Routes.channelMessages(text.id), { body: { content: 'hello' } })) as { id: string };
  expect(message).toMatchObject({ content: 'hello', author: { id: application.botUserId }, channel_id: text.id });
  const path = Routes.channelMessage(text.id, message.id);
  await rest.patch(path, { body: { content: 'changed' } });
  expect(await rest.get(path)).toMatchObject({ content: 'changed', edited_timestamp: expect.any(String) });
  expect(await rest.get(Routes.channelMessages(text.id))).toHaveLength(1);
  await rest.delete(path);
  expect(await refusal(rest.get(path))).toBe('404 10008');
  expect(await refusal(rest.post(Routes.channelMessages(text.id), { body: { content: ' ' } }))).toBe('400 50006');
  const long = rest.post(Routes.channelMessages(text.id), { body: { content: 'x'.repeat(2001) } });
  await expect(long).rejects.toMatchObject({
    code: 50035,
    rawError: {
      errors: { content: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 2000 or fewer in length.' }] } },
    },
  });
});

test('overwrites decide: no access without view, no permission without send', async () => {
  const { world } = simulator;
  const channelWith = (deny: string[]) =>
    world.createChannel(guild.id, 'text', {
      name: 'closed',
      overwrites: [{ id: application.botUserId, type: 'member', allow: 0n, deny: parsePermissions(deny) }],
    });
  const post = (channel: Channel) => refusal(rest.post(Routes.channelMessages(channel.id), { body: { content: 'x' } }));
  expect(await post(channelWith(['ViewChannel']))).toBe('403 50001');
  expect(await post(channelWith(['SendMessages']))).toBe('403 50013');
  expect(await post(text)).toBe('accepted');
});

test('own nickname; other members need permission, voice and the right guild', async () => {
  const { world } = simulator;
  await rest.patch(Routes.guildMember(guild.id, '@me'), { body: { nick: '[REC] bot' } });
  expect(world.member(guild.id, application.botUserId).nick).toBe('[REC] bot');
  const human = world.createUser('ada');
  world.addMember(guild.id, human.id);
  const move = (channel_id: string | null) =>
    refusal(rest.patch(Routes.guildMember(guild.id, human.id), { body: { channel_id } }));
  expect(await move(talk.id)).toBe('403 50013');
  world.grant(guild.id, application.botUserId, parsePermissions(['MoveMembers']));
  expect(await move(talk.id)).toBe('400 40032');
  const other = world.createChannel(guild.id, 'voice', { name: 'other' });
  world.voice.enter(other.id, human.id, {}, 'self');
  expect(await move(text.id)).toBe('400 50024');
  expect(await move(talk.id)).toBe('accepted');
  expect(world.voice.get(guild.id, human.id)?.channelId).toBe(talk.id);
  expect(await move(null)).toBe('accepted');
  expect(world.voice.get(guild.id, human.id)).toBeUndefined();
});

test('commands are replaced as a whole, keep their ids, and are checked', async () => {
  const route = Routes.applicationGuildCommands(application.id, guild.id);
  const put = (body: unknown) => rest.put(route, { body }) as Promise<{ id: string; name: string }[]>;
  const [first] = await put([{ name: 'call', description: 'Calls' }]);
  const [again] = await put([{ name: 'call', description: 'Calls again' }]);
  expect(again?.id).toBe(first?.id);
  expect(await rest.get(route)).toMatchObject([{ name: 'call', description: 'Calls again', guild_id: guild.id }]);
  expect(await rest.get(Routes.applicationCommands(application.id))).toEqual([]);
  expect(await refusal(put([{ name: 'not a name', description: 'x' }]))).toBe('400 50035');
  const option = { type: 3, name: 'a', description: 'x' };
  const options = [option, { ...option, name: 'b', required: true }];
  expect(await refusal(put([{ name: 'call', description: 'x', options }]))).toBe('400 50035');
  expect(await rest.get(route)).toHaveLength(1);
});
