import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PatchbayError } from '@patchbay/shared/errors';
import { childMessageSchema, type FinaliseJob } from './job.ts';
import type { FinaliseReport } from './report.ts';

const childPath = fileURLToPath(import.meta.resolve('./child.ts'));

/**
 * Finalises in a child process of low priority.
 *
 * @throws {PatchbayError} what the child says, or `finalise_died`
 */
export function finaliseInChild(
  job: FinaliseJob,
  { onProgress, signal }: { onProgress(percent: number): void; signal: AbortSignal },
): Promise<FinaliseReport> {
  return new Promise((resolve, reject) => {
    const child = fork(childPath, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], signal, serialization: 'advanced' });
    if (child.pid !== undefined) lower(child.pid);
    child.on('message', (raw) => {
      const message = childMessageSchema.parse(raw);
      if (message.type === 'progress') onProgress(message.percent);
      else if (message.type === 'report') resolve(message.report);
      else reject(new PatchbayError(message.code, message.message));
    });
    child.on('error', reject);
    child.on('exit', (code, killedBy) =>
      // After a report this changes nothing any more.
      reject(new PatchbayError('finalise_died', `The process that finalises ended with ${killedBy ?? code}.`)),
    );
    child.send(job);
  });
}

function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch (error) {
    // It has ended already, or the system knows no priorities: it runs all the same.
    if (!(error instanceof Error)) throw error;
  }
}
