/** Type-checks every workspace, each with its own globals (Node, workerd or the browser). Exit code 1 when any fails. */
import { spawnSync } from 'node:child_process';

const projects = [
  'shared',
  'worker',
  'worker/tsconfig.test.json',
  'voice-node',
  'client',
  'client/tsconfig.test.json',
  'web',
  'examples/game-room',
  'sim',
  'sim/page',
  'system',
] as const;

let failed = false;
for (const project of projects) {
  const { status } = spawnSync('tsc', ['-p', project], { stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write(`types: ${project} failed\n`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
