/** Checks what the bucket holds of a recording against its manifest: every object, byte by byte. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import { manifestKey, recordingPrefix } from '@patchbay/shared/object-keys';
import type { ObjectStore } from '../storage/object-store.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

/** What is wrong with one object. */
export interface Finding {
  key: string;
  /** `unlisted`: the bucket holds it and the manifest does not know it; nothing is lost. */
  what: 'missing' | 'other length' | 'other content' | 'unlisted';
}

export interface Verification {
  manifest: Manifest;
  findings: Finding[];
  /** Is every object there as it was made? */
  whole: boolean;
}

/**
 * Fetches every object of a recording; what is wrong is listed, never thrown.
 *
 * @throws {PatchbayError} `manifest_missing`, `manifest_malformed`, `object_unreadable` when the bucket cannot be read
 */
export async function verifyRecording(
  sessionId: string,
  store: Pick<ObjectStore, 'list' | 'fetch'>,
  onChecked?: (done: number, of: number) => void,
): Promise<Verification> {
  const directory = await mkdtemp(join(tmpdir(), 'verify-'));
  const path = join(directory, 'object');
  try {
    const stored = new Map((await store.list(recordingPrefix(sessionId))).map(({ key, bytes }) => [key, bytes]));
    if (!stored.has(manifestKey(sessionId))) {
      throw new PatchbayError(
        'manifest_missing',
        `The bucket holds no manifest of session ${sessionId}. Check the id; a recording has one when it is finalised.`,
      );
    }
    await store.fetch(manifestKey(sessionId), path);
    const manifest = parseManifest(await readFile(path, 'utf8'), sessionId);
    const findings: Finding[] = [];
    for (const [index, object] of manifest.objects.entries()) {
      const what = await difference(object, stored.get(object.key));
      if (what) findings.push({ key: object.key, what });
      onChecked?.(index + 1, manifest.objects.length);
    }
    const known = new Set([manifestKey(sessionId), ...manifest.objects.map(({ key }) => key)]);
    const whole = findings.length === 0;
    for (const key of stored.keys()) if (!known.has(key)) findings.push({ key, what: 'unlisted' });
    return { manifest, findings, whole };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }

  async function difference(
    { key, bytes, sha256 }: Manifest['objects'][number],
    length: number | undefined,
  ): Promise<Finding['what'] | undefined> {
    if (length === undefined) return 'missing';
    if (length !== bytes) return 'other length';
    try {
      return (await store.fetch(key, path)).sha256 === sha256 ? undefined : 'other content';
    } catch (error) {
      // It is not even what its own metadata says.
      if (error instanceof PatchbayError && error.code === 'object_damaged') return 'other content';
      throw error;
    }
  }
}

function parseManifest(text: string, sessionId: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PatchbayError('manifest_malformed', `The manifest of session ${sessionId} cannot be read.`, { cause });
  }
}
