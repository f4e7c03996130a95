import { AuditLogEvent, GatewayIntentBits, Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../../control/client.ts';
import { BotClient } from '../../testing/bot-client.ts';
import { formErrors, type RestScene, refusal, startRestScene } from '../../testing/rest-scene.ts';

let scene: RestScene;
beforeEach(async () => {
  scene = await startRestScene();
});
afterEach(() => scene.simulator.close());

interface AuditLog {
  audit_log_entries: {
    action_type: number;
    target_id: string | null;
    options?: unknown;
    reason?: string;
    changes?: unknown;
  }[];
  users: { id: string }[];
}
const auditLog = (query: Record<string, string> = {}) =>
  scene.rest.get(Routes.guildAuditLog(scene.guild.id), { query: new URLSearchParams(query) }) as Promise<AuditLog>;

test('channels: created, changed, reordered, overwritten, deleted; the bot hears of each', async () => {
  const { rest, guild, world, simulator, application } = scene;
  const create = (body: object) => rest.post(Routes.guildChannels(guild.id), { body }) as Promise<{ id: string }>;
  expect(await refusal(create({ name: 'x' }))).toBe('403 50013');
  scene.grant('ManageChannels', 'ManageRoles');
  const client = await new BotClient(simulator.apiUrl, application.token, GatewayIntentBits.Guilds).start();
  const category = await create({ name: 'Area', type: 4 });
  const text = await create({ name: 'My Chat', topic: 't', parent_id: category.id, nsfw: true });
  expect(text).toMatchObject({ name: 'my-chat', type: 0, topic: 't', parent_id: category.id, nsfw: true });
  const stage = await create({ name: 'Stage', type: 13, bitrate: 32_000, user_limit: 9 });
  expect(stage).toMatchObject({ type: 13, bitrate: 32_000, user_limit: 9 });
  expect(await formErrors(create({ name: '', type: 7, rate_limit_per_user: 99_999 }))).toEqual([
    'rate_limit_per_user NUMBER_TYPE_MAX',
    'name BASE_TYPE_REQUIRED',
    'type BASE_TYPE_CHOICES',
  ]);
  expect(await formErrors(create({ name: 'x', parent_id: text.id }))).toEqual([
    'parent_id CHANNEL_PARENT_INVALID_TYPE',
  ]);
  expect(await rest.patch(Routes.channel(text.id), { body: { topic: null, rate_limit_per_user: 5 } })).toMatchObject({
    topic: null,
    rate_limit_per_user: 5,
  });
  await rest.patch(Routes.guildChannels(guild.id), {
    body: [
      { id: stage.id, position: 0 },
      { id: text.id, parent_id: null },
    ],
  });
  expect(world.channel(text.id).parentId).toBeNull();
  const overwrite = Routes.channelPermission(text.id, guild.id);
  await rest.put(overwrite, { body: { type: 0, deny: '2048' } });
  expect(world.channel(text.id).overwrites).toEqual([{ id: guild.id, type: 'role', allow: 0n, deny: 2048n }]);
  expect(await refusal(rest.put(overwrite, { body: { type: 0, allow: '8' } }))).toBe('403 50013');
  await rest.delete(overwrite);
  await rest.delete(Routes.channel(text.id));
  expect(await refusal(rest.get(Routes.channel(text.id)))).toBe('404 10003');
  await client.when(() => client.all('CHANNEL_DELETE').length === 1);
  expect(client.all('CHANNEL_CREATE').map(({ id }) => id)).toEqual([category.id, text.id, stage.id]);
  expect(client.all('CHANNEL_UPDATE').length).toBe(5);
  await client.stop();
});

test('roles: made within what the bot has, changed and given only below it', async () => {
  const { rest, guild, world } = scene;
  const ada = scene.member('ada');
  const above = world.roles.create(guild.id, { name: 'above', position: 99 });
  const create = (body: object) => rest.post(Routes.guildRoles(guild.id), { body }) as Promise<{ id: string }>;
  expect(await refusal(create({}))).toBe('403 50013');
  scene.grant('ManageRoles');
  const role = await create({ name: 'team', color: 255, permissions: '2048', mentionable: true });
  expect(role).toMatchObject({ name: 'team', color: 255, permissions: '2048', position: 1 });
  expect(await refusal(create({ permissions: '8' }))).toBe('403 50013');
  expect(await rest.patch(Routes.guildRole(guild.id, role.id), { body: { name: 'crew' } })).toMatchObject({
    name: 'crew',
    color: 255,
  });
  const give = (id: string) => refusal(rest.put(Routes.guildMemberRole(guild.id, ada, id)));
  expect([await give(role.id), await give(above.id), await give('1')]).toEqual(['accepted', '403 50013', '404 10011']);
  expect(world.member(guild.id, ada).roleIds).toEqual([role.id]);
  expect(await refusal(rest.delete(Routes.guildRole(guild.id, guild.id)))).toBe('400 50028');
  await rest.delete(Routes.guildRole(guild.id, role.id));
  expect(world.member(guild.id, ada).roleIds).toEqual([]);
});

test('members: found, renamed, timed out, kicked and banned, unless they stand above', async () => {
  const { rest, guild, world, application } = scene;
  const ada = scene.member('ada');
  const boss = scene.member('adam');
  scene.grant('ManageNicknames', 'ModerateMembers', 'KickMembers', 'BanMembers', 'ViewAuditLog');
  world.updateMember(guild.id, boss, { roleIds: [world.roles.create(guild.id, { position: 99 }).id] });
  const query = new URLSearchParams({ query: 'AD', limit: '10' });
  expect(await rest.get(Routes.guildMembersSearch(guild.id), { query })).toMatchObject([
    { user: { id: ada } },
    { user: { id: boss } },
  ]);
  const modify = (user: string, body: object) =>
    rest.patch(Routes.guildMember(guild.id, user), { body, reason: 'naïve' });
  expect(await refusal(modify(boss, { nick: 'x' }))).toBe('403 50013');
  expect(await modify(ada, { nick: 'Ada' })).toMatchObject({ nick: 'Ada' });
  const until = new Date(Date.now() + 60_000).toISOString();
  expect(await modify(ada, { communication_disabled_until: until })).toMatchObject({
    communication_disabled_until: until,
  });
  expect(world.channelPermissionsOf(scene.text.id, ada)).toBe(0x400n | 0x10000n);
  const late = new Date(Date.now() + 29 * 86_400_000).toISOString();
  expect(await formErrors(modify(ada, { communication_disabled_until: late }))).toEqual([
    'communication_disabled_until GUILD_MEMBER_TIMEOUT_TOO_LONG',
  ]);
  expect(await refusal(rest.delete(Routes.guildMember(guild.id, guild.ownerId)))).toBe('403 50013');
  await rest.delete(Routes.guildMember(guild.id, ada), { reason: 'rude' });
  expect(await refusal(rest.put(Routes.guildBan(guild.id, boss), { body: {} }))).toBe('403 50013');
  await rest.put(Routes.guildBan(guild.id, ada), { body: { delete_message_seconds: 60 }, reason: 'very rude' });
  expect(await rest.get(Routes.guildBan(guild.id, ada))).toMatchObject({ reason: 'very rude', user: { id: ada } });
  expect(() => world.addMember(guild.id, ada)).toThrow('banned');
  await rest.delete(Routes.guildBan(guild.id, ada));
  expect(await refusal(rest.get(Routes.guildBan(guild.id, ada)))).toBe('404 10026');
  const { audit_log_entries: entries, users } = await auditLog();
  expect(entries.map(({ action_type }) => action_type)).toEqual([
    AuditLogEvent.MemberBanRemove,
    AuditLogEvent.MemberBanAdd,
    AuditLogEvent.MemberKick,
    AuditLogEvent.MemberUpdate,
    AuditLogEvent.MemberUpdate,
  ]);
  expect(entries[4]).toMatchObject({ reason: 'naïve', changes: [{ key: 'nick', old_value: null, new_value: 'Ada' }] });
  expect(users.map(({ id }) => id).sort()).toEqual([application.botUserId, ada].sort());
  expect((await auditLog({ action_type: '20', limit: '1' })).audit_log_entries).toMatchObject([
    { target_id: ada, reason: 'rude' },
  ]);
});

test('moves and disconnections in the audit log: no target, counted in one entry', async () => {
  const { rest, guild, world, talk, simulator } = scene;
  scene.grant('MoveMembers', 'ViewAuditLog');
  const other = world.createChannel(guild.id, 'voice', { name: 'other' });
  const people = ['ada', 'ben', 'cy'].map(scene.member);
  for (const id of people) world.voice.enter(talk.id, id, {}, 'self');
  for (const id of people) await rest.patch(Routes.guildMember(guild.id, id), { body: { channel_id: other.id } });
  for (const id of people.slice(1)) await rest.patch(Routes.guildMember(guild.id, id), { body: { channel_id: null } });
  await new SimControl(simulator.controlUrl).disconnect(guild.id, people[0] ?? '');
  const { audit_log_entries: entries } = await auditLog();
  expect(entries).toMatchObject([
    { action_type: AuditLogEvent.MemberDisconnect, user_id: guild.ownerId, target_id: null, options: { count: '1' } },
    { action_type: AuditLogEvent.MemberDisconnect, target_id: null, options: { count: '2' } },
    { action_type: AuditLogEvent.MemberMove, target_id: null, options: { count: '3', channel_id: other.id } },
  ]);
  const window = 10 * 60_000;
  world.auditLog.addVoiceMove(guild.id, guild.ownerId, null, Date.now() + window);
  expect((await auditLog({ user_id: guild.ownerId })).audit_log_entries).toHaveLength(2);
});

test('threads: from a message or not, archived, locked, joined; only who may see them hears of them', async () => {
  const { rest, text, world, guild, simulator, application } = scene;
  const client = await new BotClient(
    simulator.apiUrl,
    application.token,
    GatewayIntentBits.Guilds | GatewayIntentBits.GuildMessages,
  ).start();
  const message = (await rest.post(Routes.channelMessages(text.id), { body: { content: 'x' } })) as { id: string };
  const fromMessage = () => rest.post(Routes.threads(text.id, message.id), { body: { name: 'about x' } });
  expect(await fromMessage()).toMatchObject({
    id: message.id,
    type: 11,
    parent_id: text.id,
    owner_id: application.botUserId,
  });
  expect(await refusal(fromMessage())).toBe('400 160004');
  expect(await client.next('THREAD_CREATE')).toMatchObject({
    id: message.id,
    newly_created: true,
    member: { user_id: application.botUserId },
  });
  expect(await rest.get(Routes.guildActiveThreads(guild.id))).toMatchObject({
    threads: [{ id: message.id }],
    members: [{ id: message.id }],
  });

  const change = (body: object) => rest.patch(Routes.channel(message.id), { body });
  expect(await change({ archived: true })).toMatchObject({ thread_metadata: { archived: true } });
  expect(await refusal(change({ name: 'y' }))).toBe('400 50083');
  await rest.post(Routes.channelMessages(message.id), { body: { content: 'in it' } });
  expect(world.channel(message.id).thread?.archived).toBe(false);
  expect(await refusal(change({ locked: true }))).toBe('403 50013');
  const hidden = world.channels.createThread(text.id, guild.ownerId, { name: 'hidden', private: true });
  expect(await refusal(rest.get(Routes.channel(hidden.id)))).toBe('403 50001');
  world.messages.create(hidden.id, guild.ownerId, { content: 'not for you' });
  world.channels.joinThread(hidden.id, application.botUserId);
  const seen = world.messages.create(hidden.id, guild.ownerId, { content: 'for you' });
  expect(await rest.get(Routes.channel(hidden.id))).toMatchObject({ type: 12 });
  expect(await rest.get(Routes.threadMembers(hidden.id))).toHaveLength(2);
  await rest.delete(Routes.threadMembers(hidden.id, '@me'));
  await client.when(() => client.all('THREAD_MEMBERS_UPDATE').length === 2);
  await client.when(() => client.all('MESSAGE_CREATE').some(({ id }) => id === seen.id));
  const inHidden = client.all('MESSAGE_CREATE').filter(({ channel_id }) => channel_id === hidden.id);
  expect(inHidden.map(({ id }) => id)).toEqual([seen.id]);
  expect(client.all('THREAD_CREATE')).toHaveLength(1);
  scene.grant('ManageThreads');
  await rest.delete(Routes.channel(message.id));
  expect(await client.next('THREAD_DELETE')).toMatchObject({ id: message.id, parent_id: text.id });
  await client.stop();
});

test('moderation, webhooks, reactions and typing reach those who asked and may', async () => {
  const { rest, text, world, guild, simulator, application } = scene;
  const { GuildModeration, GuildMessageReactions, GuildMessageTyping, GuildWebhooks } = GatewayIntentBits;
  scene.grant('ViewAuditLog', 'BanMembers', 'ManageWebhooks', 'AddReactions', 'ManageMessages');
  const intents = GuildModeration | GuildMessageReactions | GuildMessageTyping | GuildWebhooks;
  const client = await new BotClient(simulator.apiUrl, application.token, intents).start();
  const deaf = await new BotClient(simulator.apiUrl, application.token, GatewayIntentBits.GuildMessages).start();
  const ada = scene.member('ada');
  await rest.put(Routes.guildBan(guild.id, ada), { body: {} });
  await rest.post(Routes.channelWebhooks(text.id), { body: { name: 'x' } });
  const message = world.messages.create(text.id, guild.ownerId, { content: 'x' });
  await rest.put(Routes.channelMessageOwnReaction(text.id, message.id, encodeURIComponent('👍')));
  await rest.post(Routes.channelTyping(text.id));
  expect(await client.next('TYPING_START')).toMatchObject({ channel_id: text.id, user_id: application.botUserId });
  expect(await client.next('GUILD_BAN_ADD')).toMatchObject({ guild_id: guild.id, user: { id: ada } });
  expect(await client.next('GUILD_AUDIT_LOG_ENTRY_CREATE')).toMatchObject({ target_id: ada, action_type: 22 });
  expect(await client.next('WEBHOOKS_UPDATE')).toMatchObject({ channel_id: text.id });
  expect(await client.next('MESSAGE_REACTION_ADD')).toMatchObject({ emoji: { name: '👍' }, message_id: message.id });
  world.messages.delete(message.id);
  await deaf.next('MESSAGE_DELETE');
  expect(deaf.events.map(({ t }) => t)).toEqual(['READY', 'MESSAGE_CREATE', 'MESSAGE_DELETE']);
  await Promise.all([client.stop(), deaf.stop()]);
});

test('the stage: everybody begins in the audience; who may mute lets them speak', async () => {
  const { rest, world, guild, application } = scene;
  const stage = world.createChannel(guild.id, 'stage', { name: 'stage' });
  const own = Routes.guildVoiceState(guild.id);
  expect(await refusal(rest.get(own))).toBe('404 10065');
  world.voice.enter(stage.id, application.botUserId, {}, 'self');
  expect(await rest.get(own)).toMatchObject({ channel_id: stage.id, suppress: true });
  const speak = () => refusal(rest.patch(own, { body: { channel_id: stage.id, suppress: false } }));
  expect(await speak()).toBe('403 50013');
  scene.grant('MuteMembers');
  expect(await speak()).toBe('accepted');
  expect(await rest.get(own)).toMatchObject({ suppress: false });
});

test('the guild itself, invites and regions', async () => {
  const { rest, guild, talk } = scene;
  const query = new URLSearchParams({ with_counts: 'true' });
  expect(await rest.get(Routes.guild(guild.id), { query })).toMatchObject({ approximate_member_count: 2 });
  expect(await rest.get(Routes.guildPreview(guild.id))).toMatchObject({ id: guild.id, approximate_member_count: 2 });
  expect(await refusal(rest.patch(Routes.guild(guild.id), { body: { name: 'new' } }))).toBe('403 50013');
  scene.grant('ManageGuild');
  expect(await rest.patch(Routes.guild(guild.id), { body: { name: 'new' } })).toMatchObject({ name: 'new' });
  const { code } = (await rest.post(Routes.channelInvites(talk.id), { body: {} })) as { code: string };
  expect(await rest.get(Routes.invite(code))).toMatchObject({ channel: { id: talk.id }, guild: { name: 'new' } });
  expect(await refusal(rest.get(Routes.invite('nothing')))).toBe('404 10006');
  expect(await rest.get(Routes.voiceRegions())).toHaveLength(1);
});
