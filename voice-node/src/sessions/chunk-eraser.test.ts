import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { chunkKey, fragmentKey, partialChunkKey, rawFragmentKey } from '@patchbay/shared/object-keys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../ops/logger.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import { writeChunk } from '../recording/chunks/chunk-file.ts';
import { ChunkEraser } from './chunk-eraser.ts';

const sessionId = '01JXRECRDNG00000000000000A';
const timeZero = 1_767_225_600_000;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'eraser-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('chunks and partial chunks are made anew, fragments of the time are deleted, the ledger hears of it, and a bucket that is away is asked again', async () => {
  const objects = new Map<string, { body: Buffer; metadata: Record<string, string> }>();
  for (const [key, word] of [
    [chunkKey(sessionId, '8', timeZero), 'CHUNK'],
    [partialChunkKey(sessionId, '8', 0), 'PARTIAL'],
    [chunkKey(sessionId, '7', timeZero), 'OTHER'],
  ] as const) {
    const path = join(directory, 'made.ogg');
    const userId = word === 'OTHER' ? '7' : '8';
    const lists = { shifts: [], stays: [], outages: [] };
    const tags = {
      v: 1 as const,
      sessionId,
      guildId: '5',
      userId,
      timeZero,
      firstSample: 0,
      samples: 1_920,
      lostPackets: 0,
    };
    await writeChunk(path, { ...tags, ...lists }, [Buffer.from(`x${word}`), Buffer.from(`x${word}`)]);
    objects.set(key, { body: await readFile(path), metadata: {} });
  }
  const fragment = (userId: string, firstSample: number) => ({
    body: Buffer.from('FRAGMENT'),
    metadata: { 'user-id': userId, 'time-zero': String(timeZero), 'first-sample': String(firstSample), samples: '960' },
  });
  const touched = rawFragmentKey(sessionId, '8', timeZero + 20);
  const others = [fragmentKey(sessionId, '7', timeZero + 20), fragmentKey(sessionId, '8', timeZero - 600)];
  objects.set(touched, fragment('8', 960));
  objects.set(others[0] ?? '', fragment('7', 960));
  // Over before the opt-out.
  objects.set(others[1] ?? '', fragment('8', -28_800));
  const time = new VirtualTime();
  const events: NodeEventDraft[] = [];
  let away = true;
  const eraser = new ChunkEraser({
    directory: join(directory, 'work'),
    store: {
      list: async (prefix) => {
        if (away) {
          away = false;
          setImmediate(() => time.runUntil(time.now() + 60_000));
          throw new Error('away');
        }
        return [...objects.keys()].filter((key) => key.startsWith(prefix)).map((key) => ({ key, bytes: 1 }));
      },
      fetch: async (key, path) => {
        await writeFile(path, objects.get(key)?.body ?? '');
        return { bytes: 1, sha256: '' };
      },
      describe: async (key) => ({ bytes: 1, metadata: objects.get(key)?.metadata ?? {} }),
      delete: async (keys) => {
        for (const key of keys) objects.delete(key);
      },
      put: async (key, path, metadata) => {
        await copyFile(path, `${path}.sent`);
        const body = await readFile(`${path}.sent`);
        expect(createHash('sha256').update(body).digest('hex')).toBe(metadata.sha256);
        objects.set(key, { body, metadata });
        return body.length;
      },
    },
    report: async (draft) => void events.push(draft),
    scheduler: time,
    logger: createLogger('silent'),
  });
  await eraser.erase(sessionId, { userId: '8', from: timeZero + 10, to: null });
  const all = [...objects.values()].map(({ body }) => body.toString('latin1')).join();
  expect([all.includes('CHUNK'), all.includes('PARTIAL'), all.includes('OTHER')]).toEqual([false, false, true]);
  expect([touched, ...others].map((key) => objects.has(key))).toEqual([false, true, true]);
  expect(events).toMatchObject([{ type: 'recording.chunk.stored', userId: '8', firstSample: 0, samples: 1_920 }]);
  expect(objects.get(chunkKey(sessionId, '8', timeZero))?.metadata).toMatchObject({ 'time-zero': String(timeZero) });
});
