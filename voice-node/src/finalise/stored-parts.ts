/** What the bucket holds of a recording to finalise it from: its chunks; where one never came, what was flushed of it; where they were deleted, the joined files. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import { recordingPrefix } from '@patchbay/shared/object-keys';
import { oggComments } from '../audio/ogg-reader.ts';
import { type ChunkTags, chunkTagsSchema, TRACK_COMMENT } from '../recording/chunks/chunk-tags.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FetchedChunk } from './manifest.ts';

const KEY = /^recordings\/[^/]+\/(chunks|partial|full)\/(?:(RAW|FULL)-)?(\d+)-(\d+)\.(?:ogg|mp3)$/;

/** An object of somebody's, as its key tells. */
export interface OwnObject {
  key: string;
  folder: 'chunks' | 'partial' | 'full';
  /** `RAW` of `full`: joined as received. */
  raw: boolean;
  userId: string;
  /** Its first sample, ms since the epoch. */
  at: string;
}

/** Undefined: the key is of nobody's. */
export function ownObject(key: string): OwnObject | undefined {
  const [, folder, kind, userId, at] = KEY.exec(key) ?? [];
  if (!folder || !userId || !at) return undefined;
  return { key, folder: folder as OwnObject['folder'], raw: kind === 'RAW', userId, at };
}

/** Everything of people, by key. */
export async function ownObjects(store: Pick<ObjectStore, 'list'>, sessionId: string): Promise<OwnObject[]> {
  return (await store.list(recordingPrefix(sessionId))).flatMap(({ key }) => ownObject(key) ?? []);
}

/** Those from which a recording may be made; the same list later means that nothing came meanwhile. */
export function sources(all: readonly OwnObject[], without: readonly string[]): OwnObject[] {
  const here = all.filter(({ userId }) => !without.includes(userId));
  const chunks = here.filter(({ folder }) => folder === 'chunks');
  const known = new Set(chunks.map(({ userId, at }) => `${userId}-${at}`));
  return [
    ...chunks,
    // A chunk replaces what was flushed of it.
    ...here.filter(({ folder, userId, at }) => folder === 'partial' && !known.has(`${userId}-${at}`)),
    ...here.filter(({ folder, raw }) => folder === 'full' && raw),
  ];
}

export interface FetchOptions {
  store: Pick<ObjectStore, 'fetch'>;
  /** Folder for the files. */
  into: string;
  /** An object that is not what was stored: the recording is made without it. */
  onDamaged(key: string, error: unknown): void;
}

/**
 * Fetches what a recording is made from. Of people whose chunks are all there, the joined files are left alone.
 *
 * @throws {PatchbayError} `object_unreadable`: the bucket is away
 */
export async function fetchParts(found: readonly OwnObject[], options: FetchOptions): Promise<FetchedChunk[]> {
  const { store, into, onDamaged } = options;
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true });
  const get = async ({ key, folder }: OwnObject): Promise<FetchedChunk | undefined> => {
    const path = join(into, `${folder}-${key.slice(key.lastIndexOf('/') + 1)}`);
    try {
      const fetched = await store.fetch(key, path);
      const tags: ChunkTags = chunkTagsSchema.parse(JSON.parse(oggComments(path)[TRACK_COMMENT] ?? 'null'));
      const kind = folder === 'chunks' ? 'chunk' : folder === 'partial' ? 'partial' : 'raw';
      return { ...tags, path, key, kind, ...fetched };
    } catch (error) {
      if (error instanceof PatchbayError && error.code === 'object_unreadable') throw error;
      onDamaged(key, error);
      return undefined;
    }
  };
  const parts: FetchedChunk[] = [];
  for (const [, own] of Map.groupBy(found, ({ userId }) => userId)) {
    const chunks: FetchedChunk[] = [];
    for (const one of own.filter(({ folder }) => folder !== 'full'))
      chunks.push(...[await get(one)].flatMap((part) => part ?? []));
    const joined: FetchedChunk[] = [];
    // Only files that tell no more than the chunks are not worth the way.
    for (const one of own.filter(({ folder }) => folder === 'full')) {
      const timeZero = chunks[0]?.timeZero;
      if (timeZero !== undefined && isCovered(Math.round((Number(one.at) - timeZero) * 48), chunks)) continue;
      joined.push(...[await get(one)].flatMap((part) => part ?? []));
    }
    parts.push(...chunks.filter((chunk) => !joined.some((file) => overlap(file, chunk))), ...joined);
  }
  return parts;
}

const endOf = ({ firstSample, samples }: FetchedChunk): number => firstSample + samples;
const overlap = (left: FetchedChunk, right: FetchedChunk): boolean =>
  left.firstSample < endOf(right) && right.firstSample < endOf(left);

/** Does a chunk hold this sample? Chunks are deleted all at once: then they hold all that follows too. Keys tell it to the ms. */
const isCovered = (sample: number, chunks: readonly FetchedChunk[]): boolean =>
  chunks.some((chunk) => chunk.firstSample <= sample + 48 && sample < endOf(chunk));
