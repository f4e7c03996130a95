/** Captions on the whole system: real processes, a stand-in of the transcription service that recognises what it hears. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadClips } from '@patchbay/sim/clips';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatter, type Home, joinHome, leaveHome, makeHomes, told } from './captions/crowd.ts';
import { active, type Room, startSession } from './scenario/calls.ts';
import {
  CAPTION_LIMIT_MS,
  finalsOf,
  judgeCaptions,
  judgeWritten,
  saidBy,
  type Utterance,
} from './scenario/captions.ts';
import { speakClip } from './scenario/play.ts';
import { Stack } from './stack/stack.ts';

let directory: string;
let stack: Stack;
let harbour: Home;
let lodge: Home;
let mill: Home;
const clips = await loadClips();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-captions-'));
  stack = await Stack.start({ directory });
  [harbour, lodge, mill] = await makeHomes(stack);
  // The harbour reads what is said in the lodge; the lodge does not read what is said in the harbour.
  await command(harbour, harbour.ownerId, 'settings', { name: 'auto', type: 5, value: true });
  for (const name of ['auto', 'partners'])
    await command(lodge, lodge.ownerId, 'settings', { name, type: 5, value: true });
  await command(mill, mill.ownerId, 'channel', { name: 'text', type: 7, value: mill.textChannelId });
}, 120_000);

afterAll(async () => {
  for (const home of [harbour, lodge, mill]) home?.watcher.close();
  await stack?.stop();
  if (!process.env.KEEP) await rm(directory, { recursive: true, force: true });
}, 60_000);

interface Option {
  name: string;
  type: number;
  value: string | boolean;
}

/** A subcommand of `/captions`, or of another command; the answer's text. */
async function command(home: Home, userId: string, words: string, ...options: Option[]): Promise<string> {
  const [name = '', sub = ''] = words.includes(' ') ? words.split(' ') : ['captions', words];
  const answer = await stack.sim.command({
    applicationId: stack.application.applicationId,
    guildId: home.guildId,
    channelId: home.textChannelId,
    userId,
    name,
    options: [{ name: sub, type: 1, options }],
  });
  const text = ({ message }: typeof answer) => (message && !(message.flags & 128) ? message.content : undefined);
  return stack.sim.until(async () => text(await stack.sim.interaction(answer.interactionId)), { what: 'the answer' });
}

const first = (home: Home) => home.people[0]?.userId ?? '';
const second = (home: Home) => home.people[1]?.userId ?? '';
const wordsOf = (said: readonly Utterance[]) =>
  said.reduce((sum, { label }) => sum + (clips.get(label)?.words?.length ?? 0), 0);
const of = (said: readonly Utterance[], ...homes: Home[]) =>
  said.filter(({ userId }) => homes.some(({ people }) => people.some((person) => person.userId === userId)));
const nameOf = (id: string) =>
  [harbour, lodge, mill].flatMap(({ people }) => people).find(({ userId }) => userId === id)?.name ?? id;

/** Looks at what the pages were told of one session. */
async function expectTold(homes: Home[], sessionId: string, said: readonly Utterance[]): Promise<void> {
  await told(homes, sessionId, wordsOf(said));
  const view = homes[0]?.watcher.sessions().find((each) => each.sessionId === sessionId);
  const finals = homes.flatMap(({ watcher }) => finalsOf(watcher, sessionId));
  const { wrong, worstMs, words } = await judgeCaptions(finals, said, view?.startedAt ?? 0);
  expect(wrong).toEqual([]);
  expect(words).toBe(wordsOf(said));
  expect(worstMs).toBeLessThanOrEqual(CAPTION_LIMIT_MS);
  if (process.env.REPORT) console.log(`${words} words in ${finals.length} parts, at most ${worstMs.toFixed(0)} ms off`);
}

/** A session of the mill that runs, and is captioned. */
async function captionedMill(): Promise<string> {
  const session = await mill.watcher.until('the mill to be captioned', () =>
    mill.watcher
      .sessions()
      .find(
        ({ sessionId, state }) =>
          state === 'active' &&
          mill.watcher.events.some(
            ({ event, payload }) =>
              event === 'caption.state' && payload.sessionId === sessionId && payload.state === 'on',
          ),
      ),
  );
  return session.sessionId;
}

const room = ({ guildId, channelId, guildName, people }: Home): Room => ({
  guildId,
  channelId,
  name: guildName,
  userId: people[0]?.userId ?? '',
});

test.each([1, 4])(
  'eight people of three servers talk over each other, come and go: every word under its name, in order (%i channels)',
  async (channels) => {
    const homes = [harbour, lodge, mill];
    if (channels !== 1) {
      await stack.stopNode();
      await stack.startNode('node-1', { CAPTION_CHANNELS: String(channels) });
    }
    const { sim } = stack;
    const before = new Map<Home, number>();
    for (const home of homes) {
      before.set(home, (await sim.messages(home === mill ? home.textChannelId : home.channelId)).length);
    }
    await joinHome(sim, homes);
    const call = await startSession(stack, [room(harbour), room(lodge)]);
    await Promise.all([harbour, lodge].map(({ watcher }) => active(watcher, call)));
    expect(await command(mill, first(mill), 'start')).toContain('is captioned. Everybody in it is told.');
    const alone = await captionedMill();
    const said = await chatter(sim, homes, 4);
    if (process.env.REPORT) {
      const { connections } = await stack.deepgram.accounting();
      const at = Math.min(...said.map(({ startedAt }) => startedAt));
      console.log('starts', said.filter(({startedAt}) => startedAt < at + 1500).map(({ startedAt }) => Math.round(startedAt - at)).join(' '), 'opened', connections.map(({ openedAt }) => Math.round(openedAt - at)).join(' '));
    }

    await expectTold([harbour, lodge], call, of(said, harbour, lodge));
    await expectTold([mill], alone, of(said, mill));
    // Words of the other side: where that is allowed, by name alone.
    const foreign = ({ watcher }: Home) =>
      watcher.events.flatMap(({ event, payload }) =>
        event === 'caption.final' && payload.sessionId === call && payload.userId === '0' ? [payload] : [],
      );
    const words = foreign(harbour).reduce((sum, { text }) => sum + text.split(' ').length, 0);
    expect(words).toBe(wordsOf(of(said, lodge)));
    expect(new Set(foreign(harbour).map(({ guildName }) => guildName))).toEqual(new Set(['Lodge']));
    expect(foreign(lodge)).toEqual([]);
    const written = async (home: Home, channelId: string, ...from: Home[]) =>
      judgeWritten(sim, channelId, await saidBy(of(said, ...from), nameOf), { skip: before.get(home) ?? 0 });
    expect(await written(harbour, harbour.channelId, harbour, lodge)).toEqual([]);
    expect(await written(lodge, lodge.channelId, lodge)).toEqual([]);
    expect(await written(mill, mill.textChannelId, mill)).toEqual([]);
    await leaveHome(stack, homes);
  },
  120_000,
);

test('what breaks at the service costs no word, and is told', async () => {
  const { sim, deepgram } = stack;
  const [gus, hal] = [first(mill), second(mill)];
  await joinHome(sim, [mill]);
  await command(mill, gus, 'record start');
  await command(mill, gus, 'start');
  const sessionId = await captionedMill();
  await Promise.all([gus, hal].map((userId) => sim.ready(userId)));
  const said: Utterance[] = [];
  /** Both speak, and this happens as soon as the page has words of both: in the middle of what they say. */
  const broken = async (labels: [string, string], happens: () => Promise<unknown>) => {
    const t0=Date.now();
    const from = mill.watcher.events.length;
    const speaking = Promise.all([speakClip(sim, gus, labels[0]), speakClip(sim, hal, labels[1])]);
    await mill.watcher.until('words of both', () =>
      [gus, hal].every((userId) =>
        mill.watcher.events
          .slice(from)
          .some(({ event, payload }) => event === 'caption.partial' && payload.userId === userId),
      ),
    );
    const t1=Date.now();
    await happens();
    said.push(...(await speaking));
    const t2=Date.now();
    await told([mill], sessionId, wordsOf(said));
    console.log(t1-t0,t2-t1,Date.now()-t2);
  };
  await broken(['ada-1', 'ben-2'], () => deepgram.closeAll());
  await broken(['cleo-2', 'dan-3'], () => deepgram.resetAll());
  await deepgram.setFaults({ openDelayMs: 1_200 });
  await broken(['ada-3', 'ben-1'], () => deepgram.resetAll());
  await deepgram.setFaults({ openDelayMs: 0 });
  const states = () =>
    mill.watcher.events.flatMap(({ event, payload }) =>
      event === 'caption.state' && payload.sessionId === sessionId ? [payload.state] : [],
    );
  expect(states()).toEqual(['on']);
  await broken(['dan-2', 'ada-2'], async () => {
    await deepgram.setFaults({ refuseConnects: 6 });
    await deepgram.closeAll();
  });
  await expectTold([mill], sessionId, said);
  await mill.watcher.until('captions to be on time again', () => states().at(-1) === 'on');
  expect(states()).toEqual(['on', 'delayed', 'on']);
  await deepgram.clearFaults();
}, 90_000);
