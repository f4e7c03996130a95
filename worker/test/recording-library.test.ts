/** What becomes of a recording after it was captured: projected, finalised by order, reported. The Worker in workerd. */
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chunks, recordingObjects, recordingPeople, recordingSides, recordings } from '../src/db/schema.ts';
import { RecordingWorld } from './recording-world.ts';

let world: RecordingWorld;
let sessionId: string;
beforeAll(async () => {
  world = await RecordingWorld.start();
});
afterAll(() => world?.close());

const row = async () => (await world.db.select().from(recordings).where(eq(recordings.id, sessionId)))[0];

test('while it runs: who is there by the name of then, who may view the channel, what is stored', async () => {
  sessionId = await world.record('301', '302');
  await world.chunk(sessionId, '301');
  await expect.poll(row).toMatchObject({ state: 'running', endedAt: null });
  const people = () => world.db.select().from(recordingPeople).where(eq(recordingPeople.sessionId, sessionId));
  await expect.poll(people).toHaveLength(2);
  expect((await people()).map(({ userId, displayName }) => [userId, displayName]).sort()).toEqual([
    ['301', 'person 301'],
    ['302', 'person 302'],
  ]);
  const [side] = await world.db.select().from(recordingSides).where(eq(recordingSides.sessionId, sessionId));
  expect(side).toMatchObject({
    guildId: world.guildId,
    channelId: world.channelId,
    channelName: 'Booth',
    endedAt: null,
  });
  expect(side?.sights[0]?.overwrites).toHaveLength(2);
  await expect.poll(() => world.db.select().from(chunks).where(eq(chunks.sessionId, sessionId))).toHaveLength(1);
});

test('nobody finalises before the session is over and its node has stored all; then a node is told, once', async () => {
  const before = world.fleet.node.inbox.all.length;
  await world.chunk(sessionId, '302');
  await world.end(sessionId, '301', '302');
  const order = await world.ordered(sessionId);
  expect(order).toEqual({ v: 1, type: 'recording.finalise', sessionId });
  const told = world.fleet.node.inbox.all.slice(before).map(({ type }) => type);
  expect(told.indexOf('session.end')).toBeLessThan(told.indexOf('recording.finalise'));
  await expect.poll(async () => (await row())?.state).toBe('finalising');
  await world.finalise(sessionId, ['301', '302']);
  await expect.poll(row).toMatchObject({ state: 'ready', loudness: -16.04, samples: 300 * 48_000 });
  const kinds = async () =>
    (await world.db.select().from(recordingObjects).where(eq(recordingObjects.sessionId, sessionId)))
      .map(({ kind }) => kind)
      .sort();
  await expect.poll(kinds).toEqual(['master', 'normalised', 'normalised', 'raw', 'raw']);
  expect((await world.recording(sessionId).record())?.order).toBeUndefined();
  expect(told.filter((type) => type === 'recording.finalise')).toHaveLength(1);
});
