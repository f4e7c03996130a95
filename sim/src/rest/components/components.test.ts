import { Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formErrors, type RestScene, startRestScene } from '../../testing/rest-scene.ts';

let scene: RestScene;
beforeEach(async () => {
  scene = await startRestScene();
});
afterEach(() => scene.simulator.close());

const v2 = 1 << 15;
const send = (body: unknown, files?: { name: string; data: Uint8Array }[]) =>
  scene.rest.post(Routes.channelMessages(scene.text.id), { body, ...(files ? { files } : {}) }) as Promise<{
    id: string;
    components: Record<string, unknown>[];
    attachments: { url: string }[];
  }>;
const errors = (components: unknown[], flags = 0, more: object = {}) =>
  formErrors(send({ content: flags ? undefined : 'x', components, flags, ...more }));
const row = (...components: unknown[]) => ({ type: 1, components });
const button = (custom_id: string, more: object = {}) => ({ type: 2, style: 1, label: 'x', custom_id, ...more });
const select = (more: object = {}) => ({ type: 3, custom_id: 's', options: [{ label: 'a', value: 'a' }], ...more });
const text = (content: string) => ({ type: 10, content });

test('rows: five buttons or one select, unique custom ids, links with addresses', async () => {
  const five = ['a', 'b', 'c', 'd', 'e'].map((id) => button(id));
  const sent = await send({ content: 'x', components: [row(...five), row(select())] });
  expect(sent.components).toMatchObject([
    { type: 1, id: 1, components: [{ id: 2 }, {}, {}, {}, { id: 6 }] },
    { id: 7 },
  ]);
  expect(await errors([row(...five, button('f'))])).toEqual(['components.0.components BASE_TYPE_MAX_LENGTH']);
  expect(await errors([row(button('a'), select())])).toEqual([
    'components.0.components.1 COMPONENT_LAYOUT_WIDTH_EXCEEDED',
  ]);
  expect(await errors([row(button('a')), row(button('a'))])).toEqual([
    'components.1.components.0.custom_id COMPONENT_CUSTOM_ID_DUPLICATED',
  ]);
  expect(await errors([row(button('a', { label: 'x'.repeat(81) }))])).toEqual([
    'components.0.components.0.label BASE_TYPE_MAX_LENGTH',
  ]);
  expect(await errors([row({ type: 2, style: 5, label: 'x' })])).toEqual([
    'components.0.components.0.url BASE_TYPE_REQUIRED',
  ]);
  expect(await errors([row({ type: 2, style: 2, label: 'x' })])).toEqual([
    'components.0.components.0.custom_id BUTTON_COMPONENT_CUSTOM_ID_REQUIRED',
  ]);
  expect(await errors(Array.from({ length: 6 }, (_, index) => row(button(`${index}`))))).toEqual([
    'components BASE_TYPE_MAX_LENGTH',
  ]);
  expect(await errors([row({ type: 4, custom_id: 'i', style: 1, label: 'x' })])).toEqual([
    'components.0.components.0 UNION_TYPE_CHOICES',
  ]);
});

test('selects: options, values and defaults', async () => {
  const options = Array.from({ length: 26 }, (_, index) => ({ label: `${index}`, value: `${index}` }));
  const at = 'components.0.components.0';
  expect(await errors([row(select({ options }))])).toEqual([`${at}.options BASE_TYPE_MAX_LENGTH`]);
  expect(await errors([row(select({ options: [] }))])).toContain(`${at}.options BASE_TYPE_MIN_LENGTH`);
  const twice = [
    { label: 'a', value: 'a' },
    { label: 'b', value: 'a' },
  ];
  expect(await errors([row(select({ options: twice }))])).toEqual([
    `${at}.options.1.value SELECT_COMPONENT_OPTION_VALUE_DUPLICATED`,
  ]);
  expect(await errors([row(select({ min_values: 2, max_values: 1 }))])).toEqual([
    `${at}.min_values SELECT_COMPONENT_INVALID_MIN_VALUES`,
  ]);
  const users = { type: 5, custom_id: 'u', default_values: [{ id: '1', type: 'role' }] };
  expect(await errors([row(users)])).toEqual([`${at}.default_values.0.type BASE_TYPE_CHOICES`]);
  expect(await errors([row({ ...users, default_values: [{ id: '1', type: 'user' }] })])).toEqual(['accepted']);
});

test('components v2: all kinds, files in them, ids around given ones; never with text or embeds', async () => {
  const file = { name: 'a.txt', data: Buffer.from('a') };
  const media = { url: 'https://example.com/a.png' };
  const components = [
    {
      type: 17,
      accent_color: 0xff,
      components: [
        { type: 9, components: [text('a')], accessory: { type: 11, media } },
        { type: 14, spacing: 2 },
      ],
    },
    { type: 12, items: [{ media }] },
    { type: 13, file: { url: 'attachment://a.txt' } },
    { ...text(`hello <@${scene.application.botUserId}>`), id: 3 },
    row(button('a')),
  ];
  const sent = await send({ flags: v2, components }, [file]);
  expect(sent.components).toMatchObject([
    { id: 1, components: [{ id: 2, components: [{ id: 4 }], accessory: { id: 5 } }, { id: 6 }] },
    { id: 7 },
    { id: 8, file: { url: sent.attachments[0]?.url } },
    { id: 3 },
    { id: 9 },
  ]);
  expect(sent).toMatchObject({ flags: v2, content: '', mentions: [{ id: scene.application.botUserId }] });
  const legacy = 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2';
  expect(await errors([text('a')], v2, { content: 'x', embeds: [{ title: 'x' }] })).toEqual([
    `content ${legacy}`,
    `embeds ${legacy}`,
  ]);
  expect(await errors([text('a')])).toEqual(['components.0 UNION_TYPE_CHOICES']);
  const edit = (body: unknown) => formErrors(scene.rest.patch(Routes.channelMessage(scene.text.id, sent.id), { body }));
  expect(await edit({ content: 'x' })).toEqual([`content ${legacy}`]);
  expect(await edit({ components: [text('b')] })).toEqual(['accepted']);
});

test('components v2: forty in all, 4,000 characters, one to three texts in a section', async () => {
  expect(
    await errors(
      Array.from({ length: 40 }, () => text('a')),
      v2,
    ),
  ).toEqual(['accepted']);
  const nested = [{ type: 17, components: Array.from({ length: 40 }, () => text('a')) }];
  expect(await errors(nested, v2)).toEqual(['components COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED']);
  expect(await errors([text('x'.repeat(2001)), text('x'.repeat(2000))], v2)).toEqual([
    'components COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED',
  ]);
  const section = { type: 9, components: Array.from({ length: 4 }, () => text('a')), accessory: button('a') };
  expect(await errors([section], v2)).toEqual(['components.0.components BASE_TYPE_MAX_LENGTH']);
  expect(await errors([{ type: 13, file: { url: 'https://example.com/a' } }], v2)).toEqual([
    'components.0.file.url URL_TYPE_INVALID_SCHEME',
  ]);
  expect(await errors([{ type: 99 }], v2)).toEqual(['components.0 UNION_TYPE_CHOICES']);
});
