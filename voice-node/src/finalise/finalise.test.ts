import { execFile, execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MPEGDecoder } from 'mpg123-decoder';
import { afterEach, describe, expect, test } from 'vitest';
import { loadClips } from '../../../sim/src/clips/library.ts';
import { virtualCall } from '../../../sim/src/scenario/virtual-call.ts';
import { readOggOpus } from '../audio/ogg-opus.ts';
import { libopus } from '../audio/opus-codec.ts';
import { finalise } from './finalise.ts';
import { type Clicker, clickPackets, dice, findClick, playOgg, record, sessionId, timeZero } from './test-recording.ts';

let directory: string | undefined;
afterEach(async () => {
  if (directory) await rm(directory, { recursive: true, force: true });
});

async function decodeMp3(path: string): Promise<Float32Array> {
  const decoder = new MPEGDecoder({ enableGapless: false });
  await decoder.ready;
  const { channelData } = decoder.decode(await readFile(path));
  decoder.free();
  return channelData[0] ?? new Float32Array();
}

const hasFfmpeg = ((): boolean => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Loudness as ffmpeg measures it, LUFS. */
async function ffmpegLoudness(path: string): Promise<number> {
  const decoder = path.endsWith('ogg') ? ['-c:a', 'libopus'] : [];
  const { stderr } = await promisify(execFile)('ffmpeg', [
    '-hide_banner',
    '-nostats',
    ...decoder,
    '-i',
    path,
    '-filter:a',
    'ebur128',
    '-f',
    'null',
    '-',
  ]);
  return Number(/I:\s+(-?[\d.]+) LUFS\s+Threshold[\s\S]*$/.exec(stderr.slice(stderr.lastIndexOf('Summary')))?.[1]);
}

describe('two people click at the same instant', () => {
  // One near the border of the chunks, where a spurt is cut in two.
  const instants = [20_000, 61_500, 130_013.7, 200_400.2, 299_900, 301_150, 335_678.9];

  test.each([
    ['without skew and jitter, with 3 % loss and a rejoin', { skewPpm: 0, jitterMs: 0 }, 1],
    ['with 200 ppm and 20 ms of jitter', { skewPpm: 200, jitterMs: 20 }, 10],
  ] as const)('%s', async (_, network, boundMs) => {
    const random = dice(7);
    const people: Clicker[] = [
      { userId: '7', frequency: 900, level: 9_000, phaseMs: random() * 20, ...network, loss: 0.03 },
      {
        userId: '8',
        frequency: 2_300,
        level: 3_000,
        phaseMs: random() * 20,
        ...network,
        skewPpm: -network.skewPpm,
        loss: 0.03,
        rejoinsAt: 320_000,
      },
    ];
    const recorded = await record(
      people.flatMap((who, index) => clickPackets(who, instants, index + 1)),
      340_000,
      [
        { userId: '7', at: 0, present: true },
        { userId: '8', at: 5_000, present: true },
        { userId: '8', at: 310_000, present: false },
        { userId: '8', at: 320_000, present: true },
      ],
    );
    ({ directory } = recorded);
    const out = join(recorded.directory, 'out');
    const report = await finalise({ sessionId, timeZero, chunks: recorded.chunks, directory: out, codec: libopus });
    expect(
      report.fragments.map(({ userId, firstSample, samples }) => [userId, firstSample / 48, samples / 48]),
    ).toEqual([
      ['7', 0, 340_000],
      ['8', 5_000, 305_000],
      ['8', 320_000, 20_000],
    ]);
    expect(report.missing).toEqual([]);
    expect(report.lostPackets['7']).toBeGreaterThan(3);
    const master = await decodeMp3(report.master.path);
    expect(Math.abs(master.length / 48 - 340_000)).toBeLessThan(60);
    const errors: number[] = [];
    for (const { userId, frequency } of people) {
      for (const fragment of report.fragments.filter((one) => one.userId === userId)) {
        const ogg = readOggOpus(await readFile(fragment.normalised.path));
        expect(ogg.granule - ogg.preSkip).toBe(fragment.samples);
        const pcm = playOgg(ogg.packets, ogg.preSkip);
        for (const instant of instants) {
          const at = instant * 48 - fragment.firstSample;
          if (at < 0 || at > fragment.samples) continue;
          errors.push(
            (findClick(pcm, frequency, at) - at) / 48,
            (findClick(master, frequency, instant * 48) - instant * 48) / 48,
          );
        }
      }
    }
    expect(errors).toHaveLength(2 * 2 * instants.length);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(boundMs);
  });
});

describe('a conversation of people of different loudness', () => {
  test('each fragment and the master lie at the target, no peak is above the ceiling; progress reaches 100', async () => {
    const clips = [...(await loadClips()).values()];
    const packets = [
      ...virtualCall({
        seed: 'finalise',
        durationMs: 60_000,
        startsAt: timeZero,
        speakers: ['7', '8', '9'].map((userId, index) => ({
          userId,
          clips: clips.filter((_, clip) => clip % 3 === index),
          pauseMs: 4_000,
        })),
      }),
    ];
    const recorded = await record(packets, 60_000);
    ({ directory } = recorded);
    const progress: number[] = [];
    const report = await finalise({
      sessionId,
      timeZero,
      chunks: recorded.chunks,
      directory: join(recorded.directory, 'out'),
      codec: libopus,
      mp3Fragments: true,
      onProgress: (percent) => progress.push(percent),
    });
    for (const { sound } of [...report.fragments, report.master]) {
      expect(Math.abs((sound.loudness ?? 0) - -16)).toBeLessThanOrEqual(0.5);
      expect(sound.truePeak).toBeLessThanOrEqual(-1);
    }
    expect(progress.at(-1)).toBe(100);
    expect(progress).toEqual(progress.toSorted((left, right) => left - right));
    // What was received is in the joined file, packet by packet.
    const [first] = report.fragments;
    const raw = readOggOpus(await readFile(first?.raw.path ?? ''));
    const own = readOggOpus(await readFile(recorded.chunks.find(({ userId }) => userId === first?.userId)?.path ?? ''));
    expect(raw.packets).toEqual(own.packets);
    if (!hasFfmpeg) return;
    for (const { path, loudness } of [
      ...report.fragments.map(({ normalised, sound }) => ({ path: normalised.path, loudness: sound.loudness })),
      { path: report.master.path, loudness: report.master.sound.loudness },
    ]) {
      expect(Math.abs((await ffmpegLoudness(path)) - (loudness ?? 0)), path).toBeLessThanOrEqual(0.2);
    }
  });
});
