/** Every way in which a call ends: its reason, and what each side is told. Real processes; one stack for the file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  active,
  ended,
  type House,
  makeHouse,
  type Room,
  say,
  startCall,
  startSession,
  told,
  watch,
} from './scenario/calls.ts';
import type { HubWatcher } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

const roomNames = ['Left', 'Limit', 'Stop', 'Moved', 'Thrown', 'Deleted', 'Dave', 'Notice', 'Policy', 'Kicked', 'Lost'];
type RoomName = (typeof roomNames)[number];

let directory: string;
let stack: Stack;
let houses: [House, House];
let watchers: [HubWatcher, HubWatcher];
let bot: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-ends-'));
  stack = await Stack.start({ directory, workerSettings: { END_GRACE_MS: '300', CONNECT_TIMEOUT_MS: '5000' } });
  bot = stack.application.botUserId;
  houses = [
    await makeHouse(stack.sim, 'Harbour', roomNames, [bot]),
    await makeHouse(stack.sim, 'Lodge', roomNames, [bot]),
  ];
  await stack.startNode();
  watchers = [await watch(stack, houses[0]), await watch(stack, houses[1])];
}, 120_000);

afterAll(async () => {
  for (const watcher of watchers ?? []) watcher.close();
  await stack?.stop();
  if (!process.env.KEEP) await rm(directory, { recursive: true, force: true });
}, 60_000);

const roomOf = (house: House, name: RoomName): Room => {
  const room = house.rooms.find((each) => each.name === name);
  if (!room) throw new Error(`no room ${name}`);
  return room;
};
const pair = (name: RoomName): [Room, Room] => [roomOf(houses[0], name), roomOf(houses[1], name)];

async function call(rooms: [Room, Room], request = {}): Promise<string> {
  const sessionId = await startCall(stack, rooms, request);
  await Promise.all(watchers.map((watcher) => active(watcher, sessionId)));
  return sessionId;
}

/** Both sides see the reason in their views; the words of each are in the view and in the channel's text. */
async function expectEnd(
  sessionId: string,
  rooms: [Room, Room],
  reason: string,
  words: [own: string | null, other: string],
): Promise<void> {
  const views = await Promise.all(watchers.map((watcher) => ended(watcher, sessionId)));
  expect(views.map(({ endReason }) => endReason)).toEqual([reason, reason]);
  for (const [index, text] of words.entries()) {
    if (text === null) continue;
    expect(views[index]?.endMessage).toContain(text);
    await told(stack.sim, rooms[index]?.channelId ?? '', text);
  }
  for (const { userId } of rooms) await stack.sim.leave(userId).catch(() => undefined);
  await stack.sim.until(async () =>
    (await stack.sim.voiceStates(houses[1].guildId)).every((one) => one.userId !== bot),
  );
}

test('user_left: the last person leaves one side, and after a grace both are told', async () => {
  const rooms = pair('Left');
  const sessionId = await call(rooms);
  await stack.sim.leave(rooms[0].userId);
  await expectEnd(sessionId, rooms, 'user_left', ['everybody left this side', 'everybody left the other side']);
});

test('timeout: both sides are warned, then the time limit ends the call', async () => {
  const rooms = pair('Limit');
  const sessionId = await call(rooms, { limits: { seconds: 6, warnSeconds: 4 } });
  const warning = await watchers[1].until('the warning', () => watchers[1].latest('session.warning'));
  expect(warning).toEqual({ guildId: houses[1].guildId, sessionId, secondsLeft: 4 });
  for (const { channelId } of rooms) await told(stack.sim, channelId, 'ends in 4 seconds');
  await expectEnd(sessionId, rooms, 'timeout', ['its time limit was reached', 'its time limit was reached']);
});

test('command: /call stop on one side', async () => {
  const rooms = pair('Stop');
  const sessionId = await call(rooms);
  const answer = await say(stack, houses[0], rooms[0].userId, 'call', [{ name: 'stop', type: 1 }]);
  expect(answer).toContain('ending');
  await expectEnd(sessionId, rooms, 'command', ['somebody here ended it', 'the other side ended it']);
});

test('bot_moved: a moderator moves the bot; it leaves instead of listening there', async () => {
  const rooms = pair('Moved');
  const sessionId = await call(rooms);
  await stack.sim.move(bot, roomOf(houses[0], 'Left').channelId);
  await expectEnd(sessionId, rooms, 'bot_moved', [
    'moved the bot out of this channel',
    "moved the bot out of the other side's channel",
  ]);
  expect((await stack.sim.voiceStates(houses[0].guildId)).filter(({ userId }) => userId === bot)).toEqual([]);
});

test('bot_removed: a moderator disconnects the bot, which does not come back', async () => {
  const rooms = pair('Thrown');
  const sessionId = await call(rooms);
  await stack.sim.disconnectBot(houses[0].guildId, bot);
  await expectEnd(sessionId, rooms, 'bot_removed', [null, "disconnected the bot from the other side's channel"]);
  expect((await stack.sim.voiceStates(houses[0].guildId)).filter(({ userId }) => userId === bot)).toEqual([]);
});

test('channel_deleted: the channel goes, and the bot does not try to come back (4022)', async () => {
  const rooms = pair('Deleted');
  const sessionId = await call(rooms);
  await stack.sim.deleteChannel(rooms[0].channelId);
  await expectEnd(sessionId, rooms, 'channel_deleted', [null, "the other side's channel was deleted"]);
});

test('error: the end-to-end encryption of one side never forms', async () => {
  const rooms = pair('Dave');
  for (const { userId, channelId } of rooms) await stack.sim.join(userId, channelId);
  // Two people have a group of their own, which never takes the bot in.
  const { userId: second } = await stack.sim.createMember(houses[0].guildId, { name: 'Second' });
  await stack.sim.join(second, rooms[0].channelId);
  await stack.sim.ready(rooms[0].userId);
  await stack.sim.ready(second);
  await stack.sim.voice.roomFaults(rooms[0].channelId, { holdGroup: true });
  const sessionId = await startSession(stack, rooms);
  await expectEnd(sessionId, rooms, 'error', ['could not be made or kept', 'could not be made or kept']);
  expect((await stack.sim.counters()).plaintextFramesInDaveRooms).toBe(0);
});

test('notice_refused: a call that must be recorded ends when nobody could see that it is', async () => {
  const rooms = pair('Notice');
  const recorded = await say(stack, houses[0], houses[0].ownerId, 'setup', [
    {
      name: 'channel',
      type: 1,
      options: [
        { name: 'channel', type: 7, value: rooms[0].channelId },
        { name: 'record', type: 5, value: true },
      ],
    },
  ]);
  expect(recorded).toContain('is queued when people join');
  await stack.sim.setRestFault({
    method: 'PATCH',
    path: `/guilds/${houses[0].guildId}/members/@me`,
    effect: { kind: 'status', status: 500 },
  });
  const sessionId = await startCall(stack, rooms, { recordRequired: true });
  await expectEnd(sessionId, rooms, 'notice_refused', ['could not be shown', 'could not be shown']);
  await stack.sim.clearRestFaults();
});

test('policy: the operator shuts the voice node down; it says goodbye', async () => {
  const rooms = pair('Policy');
  const sessionId = await call(rooms);
  expect(await stack.children.get('node-1')?.stop()).toBe(0);
  stack.children.delete('node-1');
  await expectEnd(sessionId, rooms, 'policy', ['the operator of the bot ended it', 'the operator of the bot ended it']);
  await stack.startNode('node-2');
});

test('node_lost: the voice node dies; its calls are given up', async () => {
  const rooms = pair('Lost');
  const sessionId = await call(rooms);
  stack.children.get('node-2')?.kill('SIGKILL');
  stack.children.delete('node-2');
  const views = await Promise.all(watchers.map((watcher) => ended(watcher, sessionId)));
  expect(views.map(({ endMessage }) => endMessage)).toEqual([
    'The call ended: the voice node was lost.',
    'The call ended: the voice node was lost.',
  ]);
  await stack.startNode('node-3');
}, 60_000);

test('bot_removed: the bot is kicked from the server', async () => {
  const rooms = pair('Kicked');
  const sessionId = await call(rooms);
  await stack.sim.kick(houses[0].guildId, bot);
  await expectEnd(sessionId, rooms, 'bot_removed', [null, "disconnected the bot from the other side's channel"]);
});
