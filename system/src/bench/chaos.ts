/** What is lost when everything breaks while people speak; writes the table of docs/recording.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chaosTable } from '../chaos/accounts.ts';
import { Chaos } from '../chaos/chaos.ts';
import { root, Stack } from '../stack/stack.ts';
import type { BenchContext } from './context.ts';
import { type BenchRow, lessIsBetter, percentile } from './row.ts';

const KILLS = 10;
const page = join(root, 'docs/recording.md');
const markers = { begin: '<!-- chaos: written by npm run bench chaos -->', end: '<!-- /chaos -->' };

export async function benchChaos({ directory, say, onStack }: BenchContext): Promise<BenchRow[]> {
  await mkdir(directory, { recursive: true });
  const stack = await Stack.start({ directory });
  onStack(stack);
  const { accounts, diskUntried } = await new Chaos({ stack, kills: KILLS, random: Math.random, say }).run();
  const table = chaosTable(accounts);
  say(`\n${table}`);
  for (const { name, lostAt } of accounts) if (lostAt.length > 0) say(`${name}: lost at ${lostAt.join(' ')} ms.`);
  await write(diskUntried === undefined ? table : `${table}\nA full disk was not tried: ${diskUntried}.\n`);
  const kill = accounts.find(({ name }) => name.includes('killed'));
  const none = 'there is none: other recorders do not come back';
  return [
    lessIsBetter(
      'chaos/loss-on-kill-ms',
      `ms, worst of ${KILLS}`,
      kill?.worstLostMs ?? 'nothing was killed',
      'nothing',
      none,
    ),
    ...([0.5, 1] as const).map((share) =>
      lessIsBetter(
        'chaos/resume-ms',
        `ms, ${share === 1 ? 'worst' : 'p50'} of ${KILLS}`,
        percentile(kill?.resumeMs ?? [], share),
        'nothing',
        none,
      ),
    ),
  ];
}

async function write(table: string): Promise<void> {
  const text = await readFile(page, 'utf8');
  const [before, rest] = text.split(markers.begin);
  const after = rest?.split(markers.end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`${page} has no place for the table: ${markers.begin}`);
  await writeFile(page, `${before}${markers.begin}\n\n${table}\n${markers.end}${after}`);
}
