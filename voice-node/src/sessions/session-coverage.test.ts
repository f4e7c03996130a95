/** What keeps a running recording from being whole is told, and mended where the node can; a full disk ends it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callSpec, SessionsKit, voicePacket } from './sessions-test-kit.ts';

let kit: SessionsKit;
beforeEach(async () => {
  kit = await SessionsKit.open();
});
afterEach(() => kit.close());

async function recording(more: { required?: boolean } = {}) {
  const call = callSpec();
  const spec = { ...call, record: { legs: [call.legs[0]?.legId ?? ''], ...more }, optedOut: ['6'] };
  kit.registry.apply(spec);
  await kit.until(() => kit.drafts.some(({ type }) => type === 'recording.started'));
  kit.connect();
  const [leg] = kit.legs;
  if (!leg) throw new Error('no leg');
  return { spec, leg };
}

const coverage = () =>
  kit.drafts.flatMap((draft) =>
    draft.type === 'recording.coverage' ? [[draft.code, draft.state, draft.userId ?? ''].join(' ').trim()] : [],
  );
const pass = (ms: number) => kit.time.runUntil(kit.time.now() + ms);

test('one who shows as speaking and is not received, until they are; who opted out is not missed', async () => {
  kit.present('11', '6', '7', '8', '9');
  const { leg } = await recording();
  leg.emit('announced', '7', true);
  leg.emit('announced', '6', true);
  pass(3_000);
  leg.hear(voicePacket('8', 1));
  pass(3_000);
  expect(coverage()).toEqual(['no_packets begun 7']);
  leg.hear(voicePacket('7', 1));
  expect(coverage()).toEqual(['no_packets begun 7', 'no_packets over 7']);
});

test('a receiver that has stalled is mended step by step', async () => {
  kit.present('11', '7', '8', '9');
  const { leg } = await recording();
  leg.emit('announced', '7', true);
  leg.emit('announced', '8', true);
  const repairs = () => kit.order.filter((entry) => entry.startsWith('repair'));
  pass(6_000);
  expect(repairs()).toEqual(['repair resubscribe']);
  pass(60_000);
  expect(repairs()).toEqual(['repair resubscribe', 'repair reinitialise', 'repair rejoin']);
  leg.hear(voicePacket('7', 1));
  expect(coverage()).toEqual(['receiver_stalled begun', 'receiver_stalled over']);
});

test('a bot that a moderator deafens', async () => {
  kit.present('11', '7', { userId: '91', bot: true });
  await recording();
  kit.present('11', '7', { userId: '91', bot: true, serverDeaf: true });
  kit.present('11', '7', { userId: '91', bot: true });
  expect(coverage()).toEqual(['bot_deafened begun', 'bot_deafened over']);
});

test('a disk that fills up is told of, then the recording ends with what it has, and the call goes on', async () => {
  const { spec, leg } = await recording();
  leg.hear(voicePacket('7', 1));
  kit.free = 1e9;
  await kit.disk.look();
  expect(coverage()).toEqual(['disk_low begun']);
  kit.free = 1e8;
  await kit.disk.look();
  await kit.until(() => kit.order.includes('nick 1 null'));
  expect(kit.drafts.filter(({ type }) => type === 'recording.failed')).toMatchObject([
    { code: 'disk_full', message: expect.stringContaining('DATA_DIR') },
  ]);
  expect(kit.uploads.map(({ context }) => context.userId)).toEqual(['7']);
  expect(kit.ended()).toEqual([]);
  leg.hear(voicePacket('7', 2));
  // A later revision does not begin it anew.
  kit.registry.apply({ ...spec, revision: 2 });
  await kit.finish(kit.registry.end(spec.id, 3, 'command'));
  expect(kit.uploads).toHaveLength(1);
  expect(kit.drafts.filter(({ type }) => type === 'recording.failed')).toHaveLength(1);
});

test('a session that is there for its recording ends when the disk is full', async () => {
  await recording({ required: true });
  kit.free = 1e8;
  await kit.disk.look();
  await kit.finish(kit.until(() => kit.ended().length === 2));
  expect(kit.ended()).toMatchObject([{ reason: 'error', message: expect.stringContaining('DATA_DIR') }, {}]);
});

test('no recording begins on a full disk', async () => {
  kit.free = 1e8;
  const call = callSpec();
  kit.registry.apply({ ...call, record: { legs: [call.legs[0]?.legId ?? ''] }, optedOut: [] });
  await kit.until(() => kit.order.includes('recording.failed') && kit.order.includes('nick 1 null'));
  expect(kit.drafts.find(({ type }) => type === 'recording.failed')).toMatchObject({ code: 'disk_full' });
  expect(kit.order).not.toContain('recording.started');
});
