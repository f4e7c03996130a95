/** People of two sides read each other. Real processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  active,
  change,
  ended,
  type House,
  makeHouse,
  type Room,
  say,
  startCall,
  told,
  watch,
} from './scenario/calls.ts';
import type { HubWatcher } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

let directory: string;
let stack: Stack;
let watcher: HubWatcher;
let houses: [House, House];
/** Of another bot, which writes into the first channel. */
let secondToken: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-relay-'));
  stack = await Stack.start({ directory, workerSettings: { END_GRACE_MS: '300' } });
  const second = await stack.sim.createApplication({ name: 'Patchbay two' });
  secondToken = second.token;
  const { botUserId } = stack.application;
  houses = [
    await makeHouse(stack.sim, 'Desk', ['Staff'], [botUserId, second.botUserId]),
    await makeHouse(stack.sim, 'Caller', ['Room'], [botUserId]),
  ];
  await stack.startNode('node-1');
  watcher = await watch(stack, houses[0]);
}, 120_000);

afterAll(async () => {
  watcher?.close();
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

test('only where both sides want it; harmless, limited, edits and deletions too; none of bots, none after the call', async () => {
  const { sim } = stack;
  const [desk, caller] = houses;
  const [left, right] = [desk.rooms[0] as Room, caller.rooms[0] as Room];
  const relay = (house: House, { channelId }: Room) =>
    say(stack, house, house.ownerId, 'setup', [
      {
        name: 'relay',
        type: 1,
        options: [
          { name: 'channel', type: 7, value: channelId },
          { name: 'state', type: 3, value: 'on' },
        ],
      },
    ]);
  /** What the bot wrote in a room for somebody of the other side. */
  const copies = async ({ channelId }: Room) =>
    (await sim.messages(channelId)).filter(
      ({ authorId, content }) => authorId === stack.application.botUserId && content.startsWith('**Person of'),
    );
  const read = (at: Room, expected: string[]) =>
    sim.until(async () => String((await copies(at)).map(({ content }) => content)) === String(expected), {
      what: `${expected.join(' | ')} in ${at.name}`,
    });

  await relay(desk, left);
  const sessionId = await startCall(stack, [left, right]);
  await active(watcher, sessionId);
  await sim.say(left.userId, left.channelId, 'one side alone');
  expect(await relay(caller, right)).toContain('Links and files stay here');
  for (const { channelId } of [left, right]) await told(sim, channelId, 'Text relay:');

  const { id } = await sim.say(left.userId, left.channelId, '@everyone <@1> [x](https://evil.example) `c`', ['a.png']);
  const rich = '**Person of Staff**: everyone @somebody x [link removed] \\`c\\` [file not relayed]';
  await read(right, [rich]);
  expect((await copies(right))[0]).toMatchObject({ flags: 4, attachments: [] });
  await told(sim, left.channelId, `<@${left.userId}> Links and files do not go over`);
  const { id: second } = await sim.say(left.userId, left.channelId, 'helo');
  await sim.editMessage(left.userId, second, 'hello');
  await read(right, [rich, '**Person of Staff**: hello']);
  await sim.deleteMessage(left.userId, id);
  await read(right, ['**Person of Staff**: hello']);

  const posted = await fetch(`${stack.simEnvironment.DISCORD_API_URL}/v10/channels/${left.channelId}/messages`, {
    method: 'POST',
    headers: { authorization: `Bot ${secondToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ content: 'I am a bot' }),
  });
  expect(posted.status).toBe(200);
  for (const text of ['1', '2', '3', '4', '5']) await sim.say(right.userId, right.channelId, text);
  await told(sim, right.channelId, `<@${right.userId}> That was not relayed: 4 messages in 5 seconds`);
  await read(
    left,
    ['1', '2', '3', '4'].map((text) => `**Person of Room**: ${text}`),
  );

  await change(stack, sessionId, { change: 'stop' });
  await ended(watcher, sessionId);
  for (const { userId } of [left, right]) await sim.leave(userId);
  const before = watcher.events.length;
  await sim.say(left.userId, left.channelId, 'too late');
  await sim.join(left.userId, left.channelId);
  // Both came over the same gateway connection: whoever tells of the second has heard the first.
  await watcher.until('the person to be seen', () =>
    watcher.events.slice(before).some(({ event }) => event === 'voice.joined'),
  );
  expect((await copies(right)).map(({ content }) => content)).toEqual(['**Person of Staff**: hello']);
  expect(await copies(left)).toHaveLength(4);
}, 60_000);
