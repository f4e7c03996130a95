/**
 * `npm run bench [NAME] [-- --json FILE]`: measures, each figure against its baselines in the same run. Without a name all
 * benches run, one after the other.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import './require-node.ts';
import { benchBridge } from './bench/bridge.ts';
import { benchChaos } from './bench/chaos.ts';
import type { BenchContext } from './bench/context.ts';
import { benchFinalise } from './bench/finalise.ts';
import { benchHub } from './bench/hub.ts';
import { benchMatchmaker } from './bench/matchmaker.ts';
import { benchRecord } from './bench/record.ts';
import { type BenchRow, benchTable } from './bench/row.ts';
import { benchSim } from './bench/sim.ts';
import type { Stack } from './stack/stack.ts';

const benches: Record<string, (context: BenchContext) => Promise<BenchRow[]>> = {
  bridge: benchBridge,
  chaos: benchChaos,
  hub: benchHub,
  finalise: benchFinalise,
  matchmaker: benchMatchmaker,
  record: benchRecord,
  sim: benchSim,
};

const { values, positionals } = parseArgs({ options: { json: { type: 'string' } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : Object.keys(benches);
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  process.stderr.write(`There is no bench ${unknown.join(', ')}. Choose from: ${Object.keys(benches).join(', ')}.\n`);
  process.exit(1);
}

const began = performance.now();
const say = (text: string) =>
  process.stdout.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
const stacks: Stack[] = [];
const interrupted = Promise.withResolvers<never>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.reject(new Error('The bench was interrupted.')));
}

async function run(directory: string): Promise<void> {
  const rows: BenchRow[] = [];
  for (const name of names) {
    const bench = benches[name];
    if (!bench) continue;
    say(`Bench ${name}`);
    rows.push(...(await bench({ directory: join(directory, name), say, onStack: (stack) => stacks.push(stack) })));
    for (const stack of stacks.splice(0)) await stack.stop();
  }
  process.stdout.write(`\n${benchTable(rows)}\n\n`);
  if (values.json) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}

const directory = await mkdtemp(join(tmpdir(), 'patchbay-bench-'));
let exitCode = 0;
try {
  await Promise.race([run(directory), interrupted.promise]);
} catch (error) {
  exitCode = 1;
  say(error instanceof Error ? error.message : String(error));
} finally {
  for (const stack of stacks) await stack.stop();
  if (exitCode === 0) await rm(directory, { recursive: true, force: true });
  else say(`Logs are kept in ${directory}`);
}
process.exit(exitCode);
