/** Transcripts: what is made of live captions and of the recording, what survives a kill, and who is in none. */
import { createHash } from 'node:crypto';
import { appendFile, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { manifestKey, transcriptKey } from '@patchbay/shared/object-keys';
import { ulid } from 'ulid';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadClips } from '../../../../sim/src/clips/library.ts';
import { DeepgramServer } from '../../../../sim/src/deepgram/server.ts';
import { OggOpusWriter } from '../../audio/ogg-opus.ts';
import { SILENCE_FRAME } from '../../audio/packet.ts';
import { createLogger } from '../../ops/logger.ts';
import { VirtualTime } from '../../ops/virtual-time.ts';
import { DeepgramFiles } from '../deepgram/deepgram-files.ts';
import { type BookEntry, readEntries } from './entries.ts';
import { type Transcript, transcriptOf, without } from './parts.ts';
import { type ReadsBucket, recordedFragments } from './recorded.ts';
import { render } from './render.ts';
import { RESUME_WAIT_MS, TranscriptDesk } from './transcript-desk.ts';

const clips = await loadClips();
const apiKey = 'key';
const sessionId = '01JXCAPT10NS0000000000000A';
const timeZero = 1_767_225_600_000;
let server: DeepgramServer;
let url: string;
beforeAll(async () => {
  server = new DeepgramServer({ apiKey, clips: clips.values() });
  url = await server.listen();
});
afterAll(() => server.close());

const final = (userId: string, startMs: number, text: string): BookEntry => {
  const words = text.split(' ').map((word, index) => ({
    text: word,
    startMs: startMs + index * 200,
    endMs: startMs + index * 200 + 150,
  }));
  const endMs = words.at(-1)?.endMs ?? startMs;
  return { type: 'final', guildId: '1', userId, captionId: ulid(), language: 'en', text, startMs, endMs, words };
};
const begun: BookEntry = { type: 'session', v: 1, sessionId, timeZero };

test('people are told apart and in order; who opted out is not there; a final that was told twice is there once', () => {
  const twice = final('7', 1_000, 'Hello there.');
  const entries: BookEntry[] = [
    begun,
    { type: 'name', guildId: '1', userId: '7', name: 'Ada' },
    final('8', 5_000, 'Yes.'),
    twice,
    twice,
    final('9', 2_000, 'Not me.'),
    { type: 'lost', guildId: '1', userId: '8', fromMs: 8_000, toMs: 9_500 },
    { type: 'out', userIds: ['9'] },
  ];
  const transcript = transcriptOf(sessionId, entries, []);
  expect(transcript.parts.map(({ userId, text }) => `${userId} ${text}`)).toEqual(['7 Hello there.', '8 Yes.']);
  expect(transcript.people).toEqual([
    { guildId: '1', userId: '7', name: 'Ada' },
    { guildId: '1', userId: '8', name: '8' },
  ]);
  const text = render(transcript, 'txt');
  expect(text).toContain('[00:00:01] Ada: Hello there.\n[00:00:05] 8: Yes.\n[00:00:08] 8: [words lost, 1.5 s]');
  expect(text).toContain('2 parts were heard live, 0 were taken from the recording');
  expect(without(transcript, new Set(['7'])).parts).toHaveLength(1);
});

test('subtitles: names and texts cannot break out of their cue', () => {
  const entries: BookEntry[] = [
    begun,
    { type: 'name', guildId: '1', userId: '7', name: 'A <b>\n00:00 --> 1' },
    final('7', 3_723_004, 'x --> <i> & y'),
  ];
  const transcript = transcriptOf(sessionId, entries, []);
  expect(render(transcript, 'vtt')).toContain(
    '01:02:03.004 --> 01:02:03.954\n<v A &lt;b&gt; 00:00 --&gt; 1>x --&gt; &lt;i&gt; &amp; y</v>',
  );
  expect(render(transcript, 'srt')).toMatch(/^1\n01:02:03,004 --> 01:02:03,954\nA <b> 00:00 --> 1: x/);
  expect(JSON.parse(render(transcript, 'json'))).toMatchObject({ v: 1, parts: [{ source: 'live' }] });
});

test('a torn last line, as a kill leaves it, costs that line alone', () => {
  const text = `\n${JSON.stringify(begun)}\n${JSON.stringify(final('7', 0, 'Hello.'))}\n{"type":"fin`;
  expect(readEntries(text).map(({ type }) => type)).toEqual(['session', 'final']);
});

/** A bucket, and a desk that puts transcripts into it. */
class Desk {
  readonly objects = new Map<string, Buffer>();
  readonly events: NodeEventDraft[] = [];
  readonly time = new VirtualTime();
  readonly store: ReadsBucket = {
    list: async (prefix) =>
      [...this.objects].flatMap(([key, { length: bytes }]) => (key.startsWith(prefix) ? [{ key, bytes }] : [])),
    fetch: async (key, path) => {
      const body = this.objects.get(key);
      if (!body) throw new PatchbayError('object_unreadable', key);
      await writeFile(path, body);
      return { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
    },
  };
  readonly desk: TranscriptDesk;
  readonly #done: (() => void)[] = [];

  constructor(directory: string, objects?: Map<string, Buffer>) {
    if (objects) this.objects = objects;
    this.desk = new TranscriptDesk({
      directory: join(directory, 'captions'),
      store: this.store,
      add: async (path, { key }) => {
        this.objects.set(key, await readFile(path));
        await rm(path);
        return { stored: Promise.resolve() };
      },
      engine: new DeepgramFiles({ apiKey, url: url.replace('http', 'ws'), model: 'nova-3' }),
      report: async (draft) => {
        this.events.push(draft);
        for (const done of this.#done.splice(0)) done();
      },
      scheduler: this.time,
      logger: createLogger('silent'),
    });
  }

  async stored(): Promise<NodeEventDraft> {
    while (this.events.length === 0) await new Promise<void>((resolve) => this.#done.push(resolve));
    return this.events[0] as NodeEventDraft;
  }

  transcript(): Transcript {
    return JSON.parse(String(this.objects.get(transcriptKey(sessionId, 'json')))) as Transcript;
  }

  /** Runs timers until a job waits no longer. */
  async until(check: () => boolean): Promise<void> {
    while (!check()) {
      this.time.runUntil(this.time.now() + 1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'transcript-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const guild = (prerecorded: 'gaps' | 'all', recorded = true): BookEntry & { type: 'guild' } => ({
  type: 'guild',
  guildId: '1',
  language: 'en',
  keyterms: [],
  prerecorded,
  recorded,
});

/** The recording of user 7: a minute of silence with clips in it, from 2 s after time zero. */
function recorded(objects: Map<string, Buffer>, said: Record<string, number>): void {
  const packets = Array<Uint8Array>(3_000).fill(SILENCE_FRAME);
  for (const [name, atMs] of Object.entries(said)) {
    const own = clips.get(name)?.packets ?? [];
    packets.splice((atMs - 2_000) / 20, own.length, ...own);
  }
  const writer = new OggOpusWriter(7);
  const pages = [writer.header({})];
  for (const packet of packets) {
    const page = writer.add(packet);
    if (page) pages.push(page);
  }
  pages.push(writer.end());
  objects.set('raw.ogg', Buffer.concat(pages));
  const object = {
    key: 'raw.ogg',
    kind: 'raw',
    guildId: '1',
    userId: '7',
    firstSample: 96_000,
    endSample: 96_000 + 3_000 * 960,
  };
  objects.set(manifestKey(sessionId), Buffer.from(JSON.stringify({ objects: [object], incompleteBecause: [] })));
}

test('while a recording runs, its manifest has no fragments to listen to', async () => {
  const one = new Desk(directory);
  recorded(one.objects, { 'ada-2': 10_000 });
  const fragments = () => recordedFragments(one.store, sessionId, join(directory, 'manifest.json'));
  expect(await fragments()).toMatchObject([{ key: 'raw.ogg', userId: '7', firstMs: 2_000 }]);
  const chunks = { objects: [], incompleteBecause: ['not_finalised'] };
  one.objects.set(manifestKey(sessionId), Buffer.from(JSON.stringify(chunks)));
  expect(await fragments()).toBeUndefined();
});

test('lost words come from the recording, at their times, and only they are paid for', async () => {
  const one = new Desk(directory);
  const book = one.desk.open(sessionId, timeZero);
  book.guild(guild('gaps'));
  book.add(final('7', 10_000, 'We are playing a board game tonight.'));
  book.add({ type: 'lost', guildId: '1', userId: '7', fromMs: 29_900, toMs: 33_000 });
  await book.end();
  // Nobody has finalised the recording yet: the transcript waits.
  recorded(one.objects, { 'ada-2': 10_000, 'ben-2': 30_000, 'dan-1': 50_000 });
  const before = server.accounting().prerecorded.channelSeconds;
  one.desk.recordingMade(sessionId);
  await one.until(() => one.events.length > 0);
  expect(one.events[0]).toMatchObject({ type: 'transcript.stored', guildId: '1', sessionId, live: 1, prerecorded: 1 });
  const { parts, missing } = one.transcript();
  expect(parts.map(({ text, source }) => [text, source])).toEqual([
    ['We are playing a board game tonight.', 'live'],
    ['Our dice are loaded, but do not tell.', 'prerecorded'],
  ]);
  expect(missing).toEqual([]);
  for (const [index, { start }] of (clips.get('ben-2')?.words ?? []).entries()) {
    expect(Math.abs((parts[1]?.words[index]?.startMs ?? 0) - 30_000 - start * 1000)).toBeLessThan(60);
  }
  expect(server.accounting().prerecorded.channelSeconds - before).toBeLessThan(4.5);
  expect([...one.objects.keys()].filter((key) => key.includes('transcript'))).toHaveLength(4);
  await one.desk.close();
  expect(await readdir(join(directory, 'captions'))).toEqual([]);
});

test('with "all" the recording says everything; long silence is left out of what is listened to', async () => {
  const one = new Desk(directory);
  recorded(one.objects, { 'ada-2': 10_000, 'ben-2': 30_000, 'dan-1': 50_000 });
  const book = one.desk.open(sessionId, timeZero);
  book.guild(guild('all'));
  book.add(final('7', 10_000, 'Wee are plying.'));
  book.add(final('8', 20_000, 'Not recorded.'));
  const before = server.accounting().prerecorded.channelSeconds;
  await book.end();
  expect(await one.stored()).toMatchObject({ live: 1, prerecorded: 3 });
  expect(one.transcript().parts.map(({ userId, text }) => `${userId} ${text}`)).toEqual([
    '7 We are playing a board game tonight.',
    '8 Not recorded.',
    '7 Our dice are loaded, but do not tell.',
    '7 Greetings from the mountain lodge.',
  ]);
  expect(server.accounting().prerecorded.channelSeconds - before).toBeLessThan(9);
});

test('a service that fails is asked again; what was heard before a kill is not paid for twice', async () => {
  const one = new Desk(directory);
  recorded(one.objects, { 'ben-2': 30_000 });
  server.setFaults({ failRequests: { count: 1, status: 503 } });
  const book = one.desk.open(sessionId, timeZero);
  book.guild(guild('all'));
  book.add(final('7', 1_000, 'Hm.'));
  await book.end();
  const before = server.accounting().prerecorded.requests;
  await one.until(() => one.events.length > 0);
  expect(server.accounting().prerecorded.requests - before).toBe(1);
  expect(one.transcript().parts.map(({ source }) => source)).toContain('prerecorded');
});

test('what a killed process had written becomes a transcript, when nobody goes on with the session', async () => {
  const one = new Desk(directory);
  const book = one.desk.open(sessionId, timeZero);
  book.guild(guild('gaps', false));
  book.add(final('7', 1_000, 'Before the kill.'));
  const path = join(directory, 'captions', sessionId, 'captions.jsonl');
  while (!(await readFile(path, 'utf8').catch(() => '')).includes('kill'))
    await new Promise((resolve) => setImmediate(resolve));
  await appendFile(path, '{"type":"final","torn');
  await copyFile(path, `${path}.seen`);
  const two = new Desk(directory);
  expect(await two.desk.start()).toBe(1);
  two.time.runUntil(two.time.now() + RESUME_WAIT_MS - 1);
  expect(two.events).toEqual([]);
  // The session goes on: what follows is written behind what was there.
  const again = two.desk.open(sessionId, timeZero);
  two.time.runUntil(two.time.now() + 10);
  again.add(final('7', 9_000, 'After the kill.'));
  await again.end();
  await two.stored();
  expect(two.transcript().parts.map(({ text }) => text)).toEqual(['Before the kill.', 'After the kill.']);
});

test('people are taken out of a transcript that is stored already', async () => {
  const one = new Desk(directory);
  const book = one.desk.open(sessionId, timeZero);
  book.guild(guild('gaps', false));
  book.add(final('7', 1_000, 'Mine.'));
  book.add(final('8', 2_000, 'Theirs.'));
  await book.end();
  await one.stored();
  await one.desk.close();
  const two = new Desk(directory, one.objects);
  await two.desk.withdraw(sessionId, ['8']);
  for (const format of ['txt', 'vtt', 'srt', 'json'] as const) {
    const body = String(two.objects.get(transcriptKey(sessionId, format)));
    expect(body).toContain('Mine.');
    expect(body).not.toContain('Theirs.');
  }
});
