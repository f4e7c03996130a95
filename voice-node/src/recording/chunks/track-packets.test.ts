import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadClips } from '../../../../sim/src/clips/library.ts';
import { virtualCall } from '../../../../sim/src/scenario/virtual-call.ts';
import { VirtualTime } from '../../ops/virtual-time.ts';
import { noteRecord, packetRecord } from '../journal/journal-record.ts';
import { JournalWriter } from '../journal/journal-writer.ts';
import { buildChunks } from './build-chunks.ts';

const timeZero = 1_767_225_600_000;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'track-packets-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('packets that are sorted on disk give the same chunks as those held in memory, and nothing is left of them', async () => {
  const users = Array.from({ length: 12 }, (_, index) => String(100 + index));
  const time = new VirtualTime(timeZero);
  const onFailed = (error: Error): never => {
    throw error;
  };
  const journal = new JournalWriter({ directory, segment: 0, scheduler: time, onFailed });
  // Somebody of whom nothing is kept, and who is there.
  journal.append(noteRecord({ type: 'optout', userId: '103', out: true, at: timeZero }));
  journal.append(noteRecord({ type: 'stay', userId: '103', present: true, at: timeZero }));
  const clips = [...(await loadClips()).values()];
  const speakers = users.map((userId) => ({ userId, clips, pauseMs: 2_000, faults: { jitterMs: 20, loss: 0.02 } }));
  for (const packet of virtualCall({ seed: 'sorted', durationMs: 20_000, startsAt: timeZero, speakers })) {
    time.runUntil(packet.arrivedAt);
    journal.append(packetRecord(packet));
  }
  await journal.close();
  const build = async (inMemory: number) => {
    const about = { sessionId: '01JXRECRDNG00000000000000A', timeZero, firstFrame: 0, endFrame: 1_000, final: true };
    const { chunks } = await buildChunks({ directory, segment: 0, ...about, inMemory });
    return chunks.map(({ userId, sha256, lostPackets }) => [userId, sha256, lostPackets]);
  };
  const held = await build(1_000_000);
  expect(held.map(([userId]) => userId)).toEqual(users.filter((userId) => userId !== '103'));
  expect(await build(10)).toEqual(held);
  expect((await readdir(join(directory, 'chunks-0'))).filter((name) => !name.endsWith('.ogg'))).toEqual([]);
});
