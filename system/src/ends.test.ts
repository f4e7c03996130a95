/** Every way in which a call or a recording ends: its reason, and what each side is told. Real processes; one stack for the file. */
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
  seen,
  startCall,
  startSession,
  told,
  watch,
} from './scenario/calls.ts';
import { speakClip } from './scenario/play.ts';
import { judgeRecordings } from './scenario/recordings.ts';
import type { HubWatcher } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

const roomNames = [
  ...['Left', 'Limit', 'Stop', 'Moved', 'Thrown', 'Deleted', 'Dave', 'Notice', 'Policy', 'Kicked', 'Lost'],
  ...['Taped', 'Help', 'Staff'],
];
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
  // The message that would do instead is refused too: once, with the client's three repetitions.
  await stack.sim.setRestFault({
    method: 'POST',
    path: `/channels/${rooms[0].channelId}/messages`,
    times: 4,
    effect: { kind: 'status', status: 500 },
  });
  const sessionId = await startCall(stack, rooms, { recordRequired: true });
  await expectEnd(sessionId, rooms, 'notice_refused', ['could not be shown', 'could not be shown']);
  await stack.sim.clearRestFaults();
});

/** `/setup channel` by the owner of the first house. */
const setUp = (channelId: string, ...options: { name: string; type: number; value: string | boolean }[]) =>
  say(stack, houses[0], houses[0].ownerId, 'setup', [
    { name: 'channel', type: 1, options: [{ name: 'channel', type: 7, value: channelId }, ...options] },
  ]);
const typed = (room: Room, name: string, ...subs: string[]) =>
  say(
    stack,
    houses[0],
    room.userId,
    name,
    subs.map((sub) => ({ name: sub, type: 1 })),
  );
const botIn = async (room: Room) =>
  (await stack.sim.voiceStates(room.guildId)).filter(({ userId }) => userId === bot).map((state) => state.channelId);

test('empty: a recording on the leg of a call outlives it, keeps its account, and ends when nobody is left', async () => {
  const rooms = pair('Taped');
  const [room] = rooms;
  await setUp(room.channelId, { name: 'record', type: 5, value: true });
  const record = { mode: 'custom' as const, recordRequired: true };
  const first = await call(rooms);
  const recording = await startSession(stack, [room], record);
  await active(watchers[0], recording);
  await seen(watchers[0], recording, 'the recording to run', (view) => view.recording);
  const nick = () => stack.sim.nickname(room.guildId, bot);
  expect(await typed(room, 'call', 'stop')).toContain('ending');
  for (const watcher of watchers) expect((await ended(watcher, first)).endReason).toBe('command');
  // The bot neither left nor took the notice away: the people who stayed are still recorded.
  expect(await botIn(room)).toEqual([room.channelId]);
  expect(await nick()).toMatch(/^\[REC\]/);
  const spoken = await speakClip(stack.sim, room.userId, 'ada-1');

  // The only account records: another channel is told so, and nothing is ended for it.
  const other = roomOf(houses[0], 'Left');
  await stack.sim.join(other.userId, other.channelId);
  await stack.sim.until(async () =>
    (await typed(other, 'call', 'join')).includes(`in <#${room.channelId}> for a recording`),
  );
  await stack.sim.leave(other.userId);

  // The other way round: a call comes to the recording, and goes on without it.
  const second = await startSession(stack, rooms);
  await Promise.all(watchers.map((watcher) => active(watcher, second)));
  await stack.sim.leave(rooms[1].userId);
  for (const watcher of watchers) expect((await ended(watcher, second)).endReason).toBe('user_left');
  expect(await botIn(room)).toEqual([room.channelId]);
  await stack.sim.leave(room.userId);
  const view = await ended(watchers[0], recording);
  expect(view).toMatchObject({
    endReason: 'empty',
    endMessage: 'The recording ended: nobody is left in the channel.',
  });
  await told(stack.sim, room.channelId, 'The recording ended: nobody is left in the channel.');
  await stack.sim.until(async () => (await botIn(room)).length === 0);
  const { stored } = await seen(watchers[0], recording, 'the stored track', (each) => each.stored.length > 0);
  expect(stored.map(({ userId }) => userId)).toEqual([room.userId]);
  const tracks = await judgeRecordings(stack.s3, recording, [spoken]);
  expect(tracks.map(({ utterances }) => utterances.map(({ ok }) => ok))).toEqual([[true]]);
}, 60_000);

test('no_identity: a desk whose server has one bot account; both sides are told, and wait for the next try', async () => {
  const [help, staff] = [roomOf(houses[0], 'Help'), roomOf(houses[0], 'Staff')];
  for (const [room, mode] of [
    [help, 'support-caller'],
    [staff, 'support-staff'],
  ] as const) {
    await setUp(room.channelId, { name: 'mode', type: 3, value: mode });
    await stack.sim.join(room.userId, room.channelId);
  }
  const failed = await watchers[0].until('the call that cannot start', () =>
    watchers[0].sessions().find(({ endReason }) => endReason === 'no_identity'),
  );
  expect(failed).toMatchObject({
    state: 'ended',
    endMessage:
      'The call ended: no bot account of this server is free. Invite another one, or end what it is used for.',
  });
  for (const room of [help, staff]) {
    await stack.sim.until(async () =>
      (await typed(room, 'call', 'status')).includes('no free bot account for this channel'),
    );
    await stack.sim.leave(room.userId);
  }
  expect(await botIn(help)).toEqual([]);
}, 60_000);

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
