/** Captions on the whole system: real processes, a stand-in of the transcription service that recognises what it hears. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadClips } from '@patchbay/sim/clips';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chatter, type Home, joinHome, leaveHome, makeHomes, told, watchHome } from './captions/crowd.ts';
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
const textsOf = (said: readonly Utterance[]) => said.map(({ label }) => clips.get(label)?.text ?? '').join(' ');
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

/** What was said in the mill's recording, the session of the next two tests. */
const saidInMill: Utterance[] = [];
let recordingId = '';
const millStates = () =>
  mill.watcher.events.flatMap(({ event, payload }) =>
    event === 'caption.state' && payload.sessionId === recordingId ? [payload.state] : [],
  );

test('what breaks at the service costs no word, and is told', async () => {
  const { sim, deepgram } = stack;
  const [gus, hal] = [first(mill), second(mill)];
  await joinHome(sim, [mill]);
  await command(mill, gus, 'record start');
  await command(mill, gus, 'start');
  recordingId = await captionedMill();
  await Promise.all([gus, hal].map((userId) => sim.ready(userId)));
  /** Both speak, and this happens as soon as the page has words of both: in the middle of what they say. */
  const broken = async (labels: [string, string], happens: () => Promise<unknown>) => {
    const from = mill.watcher.events.length;
    const speaking = Promise.all([speakClip(sim, gus, labels[0]), speakClip(sim, hal, labels[1])]);
    await mill.watcher.until('words of both', () =>
      [gus, hal].every((userId) =>
        mill.watcher.events
          .slice(from)
          .some(({ event, payload }) => event === 'caption.partial' && payload.userId === userId),
      ),
    );
    await happens();
    saidInMill.push(...(await speaking));
    await told([mill], recordingId, wordsOf(saidInMill));
  };
  await broken(['ada-1', 'ben-2'], () => deepgram.closeAll());
  await broken(['cleo-2', 'dan-3'], () => deepgram.resetAll());
  await deepgram.setFaults({ openDelayMs: 1_200 });
  await broken(['ada-3', 'ben-1'], () => deepgram.resetAll());
  await deepgram.setFaults({ openDelayMs: 0 });
  expect(millStates()).toEqual(['on']);
  await broken(['dan-2', 'ada-2'], async () => {
    await deepgram.setFaults({ concurrency: 0 });
    await deepgram.closeAll();
    await mill.watcher.until('captions to be late', () => millStates().at(-1) === 'delayed');
    await deepgram.clearFaults();
  });
  await expectTold([mill], recordingId, saidInMill);
  await mill.watcher.until('captions to be on time again', () => millStates().at(-1) === 'on');
  expect(millStates()).toEqual(['on', 'delayed', 'on']);
}, 90_000);

test('by command: status, language, opt-out, late comers; the transcript has it all, what was lost from the recording', async () => {
  const { sim, deepgram } = stack;
  const [gus, hal] = [first(mill), second(mill)];
  expect(await command(mill, gus, 'status')).toMatch(/Captions are on in .*They run\./s);

  // The service hangs, and nothing of what it heard ever comes.
  await deepgram.setFaults({ resultDelayMs: 600_000 });
  const lost = await speakClip(sim, gus, 'cleo-3');
  await mill.watcher.until('the loss to be told', () => millStates().at(-1) === 'broken');
  await deepgram.resetAll();
  await deepgram.clearFaults();

  expect(await command(mill, gus, 'language', { name: 'language', type: 3, value: 'it' })).toContain(
    'in this language',
  );
  expect(await command(mill, hal, 'privacy optout')).toContain('neither recorded nor transcribed');
  const [heard] = await Promise.all([speakClip(sim, gus, 'ben-3'), speakClip(sim, hal, 'dan-1')]);
  await expectTold([mill], recordingId, [...saidInMill, heard]);
  expect(finalsOf(mill.watcher, recordingId).at(-1)).toMatchObject({ userId: gus, name: 'Gus', language: 'it' });
  expect(millStates().at(-1)).toBe('on');

  const late = await watchHome(stack, mill);
  const finals = late.latest('presence.snapshot')?.captions?.finals ?? [];
  late.close();
  const own = saidInMill.filter(({ userId }) => userId === gus);
  expect(finals.map(({ text }) => text).join(' ')).toBe(textsOf([...own, heard]));
  expect(new Set(finals.map(({ userId }) => userId))).toEqual(new Set([gus]));

  expect(await command(mill, gus, 'stop')).toContain('captioned no longer');
  expect(await command(mill, gus, 'record stop')).toContain('is not recorded any longer');
  const customId = `transcript:${recordingId}`;
  const message = await sim.until(
    async () =>
      (await sim.messages(mill.textChannelId)).find(({ components }) => JSON.stringify(components).includes(customId)),
    { timeoutMs: 30_000, what: 'the transcript' },
  );
  expect(message.content).toMatch(/\d+ parts from live captions, 1 from the recording/);
  const press = async (userId: string) => {
    const { interactionId } = await sim.click({ userId, messageId: message.id, customId });
    return sim.until(async () => {
      const { message: answer } = await sim.interaction(interactionId);
      return answer && !(answer.flags & 128) ? answer : undefined;
    });
  };
  const { userId: stranger } = await sim.createMember(mill.guildId, { name: 'Stranger' });
  expect((await press(stranger)).content).toContain('transcript_not_yours');
  const links = JSON.stringify((await press(gus)).components);
  const url = /http[^"]*\.txt[^"]*/.exec(links)?.[0] ?? '';
  const lines = (await (await fetch(url)).text()).split('\n');
  const written = lines.flatMap((line) => /^\[[\d:]+\] (\w+\*?): (.*)$/.exec(line)?.slice(1) ?? []);
  const spokenBy = (name: string) => written.flatMap((_, at) => (written[at - 1]?.startsWith(name) ? written[at] : []));
  expect(spokenBy('Gus').join(' ')).toBe(textsOf([...own, lost, heard]));
  expect(written[written.indexOf('Gus*') + 1]).toBe(textsOf([lost]));
  expect(lines.join('\n')).not.toContain('Hal');
  await leaveHome(stack, [mill]);
}, 90_000);

test('without a key captions say plainly that they are off, and how to turn them on', async () => {
  await stack.stopNode();
  await stack.startNode('node-1', { DEEPGRAM_API_KEY: '' });
  await joinHome(stack.sim, [mill]);
  expect(await command(mill, first(mill), 'start')).toMatch(/DEEPGRAM_API_KEY[\s\S]*captions_unavailable/);
}, 60_000);
