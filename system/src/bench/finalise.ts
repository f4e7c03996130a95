/**
 * What it costs to make of a recording what people listen to, against ffmpeg: 15 minutes, 8 people who each talk 12 % or 60 % of the
 * time. Each way makes the same: a normalised Ogg Opus file for each person and the normalised mix as MP3. Making the chunks is
 * counted: ours from the journal, the graph's likewise (it reads the same files), the classic one's as MP3.
 */
import { execFile, fork } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { root } from '../stack/stack.ts';
import type { BenchContext } from './context.ts';
import { classic, ffmpegMissing, oneGraph, type Tracks } from './finalise-baselines.ts';
import { costOf, type TreeCost, together } from './process-tree.ts';
import { type BenchRow, lessIsBetter } from './row.ts';

const MINUTES = 15;
const PEOPLE = 8;
const TALK = [0.12, 0.6] as const;
/** The classic pipeline takes its time in proportion to the length; a third of it says as much as all. `FINALISE_CLASSIC=full` takes all. */
const CLASSIC_PARTS = process.env.FINALISE_CLASSIC === 'full' ? 1 : 3;
/** So long and so quiet that what grows with the length alone would show. */
const LONG = { minutes: 360, talk: 0.02 } as const;
const script = join(root, 'voice-node/scripts/recorded-session.ts');
const child = join(root, 'voice-node/src/finalise/child.ts');

const jobSchema = z.looseObject({
  chunks: z.array(z.looseObject({ userId: z.string(), firstSample: z.number(), path: z.string() })),
});
type Job = z.infer<typeof jobSchema>;
const sound = z.looseObject({ loudness: z.number().nullable(), truePeak: z.number().nullable() });
const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress') }),
  z.object({ type: z.literal('failed'), message: z.string() }),
  z.object({
    type: z.literal('report'),
    report: z.looseObject({ fragments: z.array(z.looseObject({ sound })), master: z.looseObject({ sound }) }),
  }),
]);

async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { maxBuffer: 1 << 28 });
  return stdout;
}

/** As a node does it: the child process, told by a message. Resolves with the loudness of each fragment and of the master. */
function ours(job: Job, directory: string): Promise<(number | null)[]> {
  return new Promise((resolve, reject) => {
    const finalising = fork(child, { serialization: 'advanced' });
    let loudness: (number | null)[] | undefined;
    finalising.on('message', (raw) => {
      const message = messageSchema.parse(raw);
      if (message.type === 'failed') reject(new Error(message.message));
      if (message.type !== 'report') return;
      loudness = [...message.report.fragments, message.report.master].map((one) => one.sound.loudness);
    });
    finalising.on('error', reject);
    finalising.on('exit', (code) => {
      if (loudness) resolve(loudness);
      else reject(new Error(`The process that finalises ended with ${code}.`));
    });
    finalising.send({ ...job, directory, mp3Fragments: false });
  });
}

export async function benchFinalise({ directory, say }: BenchContext): Promise<BenchRow[]> {
  const missing = await ffmpegMissing();
  const rows: BenchRow[] = [];
  const sessions: { share: string; folder: string; own: TreeCost; tracks: Tracks }[] = [];
  for (const talk of TALK) {
    const folder = join(directory, String(talk));
    await mkdir(folder, { recursive: true });
    const spoken = z.object({ talk: z.number() });
    const args = ['journal', folder, MINUTES, PEOPLE, talk].map(String);
    const share = `${Math.round(spoken.parse(JSON.parse(await run(...args))).talk * 100)} % talk`;
    const made = await costOf(() => run('chunks', folder));
    const job = jobSchema.parse(JSON.parse(made.result));
    const out = join(folder, 'ours');
    await mkdir(out);
    const finalised = await costOf(() => ours(job, out));
    say(
      `Ours, ${share}: chunks ${describe(made)}; finalised ${describe(finalised)}; LUFS ${finalised.result.join(' ')}.`,
    );
    // What the chunks hold in memory meanwhile is part of neither.
    const own = { ...together(made, finalised), memory: finalised.memory };

    const byUser = Map.groupBy(job.chunks, ({ userId }) => userId);
    const tracks: Tracks = [...byUser.values()].map((chunks) =>
      chunks.toSorted((left, right) => left.firstSample - right.firstSample).map(({ path }) => path),
    );
    const graph = missing ?? (await costOf(() => oneGraph(tracks, join(folder, 'graph'))));
    if (typeof graph !== 'string') say(`One ffmpeg graph, ${share}: ${describe(graph)}.`);
    rows.push(...rowsOf(`one ffmpeg graph, ${share}`, own, withChunks(graph, made)));
    sessions.push({ share, folder, own, tracks });
  }
  rows.push(await longRow(directory, sessions[0], say));
  // Last, since it takes longer than all the rest.
  for (const { share, folder, own, tracks } of sessions) {
    const some = tracks.map((track) => track.slice(0, Math.ceil(track.length / CLASSIC_PARTS)));
    const usual = missing ?? (await costOf(() => classic(some, join(folder, 'classic'))));
    if (typeof usual !== 'string')
      say(`Classic pipeline, ${share}, ${MINUTES / CLASSIC_PARTS} minutes: ${describe(usual)}.`);
    const scaled = CLASSIC_PARTS === 1 ? '' : `, of ${MINUTES / CLASSIC_PARTS} minutes times ${CLASSIC_PARTS}`;
    rows.push(...rowsOf(`classic pipeline${scaled}, ${share}`, own, times(usual, CLASSIC_PARTS)));
  }
  return rows;
}

/** Peak memory of finalising six hours, against that of fifteen minutes. */
async function longRow(
  directory: string,
  short: { share: string; own: TreeCost } | undefined,
  say: BenchContext['say'],
): Promise<BenchRow> {
  const folder = join(directory, 'long');
  const out = join(folder, 'ours');
  await mkdir(out, { recursive: true });
  await run('journal', folder, String(LONG.minutes), String(PEOPLE), String(LONG.talk));
  const made = await costOf(() => run('chunks', folder));
  const cost = await costOf(() => ours(jobSchema.parse(JSON.parse(made.result)), out));
  say(
    `Ours, ${LONG.minutes / 60} hours, ${LONG.talk * 100} % talk: chunks ${describe(made)}; finalised ${describe(cost)}.`,
  );
  const name = `ours, ${MINUTES} minutes, ${short?.share}`;
  return lessIsBetter(
    'finalise/peak-memory',
    `MB, ${LONG.minutes / 60} hours, ${LONG.talk * 100} % talk`,
    cost.memory,
    name,
    short?.own.memory ?? 'it was not measured',
  );
}

const times = (cost: TreeCost | string, factor: number): TreeCost | string =>
  typeof cost === 'string' ? cost : { ...cost, cpu: cost.cpu * factor, wall: cost.wall * factor };

const withChunks = (cost: TreeCost | string, made: TreeCost): TreeCost | string =>
  typeof cost === 'string' ? cost : { ...together(cost, made), memory: cost.memory };

const describe = ({ cpu, wall, memory }: TreeCost): string =>
  `${cpu.toFixed(1)} s of CPU time in ${wall.toFixed(1)} s, ${memory.toFixed(0)} MB`;

function rowsOf(baselineName: string, own: TreeCost, baseline: TreeCost | string): BenchRow[] {
  const of = (figure: (cost: TreeCost) => number) => (typeof baseline === 'string' ? baseline : figure(baseline));
  const speed = ({ wall }: TreeCost) => (MINUTES * 60) / wall;
  const fast = lessIsBetter('finalise/times-real-time', '×', speed(own), baselineName, of(speed));
  return [
    lessIsBetter(
      'finalise/cpu-seconds',
      's',
      own.cpu,
      baselineName,
      of(({ cpu }) => cpu),
    ),
    { ...fast, ratio: fast.ratio === null ? null : 1 / fast.ratio },
    lessIsBetter(
      'finalise/peak-memory',
      'MB',
      own.memory,
      baselineName,
      of(({ memory }) => memory),
    ),
  ];
}
