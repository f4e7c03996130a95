/**
 * The manifest of a recording that is not finalised yet: rewritten whenever chunks or fragments were stored, so that the bucket describes itself at
 * any time. It is made of what the bucket says, so that a restart, or another node of the same recording, changes nothing.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestKey } from '@patchbay/shared/object-keys';
import type { Logger } from '../ops/logger.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type IncompleteBecause, type Manifest, type ManifestObject, manifestSchema } from './manifest.ts';
import { ownObjects } from './stored-parts.ts';

export interface RunningManifestOptions {
  store: Pick<ObjectStore, 'list' | 'fetch' | 'put' | 'describe'>;
  /** Folder for the file on its way. */
  directory: string;
  logger: Logger;
}

export class RunningManifest {
  readonly #options: RunningManifestOptions;
  readonly #due = new Set<string>();
  #working: Promise<void> | undefined;

  constructor(options: RunningManifestOptions) {
    this.#options = options;
  }

  /** Chunks or fragments of the session were stored. Never throws and never waits: what fails is made up for by the next chunk, and by finalising. */
  touch(sessionId: string): void {
    this.#due.add(sessionId);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** The session is being finalised: its manifest is no longer ours. Resolves when nothing is being written any more. */
  async leave(sessionId: string): Promise<void> {
    this.#due.delete(sessionId);
    await this.#working;
  }

  async settled(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    for (let [next] = this.#due; next !== undefined; [next] = this.#due) {
      this.#due.delete(next);
      try {
        await this.#write(next);
      } catch (error) {
        this.#options.logger.warn(
          { err: error, sessionId: next },
          'the manifest of a running recording could not be written',
        );
      }
    }
  }

  async #write(sessionId: string): Promise<void> {
    const { store, directory } = this.#options;
    await mkdir(directory, { recursive: true });
    const path = join(directory, `${sessionId}.json`);
    const key = manifestKey(sessionId);
    const before = await this.#read(sessionId, path);
    const own = await ownObjects(store, sessionId);
    const there = new Set(own.map((object) => object.key));
    // What was deleted since, such as chunks of somebody who was taken out, is no longer listed.
    const kept = before?.objects.filter((object) => there.has(object.key) || object.kind === 'master') ?? [];
    const objects = new Map(kept.map((object) => [object.key, object]));
    let timeZero = before?.timeZero;
    let added = 0;
    for (const { key: chunk, folder, userId } of own) {
      if (folder !== 'chunks' || objects.has(chunk)) continue;
      const said = await store.describe(chunk);
      if (!said) continue;
      timeZero ??= Number(said.metadata['time-zero']);
      objects.set(chunk, objectOf(chunk, 'chunk', userId, said));
      added += 1;
    }
    // Few, and one that was made anew has the same key.
    for (const { key: fragment, folder, raw, userId } of own) {
      if (folder !== 'full') continue;
      const said = await store.describe(fragment);
      if (said?.metadata.samples === undefined || said.metadata.sha256 === objects.get(fragment)?.sha256) continue;
      const kind = raw ? 'raw' : fragment.endsWith('.mp3') ? 'mp3' : 'normalised';
      objects.set(fragment, objectOf(fragment, kind, userId, said));
      added += 1;
    }
    if (added === 0 || timeZero === undefined) return;
    const all = [...objects.values()];
    const because: IncompleteBecause[] = ['not_finalised'];
    const manifest: Manifest = {
      v: 1,
      sessionId,
      timeZero,
      samples: Math.max(...all.map(({ endSample }) => endSample)),
      complete: false,
      incompleteBecause: [...new Set([...because, ...(before?.incompleteBecause ?? [])])],
      without: before?.without ?? [],
      objects: all,
      missing: before?.missing ?? [],
      outages: before?.outages ?? [],
    };
    const body = JSON.stringify(manifest, null, 1);
    await writeFile(path, body);
    const sha256 = createHash('sha256').update(body).digest('hex');
    await store.put(key, path, { sha256, 'session-id': sessionId });
    await rm(path, { force: true });
  }

  async #read(sessionId: string, path: string): Promise<Manifest | undefined> {
    const { store } = this.#options;
    if (!(await store.describe(manifestKey(sessionId)))) return undefined;
    await store.fetch(manifestKey(sessionId), path);
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  }
}

function objectOf(
  key: string,
  kind: ManifestObject['kind'],
  userId: string,
  { bytes, metadata }: { bytes: number; metadata: Record<string, string> },
): ManifestObject {
  const number = (name: string): number => Number(metadata[name] ?? 0);
  const firstSample = number('first-sample');
  return {
    key,
    kind,
    bytes,
    sha256: metadata.sha256 ?? '',
    firstSample,
    endSample: firstSample + number('samples'),
    ...(metadata['guild-id'] === undefined ? {} : { guildId: metadata['guild-id'] }),
    userId,
    ...(kind === 'chunk' ? { lostPackets: number('lost-packets') } : {}),
  };
}
