/** The pool on the real protocol, against the Deepgram stand-in: what it hears are clips, what goes wrong is asked for. */
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadClips } from '../../../../sim/src/clips/library.ts';
import type { FaultSettings } from '../../../../sim/src/deepgram/faults.ts';
import { DeepgramServer } from '../../../../sim/src/deepgram/server.ts';
import { decodeAll } from '../../../../sim/src/hearing/decode.ts';
import { createLogger } from '../../ops/logger.ts';
import { realTime } from '../../ops/scheduler.ts';
import { CaptionPool } from '../pool/caption-pool.ts';
import type { FinalPart, SpeakerLine } from '../pool/speaker-line.ts';
import { FRAME_LENGTH, FRAME_MS } from '../speech/speech-frame.ts';
import { DeepgramEngine } from './deepgram-engine.ts';
import { refusalOf } from './messages.ts';

const clips = await loadClips();
const apiKey = 'key-of-tests';
const text = (name: string): string => clips.get(name)?.text ?? '';

let server: DeepgramServer;
let url: string;
let pool: CaptionPool;
let connectionsBefore: number;
beforeAll(async () => {
  server = new DeepgramServer({ apiKey, clips: clips.values() });
  url = await server.listen();
});
afterAll(() => server.close());
beforeEach(() => {
  server.clearFaults();
  connectionsBefore = server.accounting().total;
});
afterEach(() => pool?.close());
const connections = (): number => server.accounting().total - connectionsBefore;

const openPool = (channels = 1, key = apiKey, limit = 10): CaptionPool => {
  const engine = new DeepgramEngine({ apiKey: key, url: url.replace('http', 'ws'), model: 'nova-3' });
  pool = new CaptionPool({ engine, channels, limit, scheduler: realTime, logger: createLogger('silent') });
  return pool;
};

/** Somebody who says clips, faster than one could: what is said is in no hurry, and tests are. */
class Voice {
  readonly line: SpeakerLine;
  readonly finals: FinalPart[] = [];
  readonly late: boolean[] = [];
  readonly lost: unknown[] = [];

  constructor(language = 'en') {
    this.line = pool.line(
      { language, keyterms: ['harbour'] },
      {
        partial: () => undefined,
        final: (part) => this.finals.push(part),
        lost: (span) => this.lost.push(span),
        late: (isLate) => this.late.push(isLate),
      },
    );
  }

  get text(): string {
    return this.finals.map((part) => part.text).join(' ');
  }

  async say(name: string, startMs: number, onFrame: (frame: number) => void = () => undefined): Promise<void> {
    const samples = decodeAll(clips.get(name)?.packets ?? []);
    const clock = { startMs };
    const frames = Math.floor(samples.length / FRAME_LENGTH);
    for (let frame = 0; frame < frames; frame += 1) {
      const part = samples.subarray(frame * FRAME_LENGTH, (frame + 1) * FRAME_LENGTH);
      pool.say(this.line, { pcm: Int16Array.from(part, (sample) => sample * 32_767), clock, atMs: frame * FRAME_MS });
      onFrame(frame);
      if (frame % 10 === 0) await nextTurn();
    }
    for (let quiet = 0; quiet < 5; quiet += 1) {
      pool.say(this.line, { pcm: new Int16Array(FRAME_LENGTH), clock, atMs: (frames + quiet) * FRAME_MS });
    }
    pool.endSpurt(this.line);
  }

  finish(): Promise<void> {
    return pool.finish(this.line, 20_000);
  }
}

/** Each final word lies where the clip has it. */
function expectPlaces(voice: Voice, name: string, startMs: number): void {
  const words = voice.finals.flatMap((part) => part.words);
  const known = clips.get(name)?.words ?? [];
  expect(words.map((word) => word.text)).toEqual(known.map(({ word }) => word));
  for (const [index, word] of words.entries()) {
    expect(Math.abs(word.startMs - (startMs + (known[index]?.start ?? 0) * 1000))).toBeLessThan(60);
  }
}

test.for([1, 4])('four talk at once, each has their own words at their own times (%i channels)', async (channels) => {
  openPool(channels);
  const voices = [new Voice(), new Voice(), new Voice(), new Voice()];
  const names = ['ada-1', 'ben-2', 'cleo-1', 'dan-2'];
  await Promise.all(voices.map((voice, index) => voice.say(names[index] ?? '', 10_000 * index)));
  await Promise.all(voices.map((voice) => voice.finish()));
  for (const [index, voice] of voices.entries()) expectPlaces(voice, names[index] ?? '', 10_000 * index);
  expect(connections()).toBe(channels === 1 ? 4 : 1);
});

const faults: Record<string, { faults?: Partial<FaultSettings>; at?: (frame: number) => void }> = {
  '1011 in mid-utterance': { at: (frame) => void (frame === 60 && server.closeAll()) },
  'a reset in mid-utterance': { at: (frame) => void (frame === 75 && server.resetAll()) },
  'a reset after half a second of audio': { faults: { resetConnects: { count: 2, afterAudioSeconds: 0.5 } } },
  '1011 as soon as it is open, three times': { faults: { closeConnects: 3 } },
  'too many connections (429), twice': { faults: { refuseConnects: 2 } },
  'a slow opening': { faults: { openDelayMs: 700 } },
  'slow results': { faults: { resultDelayMs: 900 } },
};
test.for(Object.keys(faults))('%s: no word is lost', async (name) => {
  const fault = faults[name];
  server.setFaults(fault?.faults ?? {});
  openPool();
  const voice = new Voice();
  await voice.say('ben-2', 5_000, fault?.at);
  await voice.finish();
  expectPlaces(voice, 'ben-2', 5_000);
  expect(voice.lost).toEqual([]);
});

test('NET-0001 on an idle connection: the next spurt has a new one', async () => {
  server.setFaults({ silenceLimitMs: 300 });
  openPool();
  const voice = new Voice();
  await voice.say('ada-2', 0);
  while (server.accounting().open > 0 || voice.finals.length === 0) await nextTurn();
  server.setFaults({ silenceLimitMs: 10_000 });
  await voice.say('dan-3', 4_000);
  await voice.finish();
  expect(voice.text).toBe(`${text('ada-2')} ${text('dan-3')}`);
  expect(connections()).toBe(2);
});

test('a refused key is named, and what was said is known to be lost', async () => {
  openPool(1, 'wrong');
  const voice = new Voice();
  const trouble = once(pool, 'trouble');
  await voice.say('ada-1', 0);
  expect(await trouble).toMatchObject([
    { code: 'captions_refused', message: expect.stringContaining('DEEPGRAM_API_KEY') },
  ]);
  await pool.finish(voice.line, 10);
  expect(voice.lost).toHaveLength(1);
});

test('refusals say what to do, and keep no secret', () => {
  expect(refusalOf(429, '')).toMatchObject({ limit: true, code: 'captions_limit' });
  expect(refusalOf(400, '{"err_msg":"language: no such"}').message).toMatch(/language: no such.*CAPTION_MODEL/);
  expect(refusalOf(402, '').message).toMatch(/credit/);
});
