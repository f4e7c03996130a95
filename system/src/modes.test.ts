/** Who hears whom in each mode, judged by the packets that people hear and by their sound. Real processes; one stack for the file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadClips } from '@patchbay/sim/clips';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loudestSine } from './hearing/sine.ts';
import type { Timeline } from './hearing/timeline.ts';
import {
  active,
  change,
  ended,
  type House,
  makeHouse,
  type Room,
  say,
  seen,
  startCall,
  told,
  watch,
} from './scenario/calls.ts';
import { heardThrough, judgeAll, talk } from './scenario/talk.ts';
import { heardFrom, isSilence, tonesHeard } from './scenario/tones.ts';
import type { HubWatcher } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

let directory: string;
let stack: Stack;
/** Two bot accounts are in the desk's server, one in the others. */
let desk: House;
let others: [House, House];
let watcher: HubWatcher;
let bots: [string, string];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-modes-'));
  stack = await Stack.start({ directory, workerSettings: { END_GRACE_MS: '300' } });
  const second = await stack.sim.createApplication({ name: 'Patchbay two' });
  bots = [stack.application.botUserId, second.botUserId];
  desk = await makeHouse(stack.sim, 'Desk', ['Staff', 'Senior', 'Third'], bots);
  others = [
    await makeHouse(stack.sim, 'Caller', ['Room'], [bots[0]]),
    await makeHouse(stack.sim, 'Guest', ['Room'], [bots[0]]),
  ];
  await stack.startNode('node-1', { DISCORD_TOKENS: `${stack.application.token},${second.token}` });
  watcher = await watch(stack, desk);
}, 120_000);

afterAll(async () => {
  watcher?.close();
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

function room(house: House, name: string): Room {
  const found = house.rooms.find((each) => each.name === name);
  if (!found) throw new Error(`no room ${name}`);
  return found;
}

/** The hold tone as the voice node ships it: two sines, each at −21 dB of full scale. */
const HOLD_HERTZ = [440, 659.25];
const HOLD_AMPLITUDE = 2_900 / 32_768;

/** What a person heard through a bot, packet by packet. */
const fromBots = ({ userId }: Room) => heardFrom(stack.sim, userId, bots);
/** Forgets what was heard so far; then `during` is done, and each of these hears a tone to its end. */
async function withTone<T>(rooms: readonly Room[], during: () => Promise<T>): Promise<T> {
  const userIds = rooms.map(({ userId }) => userId);
  for (const userId of userIds) await stack.sim.clearHeard(userId);
  const result = await during();
  await tonesHeard(stack.sim, userIds, bots);
  return result;
}
/** A call whose people have heard that they are connected. */
const connected = (
  ...[rooms, request]: [Parameters<typeof startCall>[1], Parameters<typeof startCall>[2]?]
): Promise<string> =>
  withTone(rooms, async () => {
    const sessionId = await startCall(stack, rooms, request);
    await active(watcher, sessionId);
    return sessionId;
  });

/** Waits until no bot is in a room: each says goodbye by a tone before it leaves. */
const botsGone = ({ guildId, channelId }: Room): Promise<unknown> =>
  stack.sim.until(async () =>
    (await stack.sim.voiceStates(guildId)).every(
      (state) => state.channelId !== channelId || !bots.includes(state.userId),
    ),
  );

/** The packets with sound in them that each listener heard through a bot while `speaker` said a clip. */
async function heardBy(speaker: Room, listeners: readonly Room[]): Promise<string[][]> {
  const { sim } = stack;
  for (const { userId } of listeners) await sim.clearHeard(userId);
  await sim.speak(speaker.userId, { clip: 'ada-1' });
  await sim.waitUntilSilent(speaker.userId);
  return Promise.all(listeners.map(async (each) => (await fromBots(each)).filter((opus) => !isSilence(opus))));
}

/** Of these, who hears the speaker? All or nothing: a few packets of a leak count as hearing. */
async function hears(speaker: Room, listeners: readonly Room[]): Promise<string[]> {
  const packets = await heardBy(speaker, listeners);
  return listeners.flatMap((each, index) =>
    (packets[index]?.length ?? 0) > 0 ? [`${each.guildId}/${each.name}`] : [],
  );
}

/** All of these talk at once. Each must hear at their level (±1.5 dB) whom `routes` says, and nobody else (−30 dB), the own voice included. */
async function expectHearing(people: Record<string, Room>, routes: Record<string, string[]>) {
  const { sim } = stack;
  const clips = [...(await loadClips()).values()].filter(({ name }) => name.endsWith('-2'));
  const voices = Object.entries(people).map(([label, { userId }], index) => {
    const { toneHz = 0, packets = [] } = clips[index] ?? {};
    return { label, userId, toneHz, packets };
  });
  for (const { userId } of voices) {
    await sim.ready(userId);
    await sim.clearHeard(userId);
  }
  const said = await talk(sim, voices);
  const heard = new Map<string, Timeline>();
  for (const { label, userId } of voices) heard.set(label, await heardThrough(sim, userId, bots, said));
  const verdicts = judgeAll(heard, said, (from, to) => (routes[from] ?? []).includes(to));
  expect(verdicts.filter(({ routed }) => routed)).toHaveLength(Object.values(routes).flat().length);
  expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  return heard;
}

const named = (...rooms: Room[]) => rooms.map((each) => `${each.guildId}/${each.name}`);

async function stopCall(sessionId: string, rooms: readonly Room[]): Promise<void> {
  await change(stack, sessionId, { change: 'stop' });
  await ended(watcher, sessionId);
  for (const { userId } of rooms) await stack.sim.leave(userId);
}

test('support: hold, conference-in and transfer; nobody else hears anything', async () => {
  const [caller, staff, senior] = [room(others[0], 'Room'), room(desk, 'Staff'), room(desk, 'Senior')];
  const rooms = [caller, staff, senior];
  await stack.sim.join(senior.userId, senior.channelId);
  const sessionId = await connected(
    [
      { ...caller, side: 'caller' },
      { ...staff, side: 'staff' },
    ],
    { mode: 'support' },
  );
  expect(await hears(caller, rooms)).toEqual(named(staff));
  expect(await hears(staff, rooms)).toEqual(named(caller));

  const leg = { guildId: desk.guildId, channelId: senior.channelId, role: 'staff' as const };
  const joined = await withTone([senior], () => change(stack, sessionId, { change: 'attach', leg }));
  expect(joined).toMatchObject({ ok: true });
  await active(watcher, sessionId);
  expect(await hears(caller, rooms)).toEqual(named(staff, senior));

  expect(await say(stack, desk, staff.userId, 'desk', [{ name: 'hold', type: 1 }])).toContain('on hold');
  await seen(watcher, sessionId, 'the caller on hold', ({ legs }) => legs.some(({ held }) => held === true));
  // On hold the caller hears the tone and nobody, and is heard by nobody.
  const heard = await expectHearing({ caller, staff, senior }, { staff: ['senior'], senior: ['staff'] });
  for (const hertz of HOLD_HERTZ) {
    const amplitude = loudestSine(heard.get('caller') ?? { startAt: 0, samples: new Float32Array() }, hertz);
    expect(Math.abs(20 * Math.log10(amplitude / HOLD_AMPLITUDE)), `${hertz} Hz`).toBeLessThanOrEqual(1.5);
  }
  expect(await say(stack, desk, staff.userId, 'desk', [{ name: 'resume', type: 1 }])).toContain('back');
  await expectHearing(
    { caller, staff, senior },
    { caller: ['staff', 'senior'], staff: ['caller', 'senior'], senior: ['caller', 'staff'] },
  );

  const { legId } = joined as { legId: string };
  expect(await change(stack, sessionId, { change: 'detach', legId })).toEqual({ ok: true });
  await seen(watcher, sessionId, 'two legs', ({ legs }) => legs.length === 2);
  await stack.sim.until(async () =>
    (await stack.sim.voiceStates(desk.guildId)).every(({ userId }) => userId !== bots[1]),
  );
  await withTone([senior], async () => {
    const transfer = { name: 'transfer', type: 1, options: [{ name: 'channel', type: 7, value: senior.channelId }] };
    const handed = await say(stack, desk, staff.userId, 'desk', [transfer]);
    expect(handed).toContain(`goes over to <#${senior.channelId}>`);
    await seen(
      watcher,
      sessionId,
      'the senior instead of the staff',
      ({ legs }) => legs.length === 2 && legs.some(({ channelId }) => channelId === senior.channelId),
    );
    await botsGone(staff);
  });
  expect(await hears(caller, rooms)).toEqual(named(senior));
  expect(await hears(senior, rooms)).toEqual(named(caller));
  await stopCall(sessionId, rooms);
}, 60_000);

test('monitor: hears both, is heard by nobody, is announced and listed, and only where the other server allows it', async () => {
  const [caller, staff, listener] = [room(others[0], 'Room'), room(desk, 'Staff'), room(desk, 'Third')];
  const rooms = [caller, staff, listener];
  const monitor = (userId: string) => say(stack, desk, userId, 'monitor', [{ name: 'start', type: 1 }]);
  await stack.sim.join(listener.userId, listener.channelId);
  const first = await connected([caller, staff]);
  expect(await monitor(listener.userId)).toContain('Manage Server');
  await stack.sim.grant(desk.guildId, listener.userId, ['ManageGuild']);
  expect(await monitor(listener.userId)).toContain('Caller does not allow monitors');
  await stopCall(first, [caller, staff]);

  expect(await say(stack, others[0], others[0].ownerId, 'monitors', [{ name: 'allow', type: 1 }])).toContain('may');
  const sessionId = await connected([caller, staff]);
  await withTone([caller, staff], async () => {
    expect(await monitor(listener.userId)).toContain('listens');
    await active(watcher, sessionId);
  });
  await expectHearing({ caller, staff, listener }, { caller: ['staff', 'listener'], staff: ['caller', 'listener'] });
  for (const { channelId } of [caller, staff]) await told(stack.sim, channelId, 'A monitor of Desk listens');
  const view = await active(watcher, sessionId);
  expect(view.legs.map(({ role }) => role)).toEqual(['party', 'party', 'monitor']);
  await stopCall(sessionId, rooms);
}, 60_000);

test('a channel set up as a monitor: it waits, listens by itself, and /monitor stop lets the call go on', async () => {
  const [caller, staff, listener] = [room(others[0], 'Room'), room(desk, 'Staff'), room(desk, 'Third')];
  const rooms = [caller, staff, listener];
  const asked = (words: string, sub: string) => say(stack, desk, listener.userId, words, [{ name: sub, type: 1 }]);
  const mode = { name: 'mode', type: 3, value: 'monitor' };
  const options = [{ name: 'channel', type: 7, value: listener.channelId }, mode];
  expect(await say(stack, desk, staff.userId, 'setup', [{ name: 'channel', type: 1, options }])).toContain('Manage');
  const answer = await say(stack, desk, desk.ownerId, 'setup', [{ name: 'channel', type: 1, options }]);
  expect(answer).toContain('is a monitor');
  await stack.sim.join(listener.userId, listener.channelId);
  await stack.sim.until(async () => (await asked('call', 'status')).includes('waits for a call of this server'));

  const announced = async ({ channelId }: Room) =>
    (await stack.sim.messages(channelId)).filter(({ content }) => content.includes('A monitor of Desk listens')).length;
  const before = await Promise.all([caller, staff].map(announced));
  for (const { userId } of [caller, staff]) await stack.sim.clearHeard(userId);
  const sessionId = await startCall(stack, [caller, staff]);
  const view = await seen(watcher, sessionId, 'the monitor', ({ legs }) => legs[2]?.state === 'active');
  expect(view.legs.map(({ role }) => role)).toEqual(['party', 'party', 'monitor']);
  for (const [index, each] of [caller, staff].entries()) {
    await stack.sim.until(async () => (await announced(each)) === (before[index] ?? 0) + 1);
    await tonesHeard(stack.sim, [each.userId], bots);
  }
  expect(await hears(caller, rooms)).toEqual(named(staff, listener));
  expect(await hears(listener, rooms)).toEqual([]);
  expect(await asked('call', 'status')).toContain(`listens to the call of <#${staff.channelId}> and Caller`);

  expect(await asked('monitor', 'stop')).toContain('listens no longer');
  await seen(watcher, sessionId, 'the call without the monitor', ({ legs }) => legs.length === 2);
  await botsGone(listener);
  expect(await hears(caller, rooms)).toEqual(named(staff));
  await stopCall(sessionId, rooms);
  await say(stack, desk, desk.ownerId, 'setup', [{ name: 'reset', type: 1, options: options.slice(0, 1) }]);
}, 60_000);

test('/call leave in a conference of three takes out one side; of two it is the end', async () => {
  const rooms = [room(desk, 'Staff'), room(others[0], 'Room'), room(others[1], 'Room')];
  const [staff, left, right] = rooms as [Room, Room, Room];
  const leave = (house: House, { userId }: Room) => say(stack, house, userId, 'call', [{ name: 'leave', type: 1 }]);
  const sessionId = await connected(rooms);
  expect(await leave(others[0], left)).toContain('leaves the call');
  await seen(watcher, sessionId, 'the other two', ({ legs, state }) => legs.length === 2 && state === 'active');
  await botsGone(left);
  expect(await hears(staff, rooms)).toEqual(named(right));
  expect(await leave(others[1], right)).toContain('leaves the call');
  expect(await ended(watcher, sessionId)).toMatchObject({
    endReason: 'command',
    endMessage: 'The call ended: the other side ended it.',
  });
  for (const { userId } of rooms) await stack.sim.leave(userId);
}, 60_000);

test('custom: a broadcast from one to two, who do not hear each other; it ends when the speaker leaves', async () => {
  const [stage, left, right] = [room(desk, 'Staff'), room(others[0], 'Room'), room(others[1], 'Room')];
  const rooms = [stage, left, right];
  const sessionId = await connected(rooms, {
    mode: 'custom',
    routes: [
      [0, 1],
      [0, 2],
    ],
  });
  await expectHearing({ stage, left, right }, { stage: ['left', 'right'] });
  await stack.sim.leave(stage.userId);
  expect((await ended(watcher, sessionId)).endReason).toBe('user_left');
  for (const { userId } of [left, right]) await stack.sim.leave(userId);
}, 60_000);

test('two calls at once in one server by two bot accounts; the third channel is told who holds them', async () => {
  const [first, second, third] = [room(desk, 'Staff'), room(desk, 'Senior'), room(desk, 'Third')];
  const [left, right] = [room(others[0], 'Room'), room(others[1], 'Room')];
  const one = await connected([first, left]);
  const two = await connected([second, right]);
  const states = await stack.sim.voiceStates(desk.guildId);
  const botIn = ({ channelId }: Room) =>
    states.find((state) => state.channelId === channelId && bots.includes(state.userId))?.userId;
  const before = watcher.events.length;
  // The main one first.
  expect([botIn(first), botIn(second)]).toEqual(bots);
  await stack.sim.join(third.userId, third.channelId);
  await watcher.until('the third person to be seen', () =>
    watcher.events.some(
      ({ event, payload }, index) =>
        index >= before && event === 'voice.joined' && payload.member.channelId === third.channelId,
    ),
  );
  const refusal = await say(stack, desk, third.userId, 'call', [{ name: 'join', type: 1 }]);
  expect(refusal).toContain(`in <#${first.channelId}> for a call and in <#${second.channelId}> for a call`);
  expect(await hears(left, [first, second, right, third])).toEqual(named(first));
  await stopCall(one, [first, left]);
  await stopCall(two, [second, right, third]);
}, 60_000);
