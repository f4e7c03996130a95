/** What the desk keeps of one report on disk until all of it is in the bucket, and for a day how it came out. */
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sealOrderSchema } from '@patchbay/shared/control-messages';
import type { NodeEventOf } from '@patchbay/shared/events';
import { ulidSchema } from '@patchbay/shared/ids';
import { z } from 'zod';
import type { UploadNote } from '../storage/uploader.ts';
import type { Seal } from './seal.ts';

type Draft<T> = T extends unknown ? Omit<T, 'id' | 'nodeId' | 'seq' | 'at'> : never;
export type SealOutcome = Draft<NodeEventOf<'report.sealed' | 'report.failed'>>;

const manifestSchema = z.object({
  from: z.number(),
  to: z.number(),
  objects: z.array(
    z.object({
      key: z.string(),
      bytes: z.number(),
      userId: z.string().optional(),
      metadata: z.looseObject({ sha256: z.string() }).catchall(z.string()),
      stored: z.boolean(),
    }),
  ),
});
export type Manifest = z.infer<typeof manifestSchema>;
type Order = z.infer<typeof sealOrderSchema>;

/** A missing file is `undefined`; what is there and cannot be read is an error. */
async function read(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export class ReportFolder {
  readonly reportId: string;
  readonly #path: string;

  constructor(directory: string, reportId: string) {
    this.reportId = reportId;
    this.#path = join(directory, reportId);
  }

  /** The reports of which something lies in a directory. */
  static async all(directory: string): Promise<ReportFolder[]> {
    await mkdir(directory, { recursive: true });
    const names = await readdir(directory);
    return names.filter((name) => ulidSchema.safeParse(name).success).map((name) => new ReportFolder(directory, name));
  }

  async order(): Promise<Order | undefined> {
    return sealOrderSchema.optional().parse(await read(join(this.#path, 'order.json')));
  }

  async manifest(): Promise<Manifest | undefined> {
    return manifestSchema.optional().parse(await read(join(this.#path, 'manifest.json')));
  }

  /** How it came out; as it was told. */
  async outcome(): Promise<SealOutcome | undefined> {
    return (await read(join(this.#path, 'outcome.json'))) as SealOutcome | undefined;
  }

  async begin(order: Order): Promise<void> {
    await mkdir(this.#path, { recursive: true });
    await this.#write('order.json', order);
  }

  /** Keeps the files; the manifest comes last: without it they count as torn. */
  async keep({ from, to, files }: Seal): Promise<Manifest> {
    for (const { key, body } of files) await writeFile(join(this.#path, basename(key)), body, { flush: true });
    const objects = files.map(({ key, body, metadata, userId }) => ({
      ...{ key, bytes: body.length, metadata, stored: false },
      ...(userId === undefined ? {} : { userId }),
    }));
    const manifest = { from, to, objects };
    await this.#write('manifest.json', manifest);
    return manifest;
  }

  /** Gives an object to the upload queue, which moves what it gets: the folder's own copy stays until the object is stored. */
  async handOver(
    { key, metadata }: Pick<UploadNote, 'key' | 'metadata'>,
    add: (path: string, note: UploadNote) => Promise<unknown>,
  ): Promise<void> {
    const file = join(this.#path, basename(key));
    const copy = `${file}.upload`;
    await rm(copy, { force: true });
    await link(file, copy);
    await add(copy, { key, metadata, context: { reportId: this.reportId } });
  }

  async mark(manifest: Manifest): Promise<void> {
    await this.#write('manifest.json', manifest);
  }

  /** Nothing but the outcome stays. */
  async finish(outcome: SealOutcome): Promise<void> {
    await mkdir(this.#path, { recursive: true });
    await this.#write('outcome.json', outcome);
    for (const name of await readdir(this.#path)) {
      if (name !== 'outcome.json') await rm(join(this.#path, name), { force: true });
    }
  }

  async remove(): Promise<void> {
    await rm(this.#path, { recursive: true, force: true });
  }

  async #write(name: string, body: unknown): Promise<void> {
    const path = join(this.#path, name);
    await writeFile(`${path}.tmp`, JSON.stringify(body), { flush: true });
    await rename(`${path}.tmp`, path);
  }
}
