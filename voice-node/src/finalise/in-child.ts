import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PatchbayError } from '@patchbay/shared/errors';
import { type ChildMessage, childMessageSchema, type FinaliseJob, type OnlyStay } from './job.ts';
import type { FinaliseReport, FinishedFragment } from './report.ts';

const childPath = fileURLToPath(import.meta.resolve('./child.ts'));

interface ChildOptions {
  onProgress(percent: number): void;
  signal: AbortSignal;
}

/**
 * Finalises in a child process of low priority.
 *
 * @throws {PatchbayError} what the child says, or `finalise_died`
 */
export async function finaliseInChild(job: FinaliseJob, options: ChildOptions): Promise<FinaliseReport> {
  const made = await inChild(job, options);
  if (made.type === 'report') return made.report;
  throw new PatchbayError('finalise_died', 'The process that finalises made fragments alone.');
}

/**
 * Makes the fragment of one stay in such a process: none where the chunks know no such stay.
 *
 * @throws {PatchbayError} what the child says, or `finalise_died`
 */
export async function fragmentInChild(
  job: FinaliseJob & { only: OnlyStay },
  signal: AbortSignal,
): Promise<FinishedFragment[]> {
  const made = await inChild(job, { signal, onProgress: () => undefined });
  return made.type === 'fragments' ? made.fragments : made.report.fragments;
}

type Made = Extract<ChildMessage, { type: 'report' | 'fragments' }>;

function inChild(job: FinaliseJob, { onProgress, signal }: ChildOptions): Promise<Made> {
  return new Promise((resolve, reject) => {
    const child = fork(childPath, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], signal, serialization: 'advanced' });
    if (child.pid !== undefined) lower(child.pid);
    child.on('message', (raw) => {
      const message = childMessageSchema.parse(raw);
      if (message.type === 'progress') onProgress(message.percent);
      else if (message.type === 'failed') reject(new PatchbayError(message.code, message.message));
      else resolve(message);
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
