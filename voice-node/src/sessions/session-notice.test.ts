/** How a recorded channel is told: nickname, message, spoken; and who comes later. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { spokenNotices, tones } from '../audio/tones/tones.ts';
import { TICK_MS } from '../bridge/ticker.ts';
import { BEEP_EVERY_MS, PANEL_EVERY_MS } from './leg-notice.ts';
import { callSpec, SessionsKit, voicePacket } from './sessions-test-kit.ts';

let kit: SessionsKit;
beforeEach(async () => {
  kit = await SessionsKit.open();
});
afterEach(() => kit.close());

/** A recording of one channel, as `/record start` makes it. */
async function recording(language?: 'en' | 'it') {
  const call = callSpec();
  const [leg] = call.legs;
  if (!leg) throw new Error('no leg');
  const own = { ...leg, role: 'recorder' as const, ...(language ? { language } : {}) };
  const spec = { ...call, legs: [own], routes: [], record: { legs: [leg.legId], required: true }, optedOut: [] };
  kit.registry.apply(spec);
  await kit.until(() => kit.drafts.some(({ type }) => /^recording\.(started|failed)$/.test(type)));
  return spec;
}

const noticed = () =>
  kit.drafts.flatMap((draft) => (draft.type === 'recording.noticed' ? [`${draft.kind} ${draft.userIds.join()}`] : []));
const sent = () => kit.legs[0]?.sent ?? [];
const pass = (ms: number) => kit.time.runUntil(kit.time.now() + ms);
const spoken = spokenNotices.en.packets.length;

test('nickname first, then the sentence as soon as the bot is heard; both are reported with those who are there', async () => {
  kit.present('11', '7', '8', { userId: '91', bot: true });
  await recording();
  expect(noticed()).toEqual(['nickname 7,8']);
  expect(sent()).toEqual([]);
  kit.connect();
  expect(noticed()).toEqual(['nickname 7,8', 'spoken 7,8']);
  pass(10_000);
  // Nothing but the sentence and the silence behind it.
  expect(sent().length - spoken).toBeGreaterThanOrEqual(0);
  expect(sent().length - spoken).toBeLessThan(10);
  expect(kit.posted).toEqual([]);
});

test('a nickname that is refused is made up for by a message in the language of the channel, and nothing is written before it', async () => {
  kit.nickRefused = true;
  kit.present('11', '7');
  const spec = await recording('it');
  expect(kit.posted).toHaveLength(1);
  expect(kit.posted[0]).toContain('Questo canale vocale viene registrato');
  expect(noticed()).toEqual(['panel 7']);
  kit.legs[0]?.hear(voicePacket('7', 1));
  await kit.finish(kit.registry.end(spec.id, 2, 'command'));
  expect(kit.order.indexOf('posted')).toBeLessThan(kit.order.indexOf('recording.started'));
  expect(kit.uploads).toHaveLength(1);
  expect(kit.panels).toEqual(['La registrazione di questo canale vocale è finita.']);
});

test('where neither is possible nothing is recorded, and the sentence says what to permit', async () => {
  kit.nickRefused = true;
  kit.panelRefused = true;
  await recording();
  expect(kit.drafts.find(({ type }) => type === 'recording.failed')).toMatchObject({
    code: 'notice_refused',
    message: expect.stringContaining('Change Nickname'),
  });
  kit.legs[0]?.hear(voicePacket('7', 1));
  await kit.finish(kit.until(() => kit.ended().length === 1));
  expect(kit.ended()).toMatchObject([{ reason: 'notice_refused' }]);
  expect([kit.uploads, noticed()]).toEqual([[], []]);
});

test('who comes later hears a beep and finds the message, together with others who come, and not too often', async () => {
  kit.present('11', '7');
  await recording();
  kit.connect();
  pass(BEEP_EVERY_MS);
  kit.drafts.length = 0;
  sent().length = 0;
  kit.present('11', '7', '8', '9');
  pass(500);
  kit.present('11', '7', '8');
  pass(1_000);
  expect(noticed()).toEqual(['nickname 8', 'spoken 8']);
  pass(1_000);
  expect(sent().length).toBeGreaterThanOrEqual(tones.recorded.packets.length);
  expect(sent().length).toBeLessThan(spoken);

  // Ten comings within ten seconds are one beep more.
  for (let user = 20; user < 30; user += 1) {
    kit.present('11', '7', '8', ...Array.from({ length: user - 19 }, (_, index) => String(20 + index)));
    pass(500);
  }
  expect(noticed()).toHaveLength(2);
  pass(BEEP_EVERY_MS);
  expect(noticed().slice(2)).toEqual([
    'nickname 20,21,22,23,24,25,26,27,28,29',
    'spoken 20,21,22,23,24,25,26,27,28,29',
  ]);
  // The message: one, posted when the first minute is over, changed a minute later.
  expect(kit.posted).toEqual([]);
  pass(PANEL_EVERY_MS);
  await kit.until(() => noticed().some((one) => one.startsWith('panel')));
  expect(kit.posted).toHaveLength(1);
  kit.present('11', '7', '31');
  pass(2_000);
  expect(kit.panels[0]).not.toContain('Said again');
  pass(PANEL_EVERY_MS);
  await kit.until(() => kit.panels[0]?.includes('Said again') ?? false);
  expect(kit.posted).toHaveLength(1);
});

test('a bot that a moderator has muted is heard by nobody: no spoken notice is reported', async () => {
  kit.present('11', '7', { userId: '91', bot: true, serverMute: true });
  await recording();
  kit.connect();
  expect(noticed()).toEqual(['nickname 7']);
  expect(kit.drafts).toContainEqual(expect.objectContaining({ type: 'recording.coverage', code: 'bot_muted' }));
});

test('in a call the sentence waits for the tone of its beginning; neither is cut off', async () => {
  const call = callSpec();
  kit.registry.apply({ ...call, record: { legs: [call.legs[0]?.legId ?? ''] }, optedOut: [] });
  await kit.until(() => kit.drafts.some(({ type }) => type === 'recording.started'));
  kit.connect();
  const both = (spoken + tones.connect.packets.length) * TICK_MS;
  pass(both - 200);
  const before = sent().length;
  pass(1_000);
  expect(sent().length).toBeGreaterThan(before);
  expect(sent().length).toBeGreaterThanOrEqual(spoken + tones.connect.packets.length);
  expect(sent().length).toBeLessThan(spoken + tones.connect.packets.length + 20);
});

test('on a leg that a call uses too, the sentence goes into the stream of the call', async () => {
  const call = callSpec();
  await kit.apply(call);
  kit.connect();
  kit.connectTonesPlayed();
  const [leg] = call.legs;
  if (!leg) throw new Error('no leg');
  const own = { ...callSpec(), legs: [{ ...leg, role: 'recorder' as const }], routes: [] };
  kit.registry.apply({ ...own, record: { legs: [leg.legId], required: true }, optedOut: [] });
  await kit.until(() => kit.drafts.some(({ type }) => type === 'recording.started'));
  expect(kit.legs).toHaveLength(2);
  // Somebody of the other side speaks meanwhile: one stream, whose numbers go on.
  for (let sequence = 0; sequence < spoken + 25; sequence += 1) {
    kit.legs[1]?.hear(voicePacket('6', sequence, undefined, kit.time.now()));
    pass(TICK_MS);
  }
  const numbers = sent().map(({ sequence }) => sequence);
  expect(numbers.length).toBeGreaterThanOrEqual(spoken);
  expect(numbers.length).toBeLessThan(spoken + 40);
  for (const [index, number] of numbers.entries()) {
    if (index > 0) expect((number - (numbers[index - 1] ?? 0)) & 0xffff).toBe(1);
  }
});
