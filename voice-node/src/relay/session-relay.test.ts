import type { LegSpec, SessionSpec } from '@patchbay/shared/session-spec';
import { MessageType } from 'discord-api-types/v10';
import { ulid } from 'ulid';
import { beforeEach, expect, test } from 'vitest';
import { instantOf, type RelayEvent, relayEventOf } from './incoming.ts';
import type { Outlet } from './outlet.ts';
import { RateLimit } from './rate-limit.ts';
import { SessionRelay } from './session-relay.ts';

const ids = [ulid(), ulid(), ulid()] as const;
const relay = { anonymous: false, language: 'en' } as const;
const leg = (index: number, more: Partial<LegSpec> = {}): LegSpec => ({
  legId: ids[index] ?? '',
  guildId: `10${index}`,
  channelId: `20${index}`,
  identityId: `50${index}`,
  epoch: 1,
  role: 'party',
  label: `Guild ${index}`,
  relay,
  ...more,
});
const spec = (legs: LegSpec[], more: Partial<SessionSpec> = {}): SessionSpec => ({
  id: ulid(),
  revision: 1,
  mode: 'bridge',
  timeZero: 1,
  legs,
  routes: legs.flatMap((from) =>
    legs.filter((to) => to !== from).map((to): [string, string] => [from.legId, to.legId]),
  ),
  limits: { seconds: 0 },
  ...more,
});
const without = ({ relay: _relay, ...rest }: LegSpec): LegSpec => rest;
const everybody = new Set<string>(ids);

let told: string[];
let failing: boolean;
let failures: string[];
let gate: Promise<void>;
let session: SessionRelay;
const outlet: Outlet = {
  post: async ({ channelId }, content, nonce) => {
    await gate;
    if (failing && content.startsWith('**')) throw new Error('refused');
    told.push(`${channelId} ${content}`);
    return `m${nonce}`;
  },
  edit: async ({ channelId }, messageId, content) => void told.push(`${channelId} edit ${messageId} ${content}`),
  remove: async ({ channelId }, messageId) => void told.push(`${channelId} remove ${messageId}`),
};
const make = () =>
  new SessionRelay({
    sessionId: ulid(),
    outlet,
    channelNames: () => new Map(),
    onFailure: (_error, what) => failures.push(what),
  });
/** Everything that waits is done: lanes have no timers. */
const done = () => new Promise<void>((resolve) => setImmediate(resolve));

beforeEach(() => {
  [told, failures, failing, gate] = [[], [], false, Promise.resolve()];
  session = make();
});

let last = 0;
/** A message written at this second of the test. */
const wrote = (index: number, content: string, at = 0, more: Record<string, unknown> = {}) => {
  last += 1;
  const id = String((BigInt(1_000_000 + at * 1000) << 22n) + BigInt(last));
  const payload = {
    t: 'MESSAGE_CREATE',
    d: {
      id,
      channel_id: `20${index}`,
      guild_id: `10${index}`,
      author: { id: '7', username: 'ada', global_name: 'Ada' },
      content,
      type: MessageType.Default,
      edited_timestamp: null,
      ...more,
    },
  };
  return { id, event: relayEventOf(payload as unknown as Parameters<typeof relayEventOf>[0]) };
};
function send(index: number, content: string, at = 0, more: Record<string, unknown> = {}): string {
  const { id, event } = wrote(index, content, at, more);
  if (event) session.take(`50${index}`, event);
  return id;
}
const edit = (index: number, id: string, content: string, at: number): RelayEvent | null =>
  relayEventOf({
    t: 'MESSAGE_UPDATE',
    d: {
      ...{
        id,
        channel_id: `20${index}`,
        guild_id: `10${index}`,
        author: { id: '7', username: 'ada' },
        content,
        type: 0,
      },
      edited_timestamp: new Date(1_420_070_400_000 + (1_000 + at) * 1000).toISOString(),
    },
  } as unknown as Parameters<typeof relayEventOf>[0]);
/** What was done in a channel, or in all, but for the first words. */
const seen = (channelId = '') =>
  told.filter((line) => line.startsWith(channelId) && !/Text relay:|Inoltro del testo:/.test(line));

test('what is written on one side is read on the other, by name, and nowhere else', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  send(0, 'hello **there**');
  send(1, 'hi', 0, { member: { nick: '*Bo*' } });
  await done();
  expect(told.filter((line) => line.includes('Text relay:'))).toHaveLength(2);
  expect(seen('201')).toEqual(['201 **Ada**: hello \\*\\*there\\*\\*']);
  expect(seen('200')).toEqual(['200 **\\*Bo\\***: hi']);
});

test.each<[string, LegSpec[], Partial<SessionSpec>, ReadonlySet<string>]>([
  ['one side did not opt in', [leg(0), without(leg(1))], {}, everybody],
  ['the other side is a monitor', [leg(0), leg(1, { role: 'monitor' })], {}, everybody],
  ['the other side is on hold', [leg(0), leg(1)], { holds: [ids[1]], routes: [] }, everybody],
  ['the other side does not hear this one', [leg(0), leg(1)], { routes: [[ids[1], ids[0]]] }, everybody],
  ['the other side is not connected yet', [leg(0), leg(1)], {}, new Set([ids[0]])],
])('nothing goes over: %s', async (_why, legs, more, connected) => {
  session.update(spec(legs, more), connected);
  send(0, 'hello');
  await done();
  expect(seen()).toEqual([]);
});

test.each<[string, Record<string, unknown>]>([
  ['a bot', { author: { id: '8', username: 'b', bot: true } }],
  ['a webhook', { webhook_id: '9' }],
  ['Discord itself', { type: MessageType.UserJoin }],
  ['nothing in it', { content: '' }],
  ['a private message', { guild_id: undefined }],
])('not relayed: %s', (_what, more) => {
  expect(wrote(0, 'hello', 0, more).event).toBeNull();
});

test('only the identity of the leg listens', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  const { id, event } = wrote(0, 'hello');
  if (!event) throw new Error('no event');
  session.take('999', event);
  await done();
  expect(seen()).toEqual([]);
  session.take('500', event);
  session.take('500', event);
  session.take('999', { kind: 'deleted', messageIds: [id] });
  await done();
  expect(seen()).toEqual(['201 **Ada**: hello']);
});

test('an anonymous side shows no names, of people or of servers', async () => {
  const anonymous = { relay: { anonymous: true, language: 'en' } as const, label: 'Another server' };
  const mentions = [{ id: '3', username: 'bob', global_name: 'Bob' }];
  session.update(spec([leg(0, anonymous), leg(1, { relay: { anonymous: false, language: 'it' } })]), everybody);
  send(0, 'hello <@3>', 0, { mentions });
  send(1, 'ciao <@3>', 0, { mentions, attachments: [{ id: '1' }] });
  await done();
  expect(seen('201')).toEqual([
    '201 **Qualcuno di là**: hello @qualcuno',
    "201 <@7> Link e file non arrivano dall'altra parte; il resto del testo sì.",
  ]);
  expect(seen('200')).toEqual(['200 **Ada**: ciao @Bob [file not relayed]']);
});

test('of three sides each is named by its server; a one-way route stays one', async () => {
  const legs = [leg(0), leg(1), leg(2)];
  session.update(
    spec(legs, {
      routes: [
        [ids[0], ids[1]],
        [ids[0], ids[2]],
      ],
    }),
    everybody,
  );
  send(0, 'hello');
  send(1, 'not heard');
  await done();
  expect(seen()).toEqual(['201 **Ada** (Guild 0): hello', '202 **Ada** (Guild 0): hello']);
});

test('edits and deletions follow, in order', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  const first = send(0, 'helo');
  await done();
  session.take('500', edit(0, first, 'hello', 1) as RelayEvent);
  // Embeds and pins come as the same edit again.
  session.take('500', edit(0, first, 'hello', 1) as RelayEvent);
  await done();
  session.take('500', { kind: 'deleted', messageIds: [first] });
  session.take('500', edit(0, first, 'again', 2) as RelayEvent);
  await done();
  const copy = `mr${first}`;
  expect(seen()).toEqual(['201 **Ada**: helo', `201 edit ${copy} **ada**: hello`, `201 remove ${copy}`]);
});

test('what is taken back while its post is under way goes too; what waits behind it is never posted', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  await done();
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const [first, second] = [send(0, 'oops'), send(0, 'and oops')];
  await done();
  session.take('500', { kind: 'deleted', messageIds: [first, second] });
  resolve();
  await done();
  expect(seen()).toEqual(['201 **Ada**: oops', `201 remove mr${first}`]);
});

test('the fifth in five seconds is held back and its writer told, once until one goes over again', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  for (const text of ['1', '2', '3', '4', '5', '6']) send(0, text);
  await done();
  expect(seen().filter((line) => line.startsWith('201'))).toHaveLength(4);
  expect(seen().filter((line) => line.startsWith('200'))).toEqual([
    '200 <@7> That was not relayed: 4 messages in 5 seconds go over from here. Write it again in a moment.',
  ]);
  send(0, '7', 5);
  send(1, 'the other side has its own limit', 5);
  for (const text of ['8', '9', '10', '11']) send(0, text, 5);
  await done();
  expect(seen().filter((line) => line.startsWith('201 **'))).toHaveLength(8);
  expect(seen().filter((line) => line.includes('was not relayed'))).toHaveLength(2);
});

test('a writer is told once per call what does not go over', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  send(0, 'https://x.y', 0);
  send(0, 'discord.gg/x', 10, { sticker_items: [{ id: '1' }] });
  await done();
  expect(seen('201')).toEqual(['201 **Ada**: [link removed]', '201 **Ada**: [link removed] [file not relayed]']);
  expect(seen('200')).toEqual([
    '200 <@7> Links and files do not go over to the other side; the rest of your text does.',
  ]);
});

test('a longest message with a longest name fits', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  send(0, '*'.repeat(4_000), 0, { member: { nick: '_'.repeat(32) }, attachments: [{ id: '1' }] });
  await done();
  const [copy = ''] = seen('201');
  expect(copy.slice('201 '.length).length).toBeLessThanOrEqual(2_000);
  expect(copy).toMatch(/… \[file not relayed\]$/);
});

test('a refusal of Discord is told to the writer; the next message is tried again', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  failing = true;
  send(0, 'one');
  await done();
  failing = false;
  send(0, 'two');
  await done();
  expect(seen()).toEqual(['200 <@7> That could not be shown on the other side.', '201 **Ada**: two']);
  expect(failures).toEqual(['a message could not be relayed']);
});

test('a jammed channel takes no more, and the writer is told', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  await done();
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  for (let second = 0; second < 30; second += 1) send(0, 'x', second * 5);
  await done();
  expect(failures).toHaveLength(10);
  resolve();
  await done();
  expect(seen().filter((line) => line.startsWith('201 **'))).toHaveLength(20);
});

test('switched off in mid-call nothing new goes over, what is taken back goes; after the end nothing at all', async () => {
  session.update(spec([leg(0), leg(1)]), everybody);
  const [first, second] = [send(0, 'one'), send(0, 'two')];
  await done();
  session.update(spec([leg(0), without(leg(1))]), everybody);
  send(0, 'three');
  session.take('500', edit(0, first, 'changed', 9) as RelayEvent);
  session.take('500', { kind: 'deleted', messageIds: [first] });
  session.close();
  session.take('500', { kind: 'deleted', messageIds: [second] });
  await done();
  expect(seen()).toEqual(['201 **Ada**: one', '201 **Ada**: two']);
});

test('four within five seconds, by the time that Discord gives', () => {
  const limit = new RateLimit();
  expect([0, 1, 2, 3, 4, 4_999, 5_000, 5_001].map((at) => limit.take(at))).toEqual([
    ...[true, true, true, true, false, false, true, true],
  ]);
  expect(instantOf({ messageId: '175928847299117063', editedAt: null })).toBe(1_462_015_105_796);
});
