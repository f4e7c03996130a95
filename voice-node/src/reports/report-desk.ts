/**
 * Seals the last ten seconds of calls that are reported: files in a folder, from there to the bucket, and an event when all of it
 * is stored. A process that was killed in between goes on at its next start.
 */
import type { SealOrder } from '@patchbay/shared/control-messages';
import { PatchbayError } from '@patchbay/shared/errors';
import { decodeTime } from 'ulid';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import type { StoredObject, UploadNote } from '../storage/uploader.ts';
import { ReportFolder, type SealOutcome } from './report-folder.ts';
import { sealOf } from './seal.ts';
import type { Heard } from './session-ring.ts';

/** So long the same report is answered with the same outcome. ms */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;

export interface ReportDeskOptions {
  /** Folder of the reports that are not in the bucket yet. */
  directory: string;
  /** The upload queue; absent: nothing can be sealed, for the reason in `storageOff`. */
  add?: ((path: string, note: UploadNote) => Promise<unknown>) | undefined;
  storageOff?: string | undefined;
  /** Takes an event; when it resolves, the event survives the process. */
  report: (outcome: SealOutcome) => Promise<void>;
  logger: Logger;
}

/** Is this the object of a report? */
const isSealed = ({ context }: Pick<StoredObject, 'context'>): boolean => typeof context.reportId === 'string';

export class ReportDesk {
  readonly #options: ReportDeskOptions;
  /** One thing after the other: folders are read and written again. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: ReportDeskOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier process left. Call it when the upload queue runs. */
  start(): Promise<void> {
    return this.#queue('reports of an earlier process', async () => {
      for (const folder of await ReportFolder.all(this.#options.directory)) {
        await this.#resume(folder).catch((error) =>
          this.#options.logger.error({ err: error, reportId: folder.reportId }, 'a report could not be taken up'),
        );
      }
    });
  }

  /** Seals what was heard until now (`undefined`: the session is over). What is asked again is answered again. */
  seal(order: SealOrder, heard: Heard | undefined): Promise<void> {
    return this.#queue(order.reportId, async () => {
      await this.#prune();
      const folder = new ReportFolder(this.#options.directory, order.reportId);
      const known = await folder.outcome();
      if (known) await this.#options.report(known);
      // Under way already: its end is told when it comes.
      if (known || (await folder.order())) return;
      const refused = (code: string, message: string): Promise<void> => this.#fail(folder, order, code, message);
      const { add, storageOff } = this.#options;
      if (!heard) return refused('session_over', 'The call was over: what had been said was forgotten with it.');
      if (!add) return refused('storage_off', storageOff ?? 'The voice node has no object storage.');
      if (!heard.spec.sealable) return refused('sealing_off', 'No side of this call lets reports seal what was said.');
      try {
        await folder.begin(order);
        const seal = await sealOf(order, heard, () => new Promise((resolve) => setImmediate(resolve)));
        if (!seal) return refused('nothing_heard', 'Nobody was heard in the last ten seconds.');
        const { objects } = await folder.keep(seal);
        for (const object of objects) await folder.handOver(object, add);
      } catch (cause) {
        const error = new PatchbayError('seal_failed', 'The ten seconds could not be written to DATA_DIR.', { cause });
        this.#options.logger.error({ err: error, reportId: order.reportId }, 'a report could not be sealed');
        return refused(error.code, error.message);
      }
    });
  }

  /** An object is in the bucket, verified. When this resolves that is written down, and told if it was the last one. */
  async stored({ key, context }: StoredObject): Promise<void> {
    const reportId = String(context.reportId);
    let problem: unknown;
    await this.#queue(reportId, async () => {
      try {
        await this.#stored(new ReportFolder(this.#options.directory, reportId), key);
      } catch (error) {
        problem = error;
      }
    });
    // The upload queue keeps the object and comes again.
    if (problem !== undefined) throw problem;
  }

  /** The same for any object; false: it is of no report. */
  async take(stored: StoredObject): Promise<boolean> {
    if (!isSealed(stored)) return false;
    await this.stored(stored);
    return true;
  }

  /** Resolves when nothing is being written any more. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #stored(folder: ReportFolder, key: string): Promise<void> {
    const [order, manifest] = [await folder.order(), await folder.manifest()];
    if (!order || !manifest) return;
    for (const object of manifest.objects) if (object.key === key) object.stored = true;
    await folder.mark(manifest);
    if (!manifest.objects.every(({ stored }) => stored)) return;
    const { from, to, objects } = manifest;
    const { reportId, sessionId, guildId } = order;
    await this.#finish(folder, {
      type: 'report.sealed',
      ...{ guildId, sessionId, reportId, from, to },
      objects: objects.map(({ key: name, bytes, userId, metadata: { sha256 } }) => ({
        ...{ key: name, bytes, sha256 },
        ...(userId === undefined ? {} : { userId }),
      })),
    });
    this.#options.logger.info({ reportId, sessionId, objects: objects.length }, 'a report is sealed');
  }

  async #resume(folder: ReportFolder): Promise<void> {
    const outcome = await folder.outcome();
    // Killed between the outcome and the cleaning up: nobody's voice may stay.
    if (outcome) return this.#isOld(folder) ? folder.remove() : folder.finish(outcome);
    const [order, manifest] = [await folder.order(), await folder.manifest()];
    if (!order) return folder.remove();
    const { add, storageOff } = this.#options;
    if (!manifest) {
      return this.#fail(folder, order, 'seal_interrupted', 'The voice node ended while it sealed the ten seconds.');
    }
    if (!add) return this.#fail(folder, order, 'storage_off', storageOff ?? 'The voice node has no object storage.');
    // Some may wait in the upload queue as well: the same object again changes nothing.
    for (const object of manifest.objects) if (!object.stored) await folder.handOver(object, add);
  }

  #isOld({ reportId }: ReportFolder): boolean {
    return now() - decodeTime(reportId) > REMEMBERED_MS;
  }

  /** Forgets outcomes that nobody asks for any more. */
  async #prune(): Promise<void> {
    for (const folder of await ReportFolder.all(this.#options.directory)) {
      if (this.#isOld(folder) && (await folder.outcome())) await folder.remove();
    }
  }

  async #fail(folder: ReportFolder, order: SealOrder, code: string, message: string): Promise<void> {
    const { guildId, sessionId, reportId } = order;
    await this.#finish(folder, { type: 'report.failed', guildId, sessionId, reportId, code, message });
  }

  async #finish(folder: ReportFolder, outcome: SealOutcome): Promise<void> {
    await this.#options.report(outcome);
    await folder.finish(outcome);
  }

  #queue(what: string, work: () => Promise<void>): Promise<void> {
    this.#last = this.#last
      .then(work)
      .catch((error) => this.#options.logger.error({ err: error, what }, 'a report could not be dealt with'));
    return this.#last;
  }
}
