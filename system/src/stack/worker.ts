/** The Worker in workerd, by `wrangler dev`, as its developers run it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { Child } from './child.ts';
import { freePort } from './free-port.ts';
import { buildPage } from './page.ts';

const requireHere = createRequire(import.meta.url);
/** The command line program, found beside the package's own entry whatever its `exports` allow. */
const wrangler: string = join(dirname(requireHere.resolve('wrangler/package.json')), 'bin/wrangler.js');

/** Without these wrangler asks three hosts on the Internet at each start and, offline, waits for them. */
function quiet(directory: string): Record<string, string> {
  return {
    CI: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    NO_COLOR: '1',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_LOG_PATH: join(directory, 'logs', 'wrangler'),
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_SEND_METRICS: 'false',
    X_LOCAL_EXPLORER: 'false',
    X_LOCAL_OBSERVABILITY: 'false',
  };
}

const stateFolder = (directory: string) => join(directory, 'worker');

/** Brings the local D1 database up to the newest migration. */
export async function applyMigrations(root: string, directory: string): Promise<void> {
  const args = ['d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', stateFolder(directory)];
  const child = spawn(process.execPath, [wrangler, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...quiet(directory) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  child.stdout.on('data', (data) => {
    words += data;
  });
  child.stderr.on('data', (data) => {
    words += data;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`The database could not be migrated (code ${code}):\n${words}`);
}

/** Builds the page, starts the Worker that serves it, and returns its address. The settings go by a file that only this user can read. */
export async function startWorker(
  children: Map<string, Child>,
  options: { root: string; directory: string; port: number; settings: Record<string, string> },
): Promise<string> {
  const { root, directory, port, settings } = options;
  const page = join(directory, 'page');
  await buildPage(root, page);
  const settingsFile = join(directory, 'worker.env');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(settingsFile, lines.join(''), { mode: 0o600 });
  const args = ['dev', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', String(await freePort())];
  const { ready } = await Child.start({
    children,
    name: 'worker',
    script: wrangler,
    args: [
      ...args,
      '--assets',
      page,
      '--persist-to',
      stateFolder(directory),
      '--env-file',
      settingsFile,
      '--show-interactive-dev-session=false',
    ],
    cwd: root,
    env: quiet(directory),
    logFile: join(directory, 'logs', 'worker.log'),
    ready: (line) => /Ready on (http:\/\/\S+)/.exec(line)?.[1],
  });
  return ready.replace('localhost', '127.0.0.1').replace(/\/$/, '');
}
