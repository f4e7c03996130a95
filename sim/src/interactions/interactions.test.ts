import { REST } from '@discordjs/rest';
import { GatewayDispatchEvents as Event, GatewayIntentBits, Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl, SimControlError } from '../control/client.ts';
import { type Simulator, startSimulator } from '../simulator.ts';
import { BotClient } from '../testing/bot-client.ts';
import { SilentVoice } from '../testing/silent-voice.ts';
import { WebApplication } from '../testing/web-application.ts';
import { variants } from './signature.ts';

let now: number;
let simulator: Simulator;
let control: SimControl;
let web: WebApplication;
let rest: REST;
let application: Awaited<ReturnType<SimControl['createApplication']>>;
let guildId: string;
let textId: string;
let userId: string;
let where: { applicationId: string; channelId: string; userId: string };

beforeEach(async () => {
  now = 1_800_000_000_000;
  const interactions = { now: () => now, answerLimitMs: 1_000 };
  simulator = await startSimulator({ voiceServer: new SilentVoice(), clips: new Map(), interactions });
  control = new SimControl(simulator.controlUrl);
  web = new WebApplication();
  application = await control.createApplication({ name: 'bot', interactionsUrl: await web.listen() });
  web.publicKey = application.publicKey;
  rest = new REST({ version: '10', api: simulator.apiUrl, retries: 0 }).setToken(application.token);
  ({ guildId } = await control.createGuild({ name: 'guild' }));
  await control.addBot(guildId, application.botUserId);
  textId = (await control.createTextChannel(guildId, { name: 'chat' })).channelId;
  userId = (await control.createMember(guildId, { name: 'ada' })).userId;
  where = { applicationId: application.applicationId, channelId: textId, userId };
});
afterEach(async () => {
  await web.close();
  await simulator.close();
});

const register = (...commands: object[]) =>
  rest.put(Routes.applicationCommands(application.applicationId), { body: commands });
/** The code of a refusal, of the control server or of REST. */
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof SimControlError || (error instanceof Error && 'code' in error)) return error.code;
      throw error;
    },
  );
const callback = (type: number, data?: unknown) =>
  codeOf(rest.post(Routes.interactionCallback(web.last.id, web.last.token), { body: { type, data }, auth: false }));
const row = (...components: object[]) => [{ type: 1, components }];
const button = { type: 2, style: 1, label: 'Go', custom_id: 'go' };

test('options are checked before anything is sent, and sent with what is behind the ids', async () => {
  const options = [
    { type: 8, name: 'role', description: 'x', required: true },
    { type: 3, name: 'word', description: 'x', min_length: 2, max_length: 4 },
    { type: 3, name: 'pick', description: 'x', choices: [{ name: 'A', value: 'a' }] },
    { type: 4, name: 'count', description: 'x', min_value: 1, max_value: 3 },
    { type: 7, name: 'where', description: 'x', channel_types: [2] },
    { type: 9, name: 'who', description: 'x' },
    { type: 11, name: 'file', description: 'x' },
  ];
  await register({ name: 'set', description: 'x', options });
  const role = { name: 'role', value: guildId };
  const refused = async (...given: { name: string; value?: string | number }[]) =>
    codeOf(control.command({ ...where, name: 'set', options: given }));
  expect(await refused()).toBe('missing_option');
  expect(await refused(role, { name: 'none', value: 1 })).toBe('unknown_option');
  for (const [name, value] of [
    ['word', 'x'],
    ['word', 'xxxxx'],
    ['pick', 'b'],
    ['count', 4],
    ['count', 1.5],
    ['where', textId],
    ['who', '1'],
    ['file', '0'],
  ] as const)
    expect(await refused(role, { name, value }), name).toBe('invalid_option');
  expect(await codeOf(control.command({ ...where, name: 'other' }))).toBe('unknown_command');
  expect(web.received).toEqual([]);

  const result = await control.command({
    ...where,
    name: 'set',
    options: [role, { name: 'who', value: userId }, { name: 'count', value: 2 }, { name: 'file', value: 'f' }],
    attachments: [{ id: 'f', filename: 'a.txt', size: 3 }],
  });
  expect(result).toMatchObject({ outcome: 'message', message: { content: 'done' } });
  const { data, ...envelope } = web.last;
  expect(envelope).toMatchObject({ context: 0, guild_id: guildId, authorizing_integration_owners: { 0: guildId } });
  const { attachments, ...resolved } = (data?.resolved ?? {}) as { attachments?: Record<string, unknown> };
  expect(resolved).toMatchObject({ roles: { [guildId]: {} }, users: { [userId]: {} }, members: { [userId]: {} } });
  expect(Object.values(attachments ?? {})).toMatchObject([{ filename: 'a.txt', ephemeral: true }]);
  expect(data?.options).toMatchObject([{ type: 8 }, { type: 9 }, { type: 4, value: 2 }, { type: 11 }]);
});

test('contexts, installs, permissions and age restriction decide who is offered a command where', async () => {
  await register(
    { name: 'guild', description: 'x', contexts: [0] },
    { name: 'anywhere', description: 'x', contexts: [0, 1, 2], integration_types: [0, 1] },
    { name: 'admin', description: 'x', default_member_permissions: '32' },
    { name: 'adult', description: 'x', nsfw: true },
    { name: 'Inspect', type: 2 },
    { name: 'Quote', type: 3 },
  );
  const run = (name: string, channelId = textId) => codeOf(control.command({ ...where, channelId, name }));
  expect(await run('admin')).toBe('missing_user_permissions');
  await control.grant(guildId, userId, ['ManageGuild']);
  expect(await run('admin')).toBe('accepted');
  expect(await run('adult')).toBe('nsfw_only');
  const { channelId: restricted } = await control.createTextChannel(guildId, { name: 'adults', nsfw: true });
  expect(await run('adult', restricted)).toBe('accepted');

  const direct = (await control.openDirectMessage(application.botUserId, userId)).channelId;
  expect(await run('guild', direct)).toBe('wrong_context');
  const answered = await control.command({ ...where, channelId: direct, name: 'anywhere' });
  expect(web.last).toMatchObject({ context: 1, user: { id: userId }, channel: { type: 1 } });
  expect(web.last).not.toHaveProperty('member');
  expect(await control.messages(direct)).toMatchObject([{ id: answered.message?.id, visibleTo: null }]);

  const other = await control.createApplication({ name: 'other' });
  const elsewhere = (await control.openDirectMessage(other.botUserId, userId)).channelId;
  expect(await run('anywhere', elsewhere)).toBe('not_installed');
  await control.installForUser(application.applicationId, userId);
  expect(await run('anywhere', elsewhere)).toBe('accepted');
  expect(web.last).toMatchObject({ context: 2, authorizing_integration_owners: { 1: userId } });

  await control.contextCommand({ ...where, name: 'Inspect', targetUserId: application.botUserId });
  expect(web.last.data).toMatchObject({ type: 2, target_id: application.botUserId, resolved: { users: {} } });
  const said = await control.say(userId, textId, 'words');
  await control.contextCommand({ ...where, name: 'Quote', targetMessageId: said.id });
  expect(web.last.data).toMatchObject({ type: 3, resolved: { messages: { [said.id]: { content: 'words' } } } });
});

test('buttons and selects of a message: only what is there, enabled and offered; updates change that message', async () => {
  const select = { type: 3, custom_id: 'pick', options: [{ label: 'A', value: 'a' }], min_values: 1 };
  const components = [
    ...row(button, { ...button, custom_id: 'off', disabled: true }),
    ...row(select),
    ...row({ type: 8, custom_id: 'where', channel_types: [0] }),
  ];
  web.answer = () => ({ type: 4, data: { content: 'panel', components } });
  const panel = await control.command({ ...where, name: 'panel' });
  const on = { userId, messageId: panel.message?.id ?? '' };
  expect(await codeOf(control.click({ ...on, customId: 'off' }))).toBe('disabled_component');
  expect(await codeOf(control.click({ ...on, customId: 'none' }))).toBe('unknown_component');
  expect(await codeOf(control.click({ ...on, customId: 'pick' }))).toBe('unknown_component');
  expect(await codeOf(control.select({ ...on, customId: 'pick', values: ['b'] }))).toBe('invalid_values');
  expect(await codeOf(control.select({ ...on, customId: 'pick', values: [] }))).toBe('invalid_values');
  expect(web.received).toHaveLength(1);

  web.answer = () => ({ type: 7, data: { content: 'changed' } });
  const clicked = await control.click({ ...on, customId: 'go' });
  expect(clicked).toMatchObject({ outcome: 'updated', message: { id: on.messageId, content: 'changed' } });
  expect(web.last).toMatchObject({
    type: 3,
    message: { id: on.messageId, components },
    data: { custom_id: 'go', component_type: 2 },
  });
  web.answer = () => ({ type: 6 });
  const chosen = await control.select({ ...on, customId: 'where', values: [textId] });
  expect(chosen).toMatchObject({ outcome: 'deferred_update', message: { id: on.messageId } });
  expect(web.last.data).toMatchObject({ values: [textId], resolved: { channels: { [textId]: { type: 0 } } } });
  await rest.patch(Routes.webhookMessage(application.applicationId, web.last.token), {
    body: { content: 'later', components: [] },
    auth: false,
  });
  expect(await control.messages(textId)).toMatchObject([{ content: 'later', components: [] }]);
  web.answer = () => ({ type: 7 });
  expect(await control.command({ ...where, name: 'panel' })).toMatchObject({ outcome: 'refused', status: 200 });
});

test('a modal is opened, checked as the client does, submitted once; what it was opened from can be updated', async () => {
  const text = { type: 4, style: 1, custom_id: 'name', min_length: 2, max_length: 5 };
  const pick = { type: 3, custom_id: 'pick', required: false, options: [{ label: 'A', value: 'a' }] };
  const labelled = (component: object) => ({ type: 18, label: 'Label', component });
  const modal = { custom_id: 'form', title: 'Form', components: [labelled(text), labelled(pick)] };
  web.answer = ({ type }) => (type === 5 ? { type: 4, data: { content: 'thanks' } } : { type: 9, data: modal });
  const { interactionId, ...opened } = await control.command({ ...where, name: 'form' });
  expect(opened).toMatchObject({ outcome: 'modal', message: null, modal: { customId: 'form', title: 'Form' } });
  const submit = (fields: Record<string, string | string[]>) => control.submitModal({ interactionId, fields });
  expect(await codeOf(submit({}))).toBe('missing_field');
  expect(await codeOf(submit({ name: 'x' }))).toBe('invalid_field');
  expect(await codeOf(submit({ name: 'xx', pick: ['b'] }))).toBe('invalid_values');
  expect(await codeOf(submit({ name: 'xx', more: 'x' }))).toBe('unknown_field');
  expect(await submit({ name: 'Ada', pick: ['a'] })).toMatchObject({ outcome: 'message' });
  expect(web.last.data).toEqual({
    custom_id: 'form',
    components: [
      { type: 18, id: 1, component: { type: 4, id: 2, custom_id: 'name', value: 'Ada' } },
      { type: 18, id: 3, component: { type: 3, id: 4, custom_id: 'pick', values: ['a'] } },
    ],
  });
  expect(await codeOf(submit({ name: 'Ada' }))).toBe('no_modal');

  web.answer = () => ({ type: 4, data: { content: 'panel', components: row(button) } });
  const panel = await control.command({ ...where, name: 'panel' });
  web.answer = ({ type }) => (type === 5 ? { type: 7, data: { content: 'filled' } } : { type: 9, data: modal });
  const click = await control.click({ userId, messageId: panel.message?.id ?? '', customId: 'go' });
  const sent = await control.submitModal({ interactionId: click.interactionId, fields: { name: 'Ada' } });
  expect(sent).toMatchObject({ outcome: 'updated', message: { id: panel.message?.id, content: 'filled' } });
  web.answer = () => ({ type: 9, data: { ...modal, title: '' } });
  const bad = await control.command({ ...where, name: 'form' });
  expect(bad).toMatchObject({ outcome: 'refused', refusal: expect.stringContaining('"title"') });
});

test('autocomplete sends the half-typed option unchecked and takes only choices of its type', async () => {
  const option = { type: 4, name: 'count', description: 'x', required: true, autocomplete: true, min_value: 5 };
  await register({ name: 'set', description: 'x', options: [option, { type: 3, name: 'word', description: 'x' }] });
  web.answer = () => ({ type: 8, data: { choices: [{ name: 'Seven', value: 7 }] } });
  const typing = { ...where, name: 'set', options: [{ name: 'count', value: '1x' }] };
  expect(await control.autocomplete({ ...typing, focused: 'count' })).toMatchObject({
    outcome: 'choices',
    choices: [{ name: 'Seven', value: 7 }],
    message: null,
  });
  expect(web.last).toMatchObject({ type: 4, data: { options: [{ name: 'count', value: '1x', focused: true }] } });
  const word = { ...where, name: 'set', options: [{ name: 'word', value: 'x' }], focused: 'word' };
  expect(await codeOf(control.autocomplete(word))).toBe('not_autocomplete');
  const choices = Array.from({ length: 26 }, (_, index) => ({ name: `${index}`, value: index }));
  for (const wrong of [
    { type: 4, data: { content: 'no' } },
    { type: 8, data: { choices } },
    { type: 8, data: { choices: [{ name: 'Seven', value: '7' }] } },
  ]) {
    web.answer = () => wrong;
    expect(await control.autocomplete({ ...typing, focused: 'count' })).toMatchObject({ outcome: 'refused' });
  }
});

test('an answer by HTTP may be a form with files; where only the person brought the app along, five follow-ups are taken', async () => {
  const form = new FormData();
  form.set('payload_json', JSON.stringify({ type: 4, data: { content: 'with a file' } }));
  form.set('files[0]', new File(['abc'], 'a.txt', { type: 'text/plain' }));
  web.answer = () => form;
  const { guildId: foreign } = await control.createGuild({ name: 'foreign' });
  const { channelId } = await control.createTextChannel(foreign, { name: 'chat' });
  await control.addMember(foreign, userId);
  await control.installForUser(application.applicationId, userId);
  const result = await control.command({ ...where, channelId, name: 'file' });
  expect(result).toMatchObject({ outcome: 'message', message: { content: 'with a file' } });
  expect(simulator.world.messages.get(result.message?.id ?? '').attachments).toMatchObject([
    { filename: 'a.txt', size: 3 },
  ]);
  expect(web.last).toMatchObject({ app_permissions: '0', authorizing_integration_owners: { 1: userId } });
  const post = () =>
    codeOf(
      rest.post(Routes.webhook(application.applicationId, web.last.token), { body: { content: 'x' }, auth: false }),
    );
  for (let count = 0; count < 5; count++) expect(await post()).toBe('accepted');
  expect(await post()).toBe(40094);
});

test('every kind goes out with a bad signature on request, and is answered only when the signature is good', async () => {
  web.answer = () => ({ type: 4, data: { content: 'panel', components: row(button) } });
  const panel = await control.command({ ...where, name: 'panel' });
  for (const variant of variants) {
    const { outcome } = await control.click({ userId, messageId: panel.message?.id ?? '', customId: 'go', variant });
    const taken = variant === 'good' || variant === 'replayed';
    expect(outcome, variant).toBe(taken ? 'message' : 'refused');
  }
});

test('answers: once, in time, of a fitting type; the webhook lives for 15 minutes and then refuses', async () => {
  const { promise: answered, resolve: release } = Promise.withResolvers<unknown>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  web.answer = () => {
    ask();
    return answered;
  };
  const running = control.command({ ...where, name: 'slow' });
  await asked;
  const webhook = () => Routes.webhook(application.applicationId, web.last.token);
  const post = () => codeOf(rest.post(webhook(), { body: { content: 'more' }, auth: false }));
  expect(await post()).toBe(10015);
  expect(await callback(7)).toBe(50035);
  expect(await callback(4, { content: '' })).toBe(50006);
  expect(await callback(5, { flags: 64 })).toBe('accepted');
  expect(await callback(4, { content: 'again' })).toBe(40060);
  release({ type: 4, data: { content: 'too late' } });
  expect(await running).toMatchObject({ outcome: 'deferred', message: { flags: 192, visibleTo: userId } });
  expect(await post()).toBe('accepted');
  expect(await post()).toBe('accepted');
  const { interactionId } = await running;
  const settled = await control.interaction(interactionId);
  expect(settled).toMatchObject({ message: { content: 'more', flags: 64 }, followUps: [{ content: 'more' }] });
  const original = `${webhook()}/messages/@original` as const;
  await rest.delete(original, { auth: false });
  expect(await codeOf(rest.get(original, { auth: false }))).toBe(10008);
  now += 15 * 60_000;
  expect(await post()).toBe(50027);

  const never = new Promise(() => undefined);
  web.answer = () => never;
  expect(await control.command({ ...where, name: 'late' })).toMatchObject({ outcome: 'did_not_respond' });
  expect(await callback(4, { content: 'late' })).toBe(10062);
});

test('an application without a URL gets its interactions over the gateway and answers by the callback route', async () => {
  const { botUserId, token, applicationId } = await control.createApplication({ name: 'gateway bot' });
  await control.addBot(guildId, botUserId);
  expect(await control.command({ ...where, applicationId, name: 'hello' })).toMatchObject({
    outcome: 'did_not_respond',
  });
  const client = await new BotClient(simulator.apiUrl, token, GatewayIntentBits.Guilds).start();
  const running = control.command({ ...where, applicationId, name: 'hello' });
  const interaction = await client.next(Event.InteractionCreate);
  const route = Routes.interactionCallback(String(interaction.id), String(interaction.token));
  const body = { type: 4, data: { content: 'with a file' } };
  const files = [{ name: 'a.txt', data: Buffer.from('abc') }];
  const query = new URLSearchParams({ with_response: 'true' });
  const response = await rest.post(route, { body, files, query, auth: false });
  const { message } = await running;
  expect(response).toMatchObject({
    interaction: { id: interaction.id, type: 2, response_message_id: message?.id, response_message_ephemeral: false },
    resource: { type: 4, message: { content: 'with a file', attachments: [{ filename: 'a.txt' }] } },
  });
  await client.stop();
});
