/**
 * Eight people of three servers talk over each other, minutes on virtual time: packets as a client gets them, with jitter and clocks
 * of their own, and a service that recognises what it hears.
 */
import type { NodeEventDraft, NodeEventOf } from '@patchbay/shared/events';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { loadClips } from '../../../../sim/src/clips/library.ts';
import { SoundLibrary } from '../../../../sim/src/hearing/sound-library.ts';
import { type VirtualSpeaker, type VirtualSpeech, virtualCall } from '../../../../sim/src/scenario/virtual-call.ts';
import { seededRandom } from '../../../../sim/src/time/random.ts';
import { createLogger } from '../../ops/logger.ts';
import { VirtualTime } from '../../ops/virtual-time.ts';
import { CaptionDesk } from '../caption-desk.ts';
import { StandInEngine } from '../stand-in-engine.ts';

const clips = [...(await loadClips()).values()];
const library = new SoundLibrary(clips);
const timeZero = 1_767_225_600_000;
const people = ['101', '102', '103', '104', '105', '106', '107', '108'];
type Stay = { fromMs: number; toMs: number };
type Final = NodeEventOf<'caption.final'>;

const legs = ['1', '2', '3'].map((guildId) => ({
  legId: ulid(),
  guildId,
  channelId: `${guildId}0`,
  identityId: '9',
  epoch: 1,
  role: 'party' as const,
}));
const legOf = (userId: string) => legs[Number(userId) % 3] as (typeof legs)[number];

function specOf(): SessionSpec {
  const captioned = legs.map(({ legId }) => ({ legId, language: 'en', keyterms: [], prerecorded: 'gaps' as const }));
  const common = { id: ulid(), revision: 1, mode: 'bridge' as const, routes: [], limits: { seconds: 0 } };
  return { ...common, timeZero, legs, captions: { legs: captioned }, optedOut: ['108'] };
}

interface Run {
  drafts: NodeEventDraft[];
  speeches: VirtualSpeech[];
  engine: StandInEngine;
}

async function converse(seconds: number, channels: number, staysOf?: (userId: string) => Stay[]): Promise<Run> {
  const time = new VirtualTime(timeZero);
  const engine = new StandInEngine({ library, scheduler: time });
  const drafts: NodeEventDraft[] = [];
  const desk = new CaptionDesk({
    engine,
    off: 'off',
    channels,
    connections: 100,
    nameOf: () => undefined,
    report: (draft) => drafts.push(draft),
    send: () => true,
    logger: createLogger('silent'),
    scheduler: time,
  });
  desk.share(100);
  const spec = specOf();
  const captions = desk.open(spec);
  captions.apply(spec);
  const speeches: VirtualSpeech[] = [];
  const speakers = people.map((userId): VirtualSpeaker => {
    const stays = staysOf?.(userId);
    return { userId, clips, pauseMs: 2_500, faults: { jitterMs: 20 }, ...(stays ? { stays } : {}) };
  });
  const call = { seed: `captions ${channels}`, durationMs: seconds * 1000, startsAt: timeZero, speakers };
  for (const packet of virtualCall({ ...call, onSpeech: (speech) => speeches.push(speech) })) {
    time.runUntil(packet.arrivedAt);
    captions.packet(legOf(packet.userId).legId, packet);
  }
  let over = false;
  const end = desk.finish(captions).finally(() => {
    over = true;
  });
  while (!over) {
    time.runUntil(time.now() + 50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await end;
  return { drafts, speeches, engine };
}

const finalsOf = ({ drafts }: Run, userId: string): Final[] =>
  drafts.flatMap((draft) => (draft.type === 'caption.final' && draft.userId === userId ? [draft as Final] : []));

/** What somebody said, word by word. `whole`: the clip was not cut off by their leaving. */
function saidBy({ speeches }: Run, userId: string, stays: Stay[] | undefined, endMs: number) {
  return speeches
    .filter((speech) => speech.userId === userId)
    .flatMap(({ clip, startedAt }) => {
      const startMs = startedAt - timeZero;
      const until = stays?.find(({ fromMs, toMs }) => startMs >= fromMs && startMs < toMs)?.toMs ?? endMs;
      const whole = startMs + clip.packets.length * 20 + 100 < until;
      return (clip.words ?? []).map(({ word, start }) => ({ word, startMs: startMs + start * 1000, whole }));
    });
}

function judge(run: Run, seconds: number, staysOf?: (userId: string) => Stay[]): void {
  for (const userId of people.slice(0, -1)) {
    const said = saidBy(run, userId, staysOf?.(userId), seconds * 1000);
    const heard = finalsOf(run, userId).flatMap(({ words }) => words);
    const unheard = [...said];
    for (const { text, startMs } of heard) {
      const at = unheard.findIndex(({ word, startMs: truth }) => word === text && Math.abs(truth - startMs) < 150);
      expect(at, `${userId} did not say "${text}" at ${startMs}`).toBeGreaterThanOrEqual(0);
      unheard.splice(at, 1);
    }
    expect(
      unheard.filter(({ whole }) => whole),
      `${userId} was not heard to say`,
    ).toEqual([]);
    const starts = finalsOf(run, userId).map(({ startMs }) => startMs);
    expect(starts).toEqual([...starts].sort((left, right) => left - right));
    for (const { guildId, legId } of finalsOf(run, userId)) {
      expect({ guildId, legId }).toEqual({ guildId: legOf(userId).guildId, legId: legOf(userId).legId });
    }
  }
  expect(finalsOf(run, '108')).toEqual([]);
  const states = run.drafts.flatMap((draft) => (draft.type === 'caption.state' ? [draft.state] : []));
  expect(states).toEqual(['on', 'on', 'on']);
}

test.for([1, 4])(
  'every word comes under its speaker’s name, in order, within 150 ms of the truth (%i channels)',
  async (channels) => {
    const run = await converse(40, channels);
    judge(run, 40);
    expect(run.drafts.filter(({ type }) => type === 'caption.final').length).toBeGreaterThan(30);
  },
);

/** Everybody comes and goes every few seconds. */
function staysOf(userId: string): Stay[] {
  const random = seededRandom(`stays ${userId}`);
  const stays: Stay[] = [];
  for (let at = random() * 4_000; at < 180_000; ) {
    const toMs = Math.min(180_000, at + 3_000 + random() * 9_000);
    stays.push({ fromMs: at, toMs });
    at = toMs + 200 + random() * 4_000;
  }
  return stays;
}

test('three minutes of coming and going: nobody is given another one’s words, none is lost', async () => {
  const run = await converse(180, 1, staysOf);
  judge(run, 180, staysOf);
  const speech = run.speeches.reduce((sum, { clip }) => sum + clip.packets.length * 0.02, 0);
  expect(run.engine.accounts.reduce((sum, { audioSeconds }) => sum + audioSeconds, 0)).toBeLessThan(speech * 1.25);
});
