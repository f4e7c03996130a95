import { Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formErrors, type RestScene, refusal, startRestScene } from '../../testing/rest-scene.ts';
import { discordEpoch } from '../../world/snowflake.ts';

interface Message {
  id: string;
  content: string;
  attachments: { id: string; url: string; filename: string; size: number; width?: number; description?: string }[];
  embeds: { image?: { url: string } }[];
  components: unknown[];
  reactions?: unknown;
}
let scene: RestScene;
let path: `/${string}`;
beforeEach(async () => {
  scene = await startRestScene();
  path = Routes.channelMessages(scene.text.id);
});
afterEach(() => scene.simulator.close());
const send = (body: unknown, files?: { name: string; data: Uint8Array; contentType?: string }[]) =>
  scene.rest.post(path, { body, ...(files ? { files } : {}) }) as Promise<Message>;
const list = (query: Record<string, string>) =>
  scene.rest.get(path, { query: new URLSearchParams(query) }) as Promise<Message[]>;
const contents = (messages: Message[]) => messages.map(({ content }) => content).join('');

test('pages: newest first; before, after and around', async () => {
  const ids: string[] = [];
  for (const content of 'abcdefg') ids.push((await send({ content })).id);
  const at = (content: string) => ids['abcdefg'.indexOf(content)] ?? '';
  expect(contents(await list({ limit: '3' }))).toBe('gfe');
  expect(contents(await list({ limit: '2', before: at('d') }))).toBe('cb');
  expect(contents(await list({ limit: '2', after: at('d') }))).toBe('fe');
  expect(contents(await list({ limit: '3', around: at('d') }))).toBe('edc');
  expect(await formErrors(list({ limit: '101' }))).toEqual(['limit NUMBER_TYPE_MAX']);
});

test('mentions: what the text says, within what is allowed and permitted', async () => {
  const ada = scene.member('ada');
  const role = scene.world.roles.create(scene.guild.id, { name: 'team', mentionable: true });
  const closed = scene.world.roles.create(scene.guild.id, { name: 'closed' });
  const content = `<@${ada}> <@!${ada}> <@&${role.id}> <@&${closed.id}> @everyone <@123>`;
  const shown = { mentions: [{ id: ada }], mention_roles: [role.id], mention_everyone: false };
  expect(await send({ content })).toMatchObject(shown);
  expect(await send({ content, allowed_mentions: { parse: [] } })).toMatchObject({ mentions: [], mention_roles: [] });
  expect(await send({ content, allowed_mentions: { users: [ada] } })).toMatchObject({ ...shown, mention_roles: [] });
  scene.grant('MentionEveryone');
  const all = { mention_roles: [role.id, closed.id], mention_everyone: true };
  expect(await send({ content })).toMatchObject(all);
  expect(await formErrors(send({ content, allowed_mentions: { parse: ['users'], users: [ada] } }))).toEqual([
    'allowed_mentions MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
  ]);
});

test('replies name and mention their author; a nonce that is enforced sends once', async () => {
  const ada = scene.member('ada');
  const question = scene.world.messages.create(scene.text.id, ada, { content: '?' });
  const reply = await send({ content: '!', message_reference: { message_id: question.id } });
  expect(reply).toMatchObject({
    type: 19,
    mentions: [{ id: ada }],
    referenced_message: { id: question.id, content: '?' },
  });
  const silent = { content: '!', message_reference: { message_id: question.id }, allowed_mentions: { parse: [] } };
  expect(await send(silent)).toMatchObject({ mentions: [] });
  const gone = { message_id: '1' };
  expect(await formErrors(send({ content: '!', message_reference: gone }))).toEqual([
    'message_reference REPLIES_UNKNOWN_MESSAGE',
  ]);
  expect(await send({ content: '!', message_reference: { ...gone, fail_if_not_exists: false } })).toMatchObject({
    type: 0,
  });
  const once = { content: 'once', nonce: 'n1', enforce_nonce: true };
  expect((await send(once)).id).toBe((await send(once)).id);
  expect((await send({ ...once, enforce_nonce: false })).id).not.toBe((await send(once)).id);
});

test('embeds: every limit points at its field', async () => {
  const errors = (...embeds: unknown[]) => formErrors(send({ embeds }));
  expect(await errors({ title: 'x'.repeat(257), fields: [{ name: 'a', value: '' }] })).toEqual([
    'embeds.0.title BASE_TYPE_MAX_LENGTH',
    'embeds.0.fields.0.value BASE_TYPE_REQUIRED',
  ]);
  expect(await errors({ url: 'ftp://x.y/z', image: { url: 'nothing' }, color: 0x1000000 })).toEqual([
    'embeds.0.url URL_TYPE_INVALID_SCHEME',
    'embeds.0.color NUMBER_TYPE_MAX',
    'embeds.0.image.url URL_TYPE_INVALID_URL',
  ]);
  const large = { description: 'x'.repeat(3001) };
  expect(await errors(large, large)).toEqual(['embeds.1 MAX_EMBED_SIZE_EXCEEDED']);
  expect(await errors(...Array.from({ length: 11 }, () => ({ title: 'x' })))).toEqual(['embeds BASE_TYPE_MAX_LENGTH']);
  const embed = { title: 'ok', fields: [{ name: 'a', value: 'b' }] };
  expect(await send({ embeds: [embed] })).toMatchObject({
    embeds: [{ type: 'rich', title: 'ok', fields: [{ name: 'a', value: 'b', inline: false }] }],
  });
});

test('files: stored, served, named by attachment://, kept by an edit that lists them; 413 when too large', async () => {
  const png = Buffer.alloc(24);
  png.writeUInt32BE(0x89504e47, 0);
  png.writeUInt32BE(7, 16);
  png.writeUInt32BE(5, 20);
  const files = [
    { name: 'a.png', data: png, contentType: 'image/png' },
    { name: 'b.txt', data: Buffer.from('text'), contentType: 'text/plain' },
  ];
  const embeds = [{ image: { url: 'attachment://a.png' } }];
  const message = await send({ embeds, attachments: [{ id: 0, description: 'a picture' }] }, files);
  const [picture, note] = message.attachments;
  expect(picture).toMatchObject({ filename: 'a.png', description: 'a picture', size: 24, width: 7, height: 5 });
  expect(message.embeds[0]?.image?.url).toBe(picture?.url);
  const served = await fetch(note?.url ?? '');
  expect([served.headers.get('content-type'), await served.text()]).toEqual(['text/plain', 'text']);
  const edit = (body: unknown, more: typeof files = []) =>
    scene.rest.patch(Routes.channelMessage(scene.text.id, message.id), { body, files: more }) as Promise<Message>;
  const added = await edit({ content: 'x' }, [{ name: 'c.txt', data: Buffer.from('c'), contentType: 'text/plain' }]);
  expect(added.attachments.map(({ filename }) => filename)).toEqual(['a.png', 'b.txt', 'c.txt']);
  const kept = await edit({ attachments: [{ id: note?.id }] });
  expect(kept.attachments.map(({ filename }) => filename)).toEqual(['b.txt']);
  const huge = [{ name: 'huge', data: Buffer.alloc(10 * 1024 * 1024 + 1) }];
  expect(await refusal(send({}, huge))).toBe('413 40005');
});

test('bulk deletion, pins and reactions, with their limits and permissions', async () => {
  const { rest, text, application } = scene;
  const ids = await Promise.all(['a', 'b', 'c'].map(async (content) => (await send({ content })).id));
  const bulk = (messages: string[]) => refusal(rest.post(Routes.channelBulkDelete(text.id), { body: { messages } }));
  expect(await bulk(ids)).toBe('403 50013');
  expect(await refusal(rest.put(Routes.channelMessagesPin(text.id, ids[2] ?? '')))).toBe('403 50013');
  scene.grant('ManageMessages');
  expect(await bulk(ids.slice(0, 1))).toBe('400 50016');
  const old = (BigInt(Date.now() - 15 * 86_400_000 - discordEpoch) << 22n).toString();
  expect(await bulk([...ids, old])).toBe('400 50034');
  await rest.put(Routes.channelMessagesPin(text.id, ids[2] ?? ''));
  expect(await rest.get(Routes.channelMessagesPins(text.id))).toMatchObject({
    items: [{ message: { id: ids[2], pinned: true } }],
  });
  expect(await bulk(ids.slice(0, 2))).toBe('accepted');
  expect(contents(await list({}))).toBe('c');

  const [, , id = ''] = ids;
  const own = Routes.channelMessageOwnReaction(text.id, id, encodeURIComponent('👍'));
  await rest.put(own);
  const [shown] = await list({});
  expect(shown?.reactions).toMatchObject([{ emoji: { id: null, name: '👍' }, count: 1, me: true }]);
  const who = Routes.channelMessageReaction(text.id, id, encodeURIComponent('👍'));
  expect(await rest.get(who)).toMatchObject([{ id: application.botUserId }]);
  expect(await refusal(rest.put(Routes.channelMessageOwnReaction(text.id, id, 'thumb')))).toBe('400 10014');
  await rest.delete(own);
  expect((await list({}))[0]?.reactions).toBeUndefined();
});

test('wrong types and flags are named; embeds and files need their permissions', async () => {
  expect(await formErrors(send({ content: 5, tts: 'yes', embeds: {} }))).toEqual([
    'content STRING_TYPE_CONVERT',
    'embeds LIST_TYPE_CONVERT',
    'tts BOOLEAN_TYPE_CONVERT',
  ]);
  expect(await formErrors(send({ content: 'x', flags: 64 }))).toEqual(['flags MESSAGE_FLAGS_INVALID']);
  expect(await send({ content: 'x', flags: 4096 })).toMatchObject({ flags: 4096 });
  const { world, guild, application } = scene;
  for (const role of world.member(guild.id, application.botUserId).roleIds)
    world.roles.update(guild.id, role, { permissions: 0n });
  world.roles.update(guild.id, guild.id, { permissions: 0x400n | 0x800n });
  expect(await refusal(send({ content: 'x' }))).toBe('accepted');
  expect(await refusal(send({ embeds: [{ title: 'x' }] }))).toBe('403 50013');
  expect(await refusal(send({}, [{ name: 'a', data: Buffer.from('a') }]))).toBe('403 50013');
});
