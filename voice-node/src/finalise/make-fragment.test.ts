import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { libopus } from '../audio/opus-codec.ts';
import { finalise } from './finalise.ts';
import { makeFragment } from './make-fragment.ts';
import { clickPackets, record, sessionId, timeZero } from './test-recording.ts';

let directory: string | undefined;
afterEach(async () => {
  if (directory) await rm(directory, { recursive: true, force: true });
});

test('each stay made alone, of its own chunks, is to the byte what the end makes of all, with somebody else in it', async () => {
  const who = { frequency: 900, phaseMs: 7, skewPpm: 80, jitterMs: 10, loss: 0.03 };
  // The first one ends in the middle of speech.
  const packets = [
    ...clickPackets({ ...who, userId: '7', level: 9_000, rejoinsAt: 640_000 }, [5_000, 199_700, 655_000, 660_000], 1),
    ...clickPackets({ ...who, userId: '8', level: 3_000 }, [6_000, 655_100], 2),
  ].sort((left, right) => left.arrivedAt - right.arrivedAt);
  const stays = [
    { userId: '7', at: 1_000, present: true },
    { userId: '8', at: 1_000, present: true },
    { userId: '7', at: 200_000, present: false },
    { userId: '7', at: 650_000, present: true },
    { userId: '7', at: 670_010, present: false },
  ];
  const recorded = await record(packets, 910_000, stays);
  ({ directory } = recorded);
  const { chunks } = recorded;
  const about = { sessionId, timeZero, codec: libopus, mp3Fragments: true };
  const report = await finalise({ ...about, chunks, directory: join(directory, 'out') });
  const own = report.fragments.filter(({ userId }) => userId === '7');
  expect(own).toHaveLength(2);
  for (const [index, [from, to]] of (
    [
      [1_000, 200_000],
      [650_000, 670_010],
    ] as const
  ).entries()) {
    const into = join(directory, `alone-${index}`);
    await mkdir(into);
    const only = { userId: '7', from: from * 48, to: to * 48 };
    const its = chunks.filter(
      ({ userId, firstSample, samples }) =>
        userId === '7' && firstSample < only.to && firstSample + samples > only.from,
    );
    expect(its).toHaveLength(1);
    const [made] = await makeFragment({ ...about, chunks: its, directory: into, only });
    const end = own[index];
    expect(made?.sound).toEqual(end?.sound);
    for (const file of ['normalised', 'raw', 'mp3'] as const)
      expect(await readFile(made?.[file]?.path ?? ''), `${index} ${file}`).toEqual(
        await readFile(end?.[file]?.path ?? ''),
      );
  }
});
