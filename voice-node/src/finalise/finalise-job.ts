/** Finalises one recording from what the bucket holds: fetch, make in a child process, deliver, tidy up. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../ops/logger.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type DeliverOptions, deliver } from './deliver.ts';
import { finaliseInChild } from './in-child.ts';
import type { Order } from './order.ts';
import type { FinaliseReport } from './report.ts';
import { fetchParts, ownObjects, sources } from './stored-parts.ts';
import { type Drop, erase, eraseMix, tidy } from './tidy.ts';

export interface JobOptions extends DeliverOptions {
  store: Pick<ObjectStore, 'list' | 'fetch' | 'delete'>;
  drop: Drop;
  mp3Fragments: boolean;
  onProgress(sessionId: string, percent: number): void;
  /** What comes after finalising, such as a transcript. A failure of it is logged and changes nothing. */
  onFinalised?: ((sessionId: string, report: FinaliseReport) => Promise<void>) | undefined;
}

/** `again`: more came while it was made. `nothing`: nobody's sound is there. */
export type Outcome = 'done' | 'again' | 'nothing';

/** @throws when it has to be tried again, and when `signal` says stop */
export async function runJob(
  sessionId: string,
  order: Order,
  folder: string,
  options: JobOptions & { signal: AbortSignal; logger: Logger },
): Promise<Outcome> {
  const { store, signal, logger } = options;
  const erased = await erase(store, options.drop, sessionId, order.without);
  if (erased > 0)
    logger.info({ objects: erased, users: order.without.length }, 'people are taken out of the recording');
  const found = sources(await ownObjects(store, sessionId), order.without);
  const parts = await fetchParts(found, {
    store,
    into: join(folder, 'parts'),
    onDamaged: (key, error) =>
      logger.error({ err: error, key }, 'a part is damaged; the recording is finalised without it'),
  });
  signal.throwIfAborted();
  const [first] = parts;
  if (!first) {
    // The mix still holds those who were taken out.
    if (order.without.length > 0) await eraseMix(store, sessionId);
    return 'nothing';
  }
  const out = join(folder, 'out');
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const { mp3Fragments } = options;
  const report = await finaliseInChild(
    { sessionId, timeZero: first.timeZero, chunks: parts, directory: out, mp3Fragments },
    { signal, onProgress: (percent) => options.onProgress(sessionId, percent) },
  );
  const manifest = await deliver(report, parts, order, out, options);
  await tidy(store, manifest);
  const { loudness, truePeak } = report.master.sound;
  logger.info({ fragments: report.fragments.length, loudness, truePeak, complete: manifest.complete }, 'finalised');
  await options
    .onFinalised?.(sessionId, report)
    .catch((error: unknown) => logger.error({ err: error }, 'what follows finalising failed'));
  const keys = (list: typeof found): string =>
    list
      .filter(({ folder: of }) => of === 'chunks')
      .map(({ key }) => key)
      .join();
  const now = sources(await ownObjects(store, sessionId), order.without);
  return keys(now) === keys(found) ? 'done' : 'again';
}
