/** What recording costs while people talk, what it takes on disk, and what a kill loses. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { root } from '../stack/stack.ts';
import type { BenchContext } from './context.ts';
import { type BenchRow, lessIsBetter, percentile } from './row.ts';

const MINUTES = 15;
const PEOPLE = 8;
const TALK = 0.12;
/** MP3 at 64 kbit/s, silence or not: MB in an hour. */
const MP3_PER_HOUR = 28.8;
const PACKET_MS = 20;
const LIVE = 'live Ogg files, pages of 200 ms, never forced to disk';

const costs = z.object({
  journal: z.number(),
  journalAndChunks: z.number(),
  live: z.number(),
  idle: z.number(),
  liveIdle: z.number(),
});
/** People who talk 60 % of five minutes, whose chunks are made when a killed node starts again. */
const CROWDS = [255, 16] as const;
const memory = z.object({ chunks: z.number(), peak: z.number() });
const losses = z.object({ journal: z.array(z.number()), ogg: z.array(z.number()) });

async function run(script: string, ...args: string[]): Promise<unknown> {
  const path = join(root, 'voice-node/scripts', script);
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...args], { maxBuffer: 1 << 28 });
  return stdout === '' ? undefined : JSON.parse(stdout);
}

/** MB in the files of a folder and of the folders in it. */
async function megabytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes / 1e6;
}

/** Loss is counted in packets: nothing lost is better by a packet at least, and not infinitely. */
function lossRow(unit: string, ours: number, baselineName: string, baseline: number): BenchRow {
  const least = lessIsBetter('record/loss-on-kill-ms', unit, Math.max(ours, PACKET_MS), baselineName, baseline);
  return { ...least, ours };
}

export async function benchRecord({ directory, say }: BenchContext): Promise<BenchRow[]> {
  const cost = costs.parse(await run('record-cost.ts'));
  say(`${cost.journal.toFixed(1)} µs a packet into the journal, ${cost.journalAndChunks.toFixed(1)} with its chunk.`);
  const lost = losses.parse(await run('record-loss.ts'));
  say(`Lost by ten kills, ms: journal ${lost.journal.join(' ')}; live Ogg, pages of 1 s: ${lost.ogg.join(' ')}.`);
  await run('recorded-session.ts', 'journal', directory, String(MINUTES), String(PEOPLE), String(TALK));
  const [crowd, few] = await Promise.all(
    CROWDS.map(async (people) => {
      const folder = join(directory, `crowd-${people}`);
      await mkdir(folder, { recursive: true });
      await run('recover-memory.ts', 'journal', folder, String(people), '0.6');
      return memory.parse(await run('recover-memory.ts', 'recover', folder)).peak;
    }),
  );
  const perHour = (size: number): number => (size * 60) / MINUTES / PEOPLE;
  const journal = perHour(await megabytes(join(directory, 'recordings')));
  await run('recorded-session.ts', 'chunks', directory);
  const chunks = perHour(await megabytes(join(directory, 'chunks')));
  const live = 'live Ogg files, pages of 1 s';
  const mp3 = 'MP3 at 64 kbit/s, by calculation';
  return [
    lessIsBetter('record/cost-per-packet', 'µs of CPU time', cost.journal, LIVE, cost.live),
    lessIsBetter('record/cost-per-packet-with-chunk', 'µs of CPU time', cost.journalAndChunks, LIVE, cost.live),
    lessIsBetter('record/idle-stream', 'ms of CPU time an hour', cost.idle, LIVE, cost.liveIdle),
    lossRow('ms, worst of 10', Math.max(...lost.journal), live, Math.max(...lost.ogg)),
    lossRow('ms, p50 of 10', percentile(lost.journal, 0.5), live, percentile(lost.ogg, 0.5)),
    lessIsBetter(
      'record/recovery-peak-memory',
      `MB, ${CROWDS[0]} people`,
      crowd ?? Number.NaN,
      `the same of ${CROWDS[1]} people`,
      few ?? Number.NaN,
    ),
    lessIsBetter('record/journal-bytes-per-hour', 'MB a person, 12 % talk', journal, mp3, MP3_PER_HOUR),
    lessIsBetter('record/chunk-bytes-per-hour', 'MB a person, 12 % talk', chunks, mp3, MP3_PER_HOUR),
  ];
}
