/** What captions cost the one who pays the transcription service, how late they are, and what they take of the processor. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { Child, readyJson } from '../stack/child.ts';
import { root } from '../stack/stack.ts';
import type { BenchContext } from './context.ts';
import { type BenchRow, lessIsBetter, percentile } from './row.ts';

const MINUTES = 15;
const SECONDS = 60;
const SEED = 'one connection, a channel for each person, sent whenever anybody speaks';
const EACH = 'a connection for each person, speech only';
const EACH_LIVE = 'a connection for each person, half a second of silence after speech';

const bill = z.object({
  perSpeechSecond: z.number(),
  connectionSeconds: z.number(),
  meanConnections: z.number(),
  peak: z.number(),
});
const costs = z.object({
  speechSeconds: z.number(),
  ours: bill,
  oursFourChannels: bill,
  channelPerUser: bill,
  connectionPerUser: bill,
});
const measure = z.object({ delays: z.array(z.number()), cpuPerMinute: z.number(), speeches: z.number() });
const delaysSchema = z.object({ ours: measure, connectionPerUser: measure });

async function run(...args: string[]): Promise<unknown> {
  const path = join(root, 'voice-node/scripts/caption-cost.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...args], { maxBuffer: 1 << 28 });
  return JSON.parse(stdout);
}

async function delays(directory: string): Promise<z.infer<typeof delaysSchema>> {
  await mkdir(directory, { recursive: true });
  const children = new Map<string, Child>();
  const key = 'bench';
  const { child, ready } = await Child.start({
    children,
    name: 'deepgram',
    script: join(root, 'sim/src/deepgram/main.ts'),
    env: { DEEPGRAM_API_KEY: key },
    logFile: join(directory, 'deepgram.log'),
    ready: readyJson,
  });
  try {
    return delaysSchema.parse(await run('delay', String(SECONDS), (ready.url ?? '').replace('http', 'ws'), key));
  } finally {
    await child.stop();
  }
}

export async function benchCaptions({ directory, say }: BenchContext): Promise<BenchRow[]> {
  const cost = costs.parse(await run('cost', String(MINUTES)));
  const { ours, oursFourChannels: four, channelPerUser: seed, connectionPerUser: each } = cost;
  say(`${cost.speechSeconds.toFixed(0)} s of speech of 8 people in ${MINUTES} minutes.`);
  const billed = 'captions/billed-per-speech-second';
  const held = 'captions/connection-seconds';
  const unit = 'channel-seconds';
  const live = await delays(directory);
  say(`Finals in real time: ${live.ours.delays.length} of ${live.ours.speeches} clips, the last of which are cut off.`);
  const delay = (share: number) =>
    [percentile(live.ours.delays, share), percentile(live.connectionPerUser.delays, share)] as const;
  const [p50, p50Each] = delay(0.5);
  const [p95, p95Each] = delay(0.95);
  return [
    lessIsBetter(billed, unit, ours.perSpeechSecond, SEED, seed.perSpeechSecond),
    lessIsBetter(billed, unit, ours.perSpeechSecond, EACH, each.perSpeechSecond),
    lessIsBetter(`${billed}-4-channels`, unit, four.perSpeechSecond, SEED, seed.perSpeechSecond),
    lessIsBetter(held, `${unit} open`, ours.connectionSeconds, SEED, seed.connectionSeconds),
    lessIsBetter(held, `${unit} open`, ours.connectionSeconds, EACH, each.connectionSeconds),
    lessIsBetter('captions/connections', 'held, mean', ours.meanConnections, EACH, each.meanConnections),
    lessIsBetter('captions/connections', 'held, most', ours.peak, EACH, each.peak),
    lessIsBetter('captions/connections', 'held, mean', ours.meanConnections, SEED, seed.meanConnections),
    lessIsBetter('captions/connections-4-channels', 'held, mean', four.meanConnections, EACH, each.meanConnections),
    lessIsBetter('captions/final-delay-p50', 'ms after the last word', p50, EACH_LIVE, p50Each),
    lessIsBetter('captions/final-delay-p95', 'ms after the last word', p95, EACH_LIVE, p95Each),
    lessIsBetter(
      'captions/cpu',
      'ms of CPU time a minute of speech',
      live.ours.cpuPerMinute,
      EACH_LIVE,
      live.connectionPerUser.cpuPerMinute,
    ),
  ];
}
