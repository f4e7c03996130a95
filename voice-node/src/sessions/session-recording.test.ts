/** Recording in sessions: the notice, opted-out people, hand-over. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { markedNick, unmarkedNick } from './recording-notice.ts';
import { callSpec, SessionsKit, voicePacket } from './sessions-test-kit.ts';

let kit: SessionsKit;
beforeEach(async () => {
  kit = await SessionsKit.open();
});
afterEach(() => kit.close());

test('recording waits for the notice, keeps opted-out people out, and is handed over before the legs close', async () => {
  const call = callSpec();
  const [first] = call.legs;
  if (!first) throw new Error('no leg');
  kit.registry.apply({ ...call, record: { legs: [first.legId] }, optedOut: ['8'] });
  await kit.until(() => kit.drafts.some(({ type }) => type === 'recording.started'));
  for (let sequence = 1; sequence <= 10; sequence += 1) {
    kit.legs[0]?.hear(voicePacket('7', sequence));
    kit.legs[0]?.hear(voicePacket('8', sequence));
    kit.legs[1]?.hear(voicePacket('6', sequence));
  }
  await kit.registry.end(call.id, 2, 'command');
  expect(kit.uploads.map(({ context }) => context.userId)).toEqual(['7']);
  expect(kit.uploads[0]?.key).toBe(`recordings/${call.id}/chunks/7-${Math.round(call.timeZero)}.ogg`);
  expect(kit.uploads[0]?.context).toMatchObject({ guildId: '1', firstSample: 0 });
  const important = kit.order.filter((entry) => /nick|recording|handed|closed 1|ended/.test(entry));
  expect(important).toEqual([
    'nick 1 [REC] Patchbay',
    'recording.started',
    'handed over',
    'nick 1 null',
    'closed 1',
    'session.ended',
    'session.ended',
  ]);
});

test('a refused notice means that nothing is recorded, and the call goes on', async () => {
  kit.nickRefused = true;
  kit.panelRefused = true;
  const call = callSpec();
  kit.registry.apply({ ...call, record: { legs: call.legs.map(({ legId }) => legId) }, optedOut: [] });
  await kit.until(() => kit.drafts.filter(({ type }) => type === 'recording.failed').length === 2);
  kit.legs[0]?.hear(voicePacket('7', 1));
  expect(kit.legs[1]?.sent).toHaveLength(1);
  await kit.registry.end(call.id, 2, 'command');
  expect(kit.uploads).toEqual([]);
  expect(kit.drafts.find(({ type }) => type === 'recording.failed')).toMatchObject({ code: 'notice_refused' });
});

test('marks on nicknames', () => {
  expect(markedNick('Patchbay')).toBe('[REC] Patchbay');
  expect(markedNick('[REC] Patchbay')).toBe('[REC] Patchbay');
  expect(markedNick('x'.repeat(40))).toHaveLength(32);
  expect(unmarkedNick('[REC] [REC] Bot')).toBe('Bot');
});

test('a session that must be recorded ends when its notice is refused', async () => {
  kit.nickRefused = true;
  kit.panelRefused = true;
  const call = callSpec();
  kit.registry.apply({ ...call, record: { legs: [call.legs[0]?.legId ?? ''], required: true }, optedOut: [] });
  await kit.until(() => kit.ended().length === 2);
  expect(kit.ended()).toMatchObject([{ reason: 'notice_refused' }, { reason: 'notice_refused' }]);
});
