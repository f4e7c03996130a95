import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SealOrder } from '@patchbay/shared/control-messages';
import { PatchbayError } from '@patchbay/shared/errors';
import { fullMatrix } from '@patchbay/shared/routing';
import { sealedReportSchema } from '@patchbay/shared/sealed-report';
import { ulid } from 'ulid';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOggOpus } from '../audio/ogg-opus.ts';
import { toneFrames } from '../bridge/test-legs.ts';
import { now } from '../ops/clock.ts';
import { createLogger } from '../ops/logger.ts';
import { Uploader } from '../storage/uploader.ts';
import { ReportDesk } from './report-desk.ts';
import { ReportFolder, type SealOutcome } from './report-folder.ts';
import type { Heard } from './session-ring.ts';

let directory: string;
let bucket: Map<string, Buffer>;
/** How many uploads are refused before one is taken. */
let refusals: number;
let outcomes: SealOutcome[];
let uploader: Uploader;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reports-'));
  [bucket, refusals, outcomes] = [new Map(), 0, []];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const reports = () => join(directory, 'reports');
/** A process: its desk and its upload queue, over what lies in the folder. */
async function boot(storage = true): Promise<ReportDesk> {
  const desk: ReportDesk = new ReportDesk({
    directory: reports(),
    ...(storage ? { add: (path, note) => uploader.add(path, note) } : {}),
    report: async (outcome) => void outcomes.push(outcome),
    logger: createLogger('silent'),
  });
  uploader = new Uploader({
    directory: join(directory, 'uploads'),
    store: {
      async put(key, path) {
        refusals -= 1;
        if (refusals >= 0) throw new PatchbayError('object_not_stored', 'The bucket is away.');
        const body = await readFile(path);
        bucket.set(key, body);
        return body.length;
      },
    },
    onStored: (stored) => desk.stored(stored),
  });
  await uploader.start();
  await desk.start();
  return desk;
}

const [a, b] = [ulid(), ulid()];
function heard(voices: Heard['voices'], at = now()): Heard {
  const leg = (legId: string, guildId: string) =>
    ({ legId, guildId, channelId: `${guildId}1`, identityId: '9', epoch: 1, role: 'party' }) as const;
  return {
    at,
    voices,
    spec: {
      ...{ id: ulid(), revision: 1, mode: 'bridge', timeZero: at - 60_000, limits: { seconds: 0 } },
      ...{ legs: [leg(a, '1'), leg(b, '2')], routes: fullMatrix([a, b]) },
      ...{ sealable: { legs: [a, b] }, optedOut: [] },
    },
  };
}
const voice = (legId: string, userId: string, frequency: number, at: number): Heard['voices'][number] => ({
  legId,
  userId,
  packets: toneFrames(frequency, 50).map((opus, index) => ({
    ...{ ssrc: Number(userId), sequence: index, timestamp: index * 960, arrivedAt: at - 5_000 + index * 20 },
    opus,
  })),
});
const order = (sessionId: string, reportId = ulid()): SealOrder => ({
  ...{ v: 1, type: 'session.seal', sessionId, reportId, guildId: '1', userId: '7', at: 1_700_000_000_000 },
});

test('both sides are in the bucket with their description; told once, and nothing stays on disk', async () => {
  const desk = await boot();
  const at = now();
  const call = heard([voice(a, '7', 500, at), voice(b, '8', 900, at)], at);
  const seal = order(call.spec.id);
  expect(await readdir(reports())).toEqual([]);
  await desk.seal(seal, call);
  expect(await uploader.drain(5_000)).toBe(true);
  const { reportId } = seal;
  expect([...bucket.keys()].sort()).toEqual(
    ['1-7.ogg', '2-8.ogg', 'report.json'].map((name) => `reports/${reportId}/${name}`),
  );
  const report = sealedReportSchema.parse(JSON.parse(String(bucket.get(`reports/${reportId}/report.json`))));
  expect(report).toMatchObject({
    ...{ reportId, sessionId: call.spec.id, reportedBy: { guildId: '1', userId: '7', at: seal.at } },
    ...{ from: at - 10_000, to: at, firstSample: 50 * 48_000, samples: 480_000 },
    participants: [
      { userId: '7', legId: a, packets: 50, lostPackets: 0 },
      { userId: '8', legId: b, packets: 50, lostPackets: 0 },
    ],
  });
  for (const { key, bytes } of report.participants) {
    expect(bucket.get(key)).toHaveLength(bytes);
    expect(readOggOpus(bucket.get(key) ?? Buffer.alloc(0)).packets).toHaveLength(500);
  }
  expect(outcomes).toMatchObject([{ type: 'report.sealed', guildId: '1', reportId, from: at - 10_000, to: at }]);
  expect(outcomes[0]).toMatchObject({ objects: [{ userId: '7' }, { userId: '8' }, {}] });
  expect(await readdir(join(reports(), reportId))).toEqual(['outcome.json']);
});

test('the same order again changes nothing, and is answered with the same outcome', async () => {
  const desk = await boot();
  const call = heard([voice(a, '7', 500, now())]);
  const seal = order(call.spec.id);
  await Promise.all([desk.seal(seal, call), desk.seal(seal, heard([voice(b, '8', 900, now())]))]);
  await uploader.drain(5_000);
  const before = [...bucket.keys()].sort();
  expect(before.map((key) => key.split('/').at(-1))).toEqual(['1-7.ogg', 'report.json']);
  await desk.seal(seal, heard([voice(b, '8', 900, now())]));
  expect([...bucket.keys()].sort()).toEqual(before);
  expect(outcomes).toHaveLength(2);
  expect(outcomes[1]).toEqual(outcomes[0]);
});

test('what one process could not upload, the next one does, and tells', async () => {
  refusals = Number.POSITIVE_INFINITY;
  const first = await boot();
  const call = heard([voice(a, '7', 500, now())]);
  const seal = order(call.spec.id);
  const retrying = once(uploader, 'retrying');
  await first.seal(seal, call);
  await retrying;
  await uploader.drain(0);
  expect([bucket.size, outcomes.length]).toEqual([0, 0]);
  refusals = 0;
  await boot();
  await uploader.drain(5_000);
  expect(bucket.size).toBe(2);
  expect(outcomes).toMatchObject([{ type: 'report.sealed', reportId: seal.reportId }]);
  expect(await readdir(join(reports(), seal.reportId))).toEqual(['outcome.json']);
});

test('a process that was killed while it sealed leaves a failure, not silence', async () => {
  const call = heard([voice(a, '7', 500, now())]);
  const seal = order(call.spec.id);
  await new ReportFolder(reports(), seal.reportId).begin(seal);
  await boot();
  expect(outcomes).toMatchObject([{ type: 'report.failed', code: 'seal_interrupted', reportId: seal.reportId }]);
});

test('refusals say why: no storage, the call over, nobody heard, switched off', async () => {
  const call = heard([voice(a, '7', 500, now())]);
  await (await boot(false)).seal(order(call.spec.id), call);
  const desk = await boot();
  await desk.seal(order(call.spec.id), undefined);
  await desk.seal(order(call.spec.id), heard([]));
  const { sealable: _off, ...spec } = call.spec;
  await desk.seal(order(call.spec.id), { ...call, spec });
  expect(outcomes.map((outcome) => 'code' in outcome && outcome.code)).toEqual([
    'storage_off',
    'session_over',
    'nothing_heard',
    'sealing_off',
  ]);
  expect(bucket.size).toBe(0);
});
