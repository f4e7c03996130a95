/** Opt-out while a recording runs, and stays. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOggOpus } from '../audio/ogg-opus.ts';
import { now } from '../ops/clock.ts';
import { chunkTagsSchema, TRACK_COMMENT } from '../recording/chunks/chunk-tags.ts';
import { callSpec, SessionsKit, voicePacket } from './sessions-test-kit.ts';

let kit: SessionsKit;
beforeEach(async () => {
  kit = await SessionsKit.open();
});
afterEach(() => kit.close());

/** A packet that is found again in any file. */
const words = (text: string): Uint8Array => Buffer.concat([Buffer.of(0x78), Buffer.from(text)]);
const said = (userId: string, sequence: number, text: string, arrivedAt?: number) =>
  voicePacket(userId, sequence, words(text), arrivedAt);

async function recorded(more: Parameters<typeof callSpec>[0] = {}) {
  const call = callSpec({ timeZero: now() - 10_000 });
  const spec = { ...call, record: { legs: [call.legs[0]?.legId ?? ''] }, optedOut: [], ...more };
  kit.registry.apply(spec);
  await kit.until(() => kit.drafts.some(({ type }) => type === 'recording.started'));
  const [leg] = kit.legs;
  if (!leg) throw new Error('no leg');
  return { spec, leg };
}

const tagsOf = (userId: string) => {
  const index = kit.uploads.findIndex(({ context }) => context.userId === userId);
  const { comments } = readOggOpus(kit.chunks[index] ?? Buffer.alloc(0));
  return chunkTagsSchema.parse(JSON.parse(comments[TRACK_COMMENT] ?? ''));
};

test('who opts out is heard by nothing that stores, from that moment on; what came since their word is in no chunk', async () => {
  const { spec, leg } = await recorded();
  const at = now();
  leg.hear(said('7', 1, 'BEFORE', at - 1_000));
  leg.hear(said('7', 2, 'WORD ON ITS WAY', at + 1));
  leg.hear(said('8', 2, 'OTHER', at + 1));
  // The word of two things: of legs, which takes time, and of the opt-out, which must not.
  kit.registry.apply({ ...spec, revision: 2, optedOut: ['7'], optedOutAt: { 7: at } });
  leg.hear(said('7', 3, 'SECRET'));
  leg.hear(said('8', 3, 'STILL HERE'));
  await kit.until(() => kit.erased.length === 1);
  await new Promise(setImmediate);
  const journals = (await kit.journals()).toString('latin1');
  expect(journals).toContain('STILL HERE');
  expect(journals).not.toContain('SECRET');
  expect(kit.erased).toMatchObject([{ sessionId: spec.id, userId: '7', from: at }]);
  await kit.registry.end(spec.id, 3, 'command');
  const chunks = Buffer.concat(kit.chunks).toString('latin1');
  expect(chunks).toContain('BEFORE');
  expect(chunks).toContain('OTHER');
  expect(chunks).not.toContain('WORD ON ITS WAY');
  expect(chunks).not.toContain('SECRET');
});

test('who opts in again is recorded again', async () => {
  const { spec, leg } = await recorded({ optedOut: ['7'] });
  leg.hear(said('7', 1, 'SECRET'));
  kit.registry.apply({ ...spec, revision: 2, optedOut: [] });
  leg.hear(said('7', 2, 'WELCOME BACK'));
  await kit.registry.end(spec.id, 3, 'command');
  const chunks = Buffer.concat(kit.chunks).toString('latin1');
  expect(chunks).toContain('WELCOME BACK');
  expect(chunks).not.toContain('SECRET');
});

test('a spec without a list stores nobody any more', async () => {
  const { spec, leg } = await recorded();
  leg.hear(said('7', 1, 'FINE'));
  const { optedOut: _, record: __, ...without } = spec;
  kit.registry.apply({ ...without, revision: 2 });
  leg.hear(said('7', 2, 'SECRET'));
  await kit.registry.end(spec.id, 3, 'command');
  const chunks = Buffer.concat(kit.chunks).toString('latin1');
  expect(chunks).toContain('FINE');
  expect(chunks).not.toContain('SECRET');
});

test('what a report could seal of somebody is forgotten with their opt-out', async () => {
  const call = callSpec();
  const spec = { ...call, sealable: { legs: call.legs.map(({ legId }) => legId) }, optedOut: [] };
  kit.sealing = true;
  await kit.apply(spec);
  const [leg] = kit.legs;
  leg?.hear(said('7', 1, 'SECRET'));
  expect(kit.registry.heard(spec.id)?.voices.map(({ userId }) => userId)).toEqual(['7']);
  kit.registry.apply({ ...spec, revision: 2, optedOut: ['7'] });
  expect(kit.registry.heard(spec.id)?.voices).toEqual([]);
});

test('a stay lasts from each coming to the leaving after it, bots have none, and an opt-out ends it', async () => {
  kit.present('11', '7', '9', { userId: '91', bot: true });
  const { spec, leg } = await recorded();
  leg.hear(said('7', 1, 'a'));
  leg.hear(said('9', 1, 'b'));
  leg.hear(said('91', 1, 'c'));
  await kit.frame();
  kit.present('11', '9');
  await kit.frame();
  kit.present('11', '9', '7');
  await kit.frame();
  kit.registry.apply({ ...spec, revision: 2, optedOut: ['9'] });
  await kit.frame();
  await kit.registry.end(spec.id, 3, 'command');
  const shape = (userId: string) => tagsOf(userId).stays.map(([, to]) => (to === null ? 'open' : 'over'));
  expect([shape('7'), shape('9'), shape('91')]).toEqual([['over', 'over'], ['over'], []]);
  const [first, second] = tagsOf('7').stays;
  expect(first?.[0]).toBeLessThan(first?.[1] ?? 0);
  expect(first?.[1]).toBeLessThan(second?.[0] ?? 0);
});
