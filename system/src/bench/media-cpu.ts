import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { root } from '../stack/stack.ts';

const figures = z.object({ pass: z.number(), mix: z.number() });

/** µs of CPU time of the bridge alone for each packet, passed through and mixed, as a program of the voice node measures it. */
export async function mediaCpu(): Promise<{ pass: number; mix: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'voice-node/scripts/media-cpu.ts')]);
  return figures.parse(JSON.parse(stdout));
}
