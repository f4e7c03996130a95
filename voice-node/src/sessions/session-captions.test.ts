/** Captions in sessions: whom they hear, what is told when, and that they hold nothing up. */
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { CaptionsSpec, SessionSpec } from '@patchbay/shared/session-spec';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadClips } from '../../../sim/src/clips/library.ts';
import { SoundLibrary } from '../../../sim/src/hearing/sound-library.ts';
import { SILENCE_FRAME } from '../audio/packet.ts';
import { CaptionDesk } from '../captions/caption-desk.ts';
import type { CaptionEngine } from '../captions/engine.ts';
import { StandInEngine } from '../captions/stand-in-engine.ts';
import { createLogger } from '../ops/logger.ts';
import type { FakeLeg } from './fake-leg.ts';
import { callSpec, SessionsKit, voicePacket } from './sessions-test-kit.ts';

const clips = await loadClips();
const library = new SoundLibrary(clips.values());
let kit: SessionsKit;
let engine: StandInEngine;
let desk: CaptionDesk;
beforeEach(async () => {
  kit = await SessionsKit.open((time, report) => {
    engine = new StandInEngine({ library, scheduler: time });
    desk = deskWith(engine, time, report);
    return desk;
  });
});
afterEach(() => kit.close());

function deskWith(
  chosen: CaptionEngine | undefined,
  scheduler: SessionsKit['time'],
  report: (draft: NodeEventDraft) => void,
): CaptionDesk {
  const desk = new CaptionDesk({
    engine: chosen,
    off: 'Captions are off. Set DEEPGRAM_API_KEY.',
    channels: 1,
    connections: 10,
    nameOf: () => undefined,
    report,
    send: () => true,
    logger: createLogger('silent'),
    scheduler,
  });
  desk.share(10);
  return desk;
}

const captionsOf = (spec: SessionSpec, count = 2): CaptionsSpec => ({
  legs: spec.legs
    .slice(0, count)
    .map(({ legId }) => ({ legId, language: 'en', keyterms: [], prerecorded: 'gaps' as const })),
});
const finals = () => kit.drafts.filter((draft) => draft.type === 'caption.final');
const states = () =>
  kit.drafts.flatMap((draft) => (draft.type === 'caption.state' ? [`${draft.guildId} ${draft.code}`] : []));

let sequence = 1_000;
/** Somebody of a leg says a clip, in real time of the virtual clock. `cut`: so many packets of it. */
function say(leg: FakeLeg | undefined, userId: string, name: string, cut = Number.POSITIVE_INFINITY): void {
  const packets = (clips.get(name)?.packets ?? []).slice(0, cut);
  const closing = cut === Number.POSITIVE_INFINITY ? Array<Uint8Array>(5).fill(SILENCE_FRAME) : [];
  for (const opus of [...packets, ...closing]) {
    leg?.hear(voicePacket(userId, sequence, opus, kit.time.now()));
    sequence += 1;
    kit.time.runUntil(kit.time.now() + 20);
  }
}
const pass = (ms: number) => kit.time.runUntil(kit.time.now() + ms);

test('legs of the spec are captioned, opted-out people are not, and languages change on the fly', async () => {
  const call = callSpec({ timeZero: kit.time.now() });
  await kit.apply({ ...call, captions: captionsOf(call, 1), optedOut: ['8'] });
  say(kit.legs[0], '8', 'ben-1');
  say(kit.legs[1], '6', 'ben-1');
  say(kit.legs[0], '7', 'ada-2');
  pass(1_000);
  expect(finals()).toMatchObject([
    { guildId: '1', legId: call.legs[0]?.legId, channelId: '11', userId: '7', language: 'en', revision: 1 },
  ]);
  expect(finals()[0]).toMatchObject({ text: 'We are playing a board game tonight.' });
  expect(states()).toEqual(['1 captions_on']);

  await kit.apply({ ...call, revision: 2, captions: { ...captionsOf(call), languages: { 7: 'it' } }, optedOut: [] });
  say(kit.legs[0], '7', 'ada-1');
  say(kit.legs[1], '6', 'dan-3');
  pass(1_000);
  expect(finals().slice(1)).toMatchObject([
    { userId: '7', language: 'it', revision: 2 },
    { userId: '6', guildId: '2', language: 'en', text: 'Come back any time you like.' },
  ]);

  await kit.apply({ ...call, revision: 3 });
  say(kit.legs[0], '7', 'ada-3');
  pass(1_000);
  expect(finals()).toHaveLength(3);
  expect(states().slice(1)).toEqual(['2 captions_on', '1 captions_stopped', '2 captions_stopped']);
});

test('who opts out in the middle of a sentence is told of no more', async () => {
  const call = callSpec({ timeZero: kit.time.now() });
  await kit.apply({ ...call, captions: captionsOf(call), optedOut: [] });
  say(kit.legs[0], '7', 'ben-2', 80);
  await kit.apply({ ...call, revision: 2, captions: captionsOf(call), optedOut: ['7'] });
  say(kit.legs[0], '7', 'ada-1');
  pass(2_000);
  expect(finals()).toEqual([]);
});

test('the last words are told before the end is, also when the bot is thrown out in mid-sentence', async () => {
  const call = callSpec({ timeZero: kit.time.now() });
  await kit.apply({ ...call, captions: captionsOf(call), optedOut: [] });
  kit.connect();
  kit.connectTonesPlayed();
  say(kit.legs[0], '7', 'ada-2', 105);
  kit.legs[0]?.set({ kind: 'closed', reason: 'bot_removed' });
  await kit.finish(kit.until(() => kit.ended().length === 2));
  const told = kit.drafts
    .map(({ type }) => type)
    .filter((type) => type === 'caption.final' || type === 'session.ended');
  expect(told).toEqual(['caption.final', 'session.ended', 'session.ended']);
  expect(finals()).toMatchObject([{ userId: '7', text: 'We are playing a board game tonight.' }]);
  await kit.finish(desk.close());
  expect(engine.accounts.every(({ closedAt }) => closedAt !== undefined)).toBe(true);
});

test('without a key each channel is told so, and how to turn captions on; the call is not touched', async () => {
  await kit.close();
  kit = await SessionsKit.open((time, report) => deskWith(undefined, time, report));
  const call = callSpec();
  await kit.apply({ ...call, captions: captionsOf(call), optedOut: [] });
  await kit.apply({ ...call, revision: 2, captions: captionsOf(call), optedOut: [] });
  expect(states()).toEqual(['1 captions_off', '2 captions_off']);
  expect(kit.drafts.find(({ type }) => type === 'caption.state')).toMatchObject({
    state: 'off',
    message: expect.stringContaining('DEEPGRAM_API_KEY'),
  });
  kit.connect();
  say(kit.legs[0], '7', 'ada-2', 20);
  expect(kit.legs[1]?.sent.length).toBeGreaterThan(0);
});
