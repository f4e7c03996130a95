/**
 * `npm start`: the whole of Patchbay on this machine with nothing configured. Two servers of the simulator talk, again and
 * again, until Ctrl-C. With `-- --once` the scene is played to its end: exit code 0 only when everything was seen.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import './require-node.ts';
import { playCall, setScene } from './scenario/first-call.ts';
import { rowsOf, table } from './scenario/report.ts';
import type { Child } from './stack/child.ts';
import { mintCode } from './stack/hub.ts';
import { readDotEnv, startReal } from './stack/real.ts';
import { root, Stack, stopAll } from './stack/stack.ts';

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'string' },
    port: { type: 'string', default: process.env.PATCHBAY_PORT ?? '8787' },
    keep: { type: 'boolean', default: false },
    env: { type: 'string', default: join(root, '.env') },
    data: { type: 'string', default: join(root, '.patchbay') },
  },
});

/** Between two calls of the endless scene. */
const PAUSE_MS = 8_000;

const began = performance.now();
const say = (text: string) =>
  process.stdout.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);

const directory = await mkdtemp(join(tmpdir(), 'patchbay-'));
const interrupted = new AbortController();
/** Every process that was started, in order. */
const children = new Map<string, Child>();
let exitCode = 0;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say('Ending: calls are closed, recordings are stored. (Once more ends at once.)');
    interrupted.abort();
    process.once(signal, () => process.exit(130));
  });
}
const interruption = new Promise<never>((_, reject) => {
  interrupted.signal.addEventListener('abort', () => reject(new Error('interrupted')));
});
interruption.catch(() => undefined);

/** With real tokens in `.env`: no simulator, until Ctrl-C. */
async function runReal(settings: Record<string, string>): Promise<void> {
  say('Starting Patchbay against Discord, by the settings in .env: Worker, voice node, page.');
  const workerUrl = await startReal(settings, { directory: values.data, port: Number(values.port), children });
  say(`The page: ${workerUrl}. Make a sign-in link with: npm run sign-in -- USER_ID GUILD_ID`);
  say(
    'Discord must reach this machine: give the address of a tunnel, ending in /interactions, to the developer portal.',
  );
  say('Register the slash commands once: npm run commands:register');
  const [crashed] = await Promise.race(
    [...children.values()].map(async (child) => [child, await child.exited] as const),
  );
  if (!crashed.stopping) throw new Error(`${crashed.name} has ended; see ${join(values.data, 'logs')}`);
}

async function run(): Promise<void> {
  const settings = await readDotEnv(values.env);
  if (settings) return runReal(settings);
  say('Starting Patchbay: simulator, object storage, transcription, Worker, voice node, page.');
  const stack = await Stack.start({
    directory,
    children,
    ...(values.once ? {} : { port: Number(values.port) }),
    onProgress: say,
  });
  const scene = await setScene(stack, { captions: true, onProgress: say });
  const [left, right] = scene.both;
  do {
    const code = await mintCode(stack.workerUrl, stack.hubSecret, left.ownerId, [left.guildId, right.guildId]);
    say(`Open the page: ${stack.workerUrl}/#code=${code}`);
    const call = await playCall(scene, { onProgress: say });
    const rows = rowsOf(call);
    process.stdout.write(`\n${table(rows)}\n\n`);
    const ok = rows.every((row) => row.ok);
    if (!ok) exitCode = 1;
    if (values.json) await writeFile(values.json, `${JSON.stringify({ ok, rows, call }, withoutSamples, 2)}\n`);
    if (!values.once) await sleep(PAUSE_MS);
  } while (!values.once);
}

/** The decoded sound of clips is not for a report. */
function withoutSamples(key: string, value: unknown): unknown {
  return key === 'samples' ? undefined : value;
}

try {
  await Promise.race([run(), interruption]);
} catch (error) {
  if (!interrupted.signal.aborted) {
    exitCode = 1;
    say(error instanceof Error ? error.message : String(error));
    say(`Logs are kept in ${join(directory, 'logs')}`);
  }
} finally {
  const ends = await stopAll(children);
  // wrangler ends itself by the signal that it was sent.
  const unclean = ends.filter(({ name, code }) => code !== 0 && !(name === 'worker' && (code === 130 || code === 143)));
  for (const { name, code } of unclean) say(`${name} ended with code ${code}`);
  if (unclean.length > 0 && values.once) exitCode = 1;
  if (exitCode === 0 && !values.keep) await rm(directory, { recursive: true, force: true });
  say(exitCode === 0 ? 'Done.' : 'Done, with failures.');
}
process.exit(exitCode);
