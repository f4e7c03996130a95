/** Takes up what a killed process left: journals that were not made into chunks, chunks whose storing nobody saw. */
import { appendFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readRunState, takeNote } from '../chunks/run-state.ts';
import { readSegment, segmentsIn } from '../journal/journal-reader.ts';
import { segmentPath } from '../journal/journal-writer.ts';
import { frameAt, framesOf, type RunHeader, readHeader } from './run-header.ts';
import { type Erase, type HandOver, SegmentQueue } from './segment-queue.ts';

export interface RecoverOptions {
  /** Holds a folder for each recording. */
  directory: string;
  /** Folders of recordings that run now. */
  running: ReadonlySet<string>;
  handOver: HandOver;
  erase?: Erase;
  onFailed(error: unknown, directory: string, segment: number): void;
  /** By the bytes of the journal that are done with. */
  onProgress(progress: { sessionId: string; percent: number }): void;
}

/** A recording that was cut off, and what became of it. */
export interface Recovered {
  directory: string;
  header: RunHeader;
  segments: number;
  /** Its last packet. ms since the epoch; undefined: there was none. */
  lastArrival: number | undefined;
  /** Who was in its channels then, as far as the last ten minutes tell. */
  staying: ReadonlySet<string>;
  /** Resolves when its chunks are made and handed over, with the bytes of a torn end and of damage. */
  sealed: Promise<{ damagedBytes: number }>;
  /** Resolves when everything is stored; nothing of the folder is needed then. False: something failed and is kept. */
  stored: Promise<boolean>;
}

/**
 * Seals every recording in the folder that no process writes: its last chunk ends with its last packet. What has to be known of it
 * before a session goes on is there when this resolves; the chunks are made meanwhile, so that nobody waits for them to be in voice again.
 */
export async function recover(options: RecoverOptions): Promise<Recovered[]> {
  const { directory, running } = options;
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const recovered: Recovered[] = [];
  for (const name of names.sort()) {
    const folder = join(directory, name);
    if (running.has(folder)) continue;
    const one = await recoverRun(folder, options);
    if (one) recovered.push(one);
  }
  return recovered;
}

async function recoverRun(directory: string, options: RecoverOptions): Promise<Recovered | undefined> {
  const header = await readHeader(directory);
  if (!header) return undefined;
  const segments = await segmentsIn(directory);
  const last = segments.at(-1);
  const sizes = new Map<number, number>();
  for (const segment of segments) sizes.set(segment, (await stat(segmentPath(directory, segment))).size);
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let damagedBytes = 0;
  let done = 0;
  const queue = new SegmentQueue({
    directory,
    header,
    handOver: options.handOver,
    erase: options.erase,
    onFailed: (error, segment) => options.onFailed(error, directory, segment),
    onBuilt: (segment) => {
      done += sizes.get(segment) ?? 0;
      options.onProgress({ sessionId: header.sessionId, percent: bytes > 0 ? Math.floor((100 * done) / bytes) : 100 });
    },
    onDamage: (bytes) => {
      damagedBytes += bytes;
    },
  });
  let lastArrival: number | undefined;
  let staying: ReadonlySet<string> = new Set();
  if (last !== undefined) {
    ({ lastArrival, staying } = await endOf(directory, segments));
    const endFrame = lastArrival === undefined ? 0 : frameAt(header.timeZero, lastArrival) + 1;
    for (const segment of segments.slice(0, -1)) queue.add(segment);
    let tail = last;
    // What came within the hold belongs to the five minutes after: a segment without records of its own.
    for (; framesOf(header, tail).endFrame < endFrame; tail += 1) {
      queue.add(tail);
      await appendFile(segmentPath(directory, tail + 1), '');
    }
    queue.add(tail, Math.max(endFrame, framesOf(header, tail).firstFrame));
  }
  const sealed = queue.handedOver().then(() => ({ damagedBytes }));
  return { directory, header, segments: segments.length, lastArrival, staying, sealed, stored: queue.stored() };
}

/** How a recording that was cut off ended. Reads no more than its last ten minutes: nobody waits for more to be in voice again. */
async function endOf(
  directory: string,
  segments: readonly number[],
): Promise<{ lastArrival: number | undefined; staying: ReadonlySet<string> }> {
  // What came within the hold lies in the segment before: the last one may be empty.
  const read = segments.slice(-2);
  const state = await readRunState(directory, read[0] ?? 0);
  let lastArrival: number | undefined;
  for (const segment of read) {
    for await (const records of readSegment(segmentPath(directory, segment))) {
      for (const record of records) {
        if (record.kind === 'note') takeNote(state, record.note);
        else lastArrival = Math.max(lastArrival ?? 0, record.packet.arrivedAt);
      }
    }
  }
  const open = [...state.stays].filter(([, stays]) => stays.at(-1)?.[1] === null);
  return { lastArrival, staying: new Set(open.map(([userId]) => userId)) };
}
