/**
 * The simulator under load: people who speak all the time, five to a channel, in encrypted rooms, each room with a real client
 * that receives it all over UDP. Asked: does one core keep up, and with what share of it? Beside it, people as most would
 * simulate them: one @discordjs/voice client each.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SimControl } from '@patchbay/sim/control-client';
import { Child, readyJson } from '../stack/child.ts';
import { root } from '../stack/stack.ts';
import type { BenchContext } from './context.ts';
import { cpuSeconds } from './cpu.ts';
import { type BenchRow, percentile } from './row.ts';

const GUILDS = 20;
const PEOPLE_PER_GUILD = 5;
/** So many speaking clients of the library: four rooms of five. */
const CLIENT_GUILDS = 4;
const MEASURED_MS = 15_000;
/** People who join one channel at once. */
const CROWD = 50;
const CLIP = 'ada-1';

const BASELINE = 'one @discordjs/voice client each';

interface Running {
  sim: SimControl;
  child: Child;
  environment: Record<string, string>;
}

export async function benchSim({ directory, say }: BenchContext): Promise<BenchRow[]> {
  await mkdir(join(directory, 'logs'), { recursive: true });
  const children = new Map<string, Child>();
  try {
    const ours = await measurePeople(directory, children, say);
    for (const child of [...children.values()].reverse()) await child.stop();
    children.clear();
    const theirs = await measureClients(directory, children, say);
    return [
      {
        name: 'sim/members-at-real-time',
        ours,
        baselineName: BASELINE,
        baseline: theirs,
        ratio: ours / theirs,
        unit: 'speaking members on one core, from the share of it that they took',
      },
    ];
  } finally {
    for (const child of [...children.values()].reverse()) await child.stop();
  }
}

/** 100 people of the simulator; the result is how many of them a whole core would carry. */
async function measurePeople(directory: string, children: Map<string, Child>, say: (text: string) => void) {
  const running = await startSimulator(directory, children);
  const { sim, child } = running;
  const { rooms, people } = await makeRooms(sim, GUILDS, PEOPLE_PER_GUILD);
  await sayHowFastFiftyMeet(sim, say);
  const listener = await sim.createApplication({ name: 'listener' });
  for (const { guildId } of rooms) await sim.addBot(guildId, listener.botUserId);
  await startClients(running, directory, children, [{ token: listener.token, channels: rooms.map(place) }]);
  await Promise.all(people.map((userId) => sim.ready(userId)));

  let speaking = true;
  const speeches = people.map(async (userId) => {
    while (speaking) {
      await sim.speak(userId, { clip: CLIP });
      await sim.waitUntilSilent(userId);
    }
  });
  await sleep(3_000); // cold code, and the first words of everybody
  await Promise.all(people.map((userId) => sim.clearHeard(userId)));
  const before = await sim.counters();
  const share = await cpuShare(child);
  const endedAt = Date.now();
  const after = await sim.counters();
  // Asking for all of it is work for the simulator: what it sends meanwhile is not judged.
  const spoken = await Promise.all(
    people.map(async (userId) => (await sim.spoken(userId)).filter(({ sentAt }) => sentAt < endedAt)),
  );
  const failures = await Promise.all(people.map((userId) => sim.failures(userId)));
  speaking = false;
  await Promise.all(speeches);

  const late = spoken.flatMap(lateness);
  const packets = spoken.reduce((sum, list) => sum + list.length, 0);
  const total = GUILDS * PEOPLE_PER_GUILD;
  say(`${total} people in ${GUILDS} rooms: ${(share * 100).toFixed(0)} % of one core for the whole simulator`);
  say(
    `packets behind their 20 ms grid: p50 ${percentile(late, 0.5).toFixed(1)} ms, p99 ${percentile(late, 0.99).toFixed(1)} ms, most ${Math.max(...late).toFixed(1)} ms`,
  );
  say(
    `${packets} packets spoken, ${after.forwarded - before.forwarded} sent to the ${GUILDS} listening clients, ` +
      `${failures.reduce((sum, count) => sum + count, 0)} not decrypted by a person, ${after.unsent ?? 0} not sent`,
  );
  return total / share;
}

/** 20 clients of the library speak in 4 rooms; only their own process is counted, not the server's work for them. */
async function measureClients(directory: string, children: Map<string, Child>, say: (text: string) => void) {
  const running = await startSimulator(directory, children);
  const { sim } = running;
  const { rooms } = await makeRooms(sim, CLIENT_GUILDS, 0);
  const bots = await Promise.all(
    Array.from({ length: PEOPLE_PER_GUILD }, (_, index) => sim.createApplication({ name: `speaker ${index}` })),
  );
  for (const { guildId } of rooms) for (const { botUserId } of bots) await sim.addBot(guildId, botUserId);
  const tokens = bots.map(({ token }) => ({ token, channels: rooms.map(place) }));
  const clients = await startClients(running, directory, children, tokens, CLIP);
  await sleep(3_000);
  const share = await cpuShare(clients);
  const total = CLIENT_GUILDS * PEOPLE_PER_GUILD;
  say(
    `${total} clients of @discordjs/voice in ${CLIENT_GUILDS} rooms: ${(share * 100).toFixed(0)} % of one core, without the server`,
  );
  return total / share;
}

/** People who come into one channel at once: from the first join to the epoch with all of them in force. */
async function sayHowFastFiftyMeet(sim: SimControl, say: (text: string) => void): Promise<void> {
  const { guildId } = await sim.createGuild({ name: 'crowd' });
  const { channelId } = await sim.createVoiceChannel(guildId, { name: 'talk' });
  const people = await Promise.all(
    Array.from({ length: CROWD }, (_, index) => sim.createMember(guildId, { name: `person ${index}` })),
  );
  const since = await sim.lastEventId();
  const began = performance.now();
  const formed = sim.waitForEvent(
    (event) => event.type === 'epoch' && event.channelId === channelId && event.memberUserIds.length === CROWD,
    { since },
  );
  await Promise.all(people.map(({ userId }) => sim.join(userId, channelId)));
  await formed;
  say(
    `${CROWD} people in one encrypted group after ${(performance.now() - began).toFixed(0)} ms, ${CROWD} control requests included`,
  );
  await Promise.all(people.map(({ userId }) => sim.leave(userId)));
}

interface RoomOfGuild {
  guildId: string;
  channelId: string;
}
const place = ({ guildId, channelId }: RoomOfGuild): [string, string] => [guildId, channelId];

async function makeRooms(sim: SimControl, guilds: number, peopleEach: number) {
  const rooms: RoomOfGuild[] = [];
  const people: string[] = [];
  for (let index = 0; index < guilds; index += 1) {
    const { guildId } = await sim.createGuild({ name: `guild ${index}` });
    const { channelId } = await sim.createVoiceChannel(guildId, { name: 'talk' });
    rooms.push({ guildId, channelId });
    for (let person = 0; person < peopleEach; person += 1) {
      const { userId } = await sim.createMember(guildId, { name: `person ${index}.${person}` });
      people.push(userId);
      await sim.join(userId, channelId);
    }
  }
  return { rooms, people };
}

async function startSimulator(directory: string, children: Map<string, Child>): Promise<Running> {
  const certificateFile = join(directory, 'simulator-ca.pem');
  const { child, ready } = await Child.start({
    name: 'simulator',
    script: join(root, 'sim/src/main.ts'),
    env: { SIM_CERTIFICATE_FILE: certificateFile },
    logFile: join(directory, 'logs', 'simulator.log'),
    children,
    ready: readyJson,
  });
  const environment = { DISCORD_API_URL: ready.apiUrl ?? '', NODE_EXTRA_CA_CERTS: certificateFile };
  return { sim: new SimControl(ready.controlUrl ?? ''), child, environment };
}

async function startClients(
  { environment }: Running,
  directory: string,
  children: Map<string, Child>,
  bots: { token: string; channels: [string, string][] }[],
  clip?: string,
): Promise<Child> {
  const { child } = await Child.start({
    name: 'clients',
    script: join(root, 'system/src/bench/voice-clients.ts'),
    env: { ...environment, BOTS: JSON.stringify(bots), ...(clip === undefined ? {} : { CLIP: clip }) },
    logFile: join(directory, 'logs', 'clients.log'),
    children,
    ready: readyJson,
  });
  return child;
}

/** CPU time over wall time while {@link MEASURED_MS} pass. 1: one whole core. */
async function cpuShare(child: Child): Promise<number> {
  const [before, began] = [await cpuSeconds(child), performance.now()];
  await sleep(MEASURED_MS);
  return ((await cpuSeconds(child)) - before) / ((performance.now() - began) / 1000);
}

/** How far each packet was behind the grid of its spurt's first, in ms. */
function lateness(packets: readonly { timestamp: number; sentAt: number }[]): number[] {
  const offsets = packets.map(({ timestamp, sentAt }) => {
    const first = packets[0]?.timestamp ?? 0;
    return sentAt - ((timestamp - first + 2 ** 32) % 2 ** 32) / 48;
  });
  const earliest = Math.min(...offsets);
  return offsets.map((offset) => offset - earliest);
}
