import { DiscordAPIError, REST } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../simulator.ts';
import { SilentVoice } from '../../testing/silent-voice.ts';
import type { Application } from '../../world/model.ts';

let simulator: Simulator;
let application: Application;
let rest: REST;
let route: `/${string}`;

beforeEach(async () => {
  simulator = await startSimulator({ voiceServer: new SilentVoice(), clips: new Map() });
  application = simulator.world.createApplication({ name: 'bot' });
  rest = new REST({ version: '10', api: simulator.apiUrl, retries: 0 }).setToken(application.token);
  route = Routes.applicationCommands(application.id);
});
afterEach(() => simulator.close());

interface Command {
  id: string;
  name: string;
  version: string;
}
const post = (body: unknown) => rest.post(route, { body }) as Promise<Command>;
/** `path code` of each wrong field. */
async function faults(promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DiscordAPIError)) throw error ?? new Error('it was accepted');
  const { errors, code } = error.rawError as { errors?: unknown; code: number };
  if (errors === undefined) return [String(code)];
  const walk = (node: object, path: string[]): string[] =>
    Object.entries(node).flatMap(([key, inner]) =>
      key === '_errors'
        ? (inner as { code: string }[]).map((entry) => `${path.join('.')} ${entry.code}`.trim())
        : walk(inner, [...path, key]),
    );
  return walk(errors as object, []);
}
const slash = (more: object = {}) => ({ name: 'call', description: 'x', ...more });
const option = (more: object = {}) => ({ type: 3, name: 'a', description: 'x', ...more });
const withOptions = (...options: object[]) => faults(post(slash({ options })));

test('a command is made, overwritten by name, changed, read and deleted; ids stay', async () => {
  const created = await fetch(`${simulator.apiUrl}/v10${route}`, {
    method: 'POST',
    headers: { authorization: `Bot ${application.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(slash({ name_localizations: { de: 'anruf' }, dm_permission: false })),
  });
  expect(created.status).toBe(201);
  const { id, version } = (await created.json()) as Command;
  const again = await post(slash({ description: 'again', name_localizations: { de: 'anruf' } }));
  expect(again).toMatchObject({ id, description: 'again', contexts: null, integration_types: [0], nsfw: false });
  expect(again.version).not.toBe(version);
  const one = `${route}/${id}` as const;
  expect(await rest.patch(one, { body: { contexts: [0], nsfw: true } })).toMatchObject({
    id,
    name: 'call',
    description: 'again',
    contexts: [0],
    nsfw: true,
  });
  expect(await rest.get(one)).toMatchObject({ name_localizations: { de: 'anruf' } });
  const [listed] = (await rest.get(route)) as object[];
  expect(listed).not.toHaveProperty('name_localizations');
  expect(await rest.get(route, { query: new URLSearchParams({ with_localizations: 'true' }) })).toMatchObject([
    { name_localizations: { de: 'anruf' } },
  ]);
  const other = await post(slash({ name: 'other' }));
  const renamed = rest.patch(`${route}/${other.id}`, { body: { name: 'call' } });
  expect(await faults(renamed)).toEqual(['name APPLICATION_COMMANDS_DUPLICATE_NAME']);
  await rest.delete(one);
  expect(await faults(rest.get(one))).toEqual(['10063']);
  expect(await faults(rest.get(Routes.applicationGuildCommands(application.id, '1')))).toEqual(['50001']);
  expect(await faults(rest.get(Routes.applicationCommands('1')))).toEqual(['20012']);
});

test('names, descriptions and translations are checked by type of command', async () => {
  for (const name of ['Call', 'two words', 'a!', ''])
    expect(await faults(post(slash({ name }))), name).toEqual([expect.stringMatching(/^name /)]);
  expect(await faults(post({ name: 'call' }))).toEqual(['description BASE_TYPE_REQUIRED']);
  expect(await faults(post(slash({ description: 'x'.repeat(101) })))).toEqual(['description BASE_TYPE_BAD_LENGTH']);
  const name_localizations = { xx: 'anruf', de: 'Anruf' };
  expect((await faults(post(slash({ name_localizations })))).sort()).toEqual([
    'name_localizations.de APPLICATION_COMMAND_INVALID_NAME',
    'name_localizations.xx BASE_TYPE_CHOICES',
  ]);
  expect(await post({ type: 2, name: 'Show profile' })).toMatchObject({ type: 2, description: '' });
  expect(await faults(post({ type: 3, name: 'Quote', description: 'x' }))).toEqual([
    'description APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_NOT_ALLOWED',
  ]);
  expect(await faults(post(slash({ contexts: [3], default_member_permissions: 'x' })))).toEqual([
    'default_member_permissions BASE_TYPE_CONVERT',
    'contexts.0 BASE_TYPE_CHOICES',
  ]);
});

test('options: order, nesting, choices and ranges are refused at the field', async () => {
  expect(await withOptions(option(), option({ name: 'b', required: true }))).toEqual([
    'options.1 APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
  ]);
  expect(await withOptions(option(), option())).toEqual([
    'options.1.name APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS',
  ]);
  const sub = { type: 1, name: 's', description: 'x' };
  expect(await withOptions(sub, option())).toEqual(['options APPLICATION_COMMAND_OPTIONS_TYPE_INVALID']);
  const group = (...options: object[]) => ({ type: 2, name: 'g', description: 'x', options });
  expect(await withOptions(group(group(sub)))).toContainEqual(expect.stringMatching(/^options.0.options.0.type /));
  expect(await withOptions({ ...sub, options: [sub] })).toEqual([expect.stringMatching(/^options.0.options.0.type /)]);
  const choices = Array.from({ length: 26 }, (_, index) => ({ name: `${index}`, value: `${index}` }));
  expect(await withOptions(option({ choices }))).toEqual(['options.0.choices BASE_TYPE_MAX_LENGTH']);
  expect(await withOptions(option({ choices: choices.slice(0, 1), autocomplete: true }))).toEqual([
    'options.0.choices APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE',
  ]);
  expect(await withOptions(option({ type: 4, choices: [{ name: 'a', value: 'a' }] }))).toEqual([
    'options.0.choices.0.value BASE_TYPE_CONVERT',
  ]);
  expect(await withOptions(option({ min_length: 5, max_length: 4 }))).toEqual([
    'options.0.max_length APPLICATION_COMMAND_OPTIONS_RANGE_INVALID',
  ]);
  expect(await withOptions(option({ type: 7, channel_types: [99] }))).toEqual([
    expect.stringMatching(/^options.0.channel_types.0 /),
  ]);
  const many = Array.from({ length: 26 }, (_, index) => option({ name: `o${index}` }));
  expect(await withOptions(...many)).toEqual(['options BASE_TYPE_MAX_LENGTH']);
  const deep = await post(slash({ options: [group({ ...sub, options: [option({ required: true })] })] }));
  expect(deep).toMatchObject({ options: [{ options: [{ options: [{ name: 'a', required: true }] }] }] });
});

test('numbers and size have limits; a bulk overwrite is all or nothing', async () => {
  const put = (...body: object[]) => rest.put(route, { body }) as Promise<Command[]>;
  const [kept] = await put(slash());
  const many = (count: number) => Array.from({ length: count }, (_, index) => slash({ name: `c${index}` }));
  expect(await faults(put(...many(101)))).toEqual(['30032']);
  expect(await faults(put(slash(), slash()))).toEqual(['1.name APPLICATION_COMMANDS_DUPLICATE_NAME']);
  const choices = Array.from({ length: 25 }, (_, index) => ({
    name: `${index}`.padEnd(100, 'x'),
    value: 'v'.repeat(99),
  }));
  const big = [option({ choices }), option({ name: 'b', choices })];
  expect(await faults(put(slash({ options: big })))).toEqual(['0 APPLICATION_COMMAND_TOO_LARGE']);
  const menus = Array.from({ length: 16 }, (_, index) => ({ type: 2, name: `Menu ${index}` }));
  expect(await faults(put(...menus))).toEqual(['30032']);
  expect(await rest.get(route)).toMatchObject([{ id: kept?.id }]);
  expect(await put(...many(100), ...menus.slice(1))).toHaveLength(115);
});
