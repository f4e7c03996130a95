/** Eight people of three servers who talk over each other, come and go, while they are captioned. */
import type { SimControl } from '@patchbay/sim/control-client';
import { finalsOf, type Utterance } from '../scenario/captions.ts';
import { speakClip } from '../scenario/play.ts';
import { exchangeCode, HubWatcher, mintCode } from '../stack/hub.ts';
import type { Stack } from '../stack/stack.ts';

export interface Resident {
  userId: string;
  name: string;
}

export interface Home {
  guildId: string;
  guildName: string;
  ownerId: string;
  textChannelId: string;
  channelId: string;
  people: Resident[];
  watcher: HubWatcher;
}

const guilds = [
  { guildName: 'Harbour', names: ['Ann', 'Bob', 'Cal'], hidden: false },
  { guildName: 'Lodge', names: ['Dee', 'Eve', 'Fay'], hidden: false },
  { guildName: 'Mill', names: ['Gus', 'Hal'], hidden: true },
];

/** Three servers with one voice channel each; that of the last one can be seen by its people and the bot alone. */
export async function makeHomes(stack: Stack): Promise<[Home, Home, Home]> {
  const { sim, application } = stack;
  const homes: Omit<Home, 'watcher'>[] = [];
  for (const { guildName, names, hidden } of guilds) {
    const { guildId, ownerId } = await sim.createGuild({ name: guildName });
    const { channelId: textChannelId } = await sim.createTextChannel(guildId, { name: 'general' });
    const people: Resident[] = [];
    for (const name of names) people.push({ name, userId: (await sim.createMember(guildId, { name })).userId });
    await sim.addBot(guildId, application.botUserId);
    const allowed = [application.botUserId, ...people.map(({ userId }) => userId)];
    const overwrites = hidden
      ? [
          { id: guildId, type: 'role' as const, allow: [], deny: ['ViewChannel'] },
          ...allowed.map((id) => ({ id, type: 'member' as const, allow: ['ViewChannel'], deny: [] })),
        ]
      : [];
    const { channelId } = await sim.createVoiceChannel(guildId, { name: `${guildName} voice`, overwrites });
    homes.push({ guildId, guildName, ownerId, textChannelId, channelId, people });
  }
  await stack.startNode();
  const watched: Home[] = [];
  for (const home of homes) watched.push({ ...home, watcher: await watchHome(stack, home) });
  return watched as [Home, Home, Home];
}

export async function watchHome(
  stack: Stack,
  { guildId, ownerId }: Pick<Home, 'guildId' | 'ownerId'>,
): Promise<HubWatcher> {
  const code = await mintCode(stack.workerUrl, stack.hubSecret, ownerId, [guildId]);
  return HubWatcher.connect(stack.workerUrl, guildId, await exchangeCode(stack.workerUrl, code));
}

/** Everybody joins; resolves when the pages show them there. */
export async function joinHome(sim: SimControl, homes: readonly Home[]): Promise<void> {
  for (const { people, channelId, watcher, guildName } of homes) {
    for (const { userId } of people) await sim.join(userId, channelId);
    await watcher.until(`everybody of ${guildName} to be seen`, () =>
      people.every(({ userId }) => channelOf(watcher, userId) === channelId),
    );
  }
}

/** Where the page shows somebody now. */
function channelOf({ events }: HubWatcher, userId: string): string | undefined {
  for (const { event, payload } of [...events].reverse()) {
    if (event === 'voice.left' && payload.userId === userId) return undefined;
    if ((event === 'voice.joined' || event === 'voice.moved') && payload.member.userId === userId)
      return payload.member.channelId;
    if (event === 'presence.snapshot') return payload.members.find((member) => member.userId === userId)?.channelId;
  }
  return undefined;
}

/** Everybody leaves; resolves when the bots have left, too. */
export async function leaveHome(stack: Stack, homes: readonly Home[]): Promise<void> {
  const { sim } = stack;
  for (const { guildId, people } of homes) {
    const present = new Set((await sim.voiceStates(guildId)).map(({ userId }) => userId));
    for (const { userId } of people) if (present.has(userId)) await sim.leave(userId);
  }
  for (const { guildId } of homes) {
    await sim.until(async () => (await sim.voiceStates(guildId)).length === 0, { what: 'the bot to leave' });
  }
}

const voices = ['ada', 'ben', 'cleo', 'dan'];

/**
 * Everybody says clip after clip, all at once. The first one of each server stays; all others leave the channel after each clip, and
 * come back for the next.
 */
export async function chatter(sim: SimControl, homes: readonly Home[], rounds: number): Promise<Utterance[]> {
  const everybody = homes.flatMap(({ people, channelId }) =>
    people.map(({ userId }, index) => ({ userId, channelId, stays: index === 0 })),
  );
  await Promise.all(everybody.map(({ userId }) => sim.ready(userId)));
  const said = everybody.map(async ({ userId, channelId, stays }, index) => {
    const own: Utterance[] = [];
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0 && !stays) {
        await sim.leave(userId);
        await sim.join(userId, channelId);
        await sim.ready(userId);
      }
      const label = `${voices[(index + round) % 4]}-${(((index >> 1) + round) % 3) + 1}`;
      own.push(await speakClip(sim, userId, label));
    }
    return own;
  });
  return (await Promise.all(said)).flat();
}

/** Resolves when a session's pages were told so many words; what they are is judged by whoever asks. */
export async function told(homes: readonly Home[], sessionId: string, words: number): Promise<void> {
  const count = () =>
    homes
      .flatMap(({ watcher }) => finalsOf(watcher, sessionId))
      .reduce((sum, { text }) => sum + text.split(' ').length, 0);
  const [first] = homes;
  await Promise.race(
    homes.map(({ watcher }) => watcher.until(`${words} words of ${first?.guildName}`, () => count() >= words, 12_000)),
  ).catch(() => undefined);
}
