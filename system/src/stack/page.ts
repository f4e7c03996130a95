import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Builds the dashboard into a folder of this run. Never into a shared one: `wrangler dev` starts its Worker anew, and cuts every
 * socket, when a file of its assets changes under it.
 */
export async function buildPage(root: string, folder: string): Promise<void> {
  const vite = join(dirname(createRequire(join(root, 'web/')).resolve('vite/package.json')), 'bin/vite.js');
  const child = spawn(process.execPath, [vite, 'build', 'web', '--outDir', folder, '--emptyOutDir'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`The page could not be built (code ${code}).`);
}
