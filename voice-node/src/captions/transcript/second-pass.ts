/** The second pass: what the recording says where live captions were broken, or everywhere. Each fragment's outcome is kept on disk. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import { captionWordSchema } from '@patchbay/shared/events';
import { z } from 'zod';
import { oggPackets } from '../../audio/ogg-reader.ts';
import type { Logger } from '../../ops/logger.ts';
import type { FileEngine } from '../file-engine.ts';
import type { BookEntry, BookEntryOf } from './entries.ts';
import type { HeardLater } from './parts.ts';
import type { ReadsBucket, RecordedFragment } from './recorded.ts';
import { placeInSession, spokenPieces } from './spoken.ts';

/** So much around a lost stretch is listened to as well: words at its borders must be whole. ms */
const MARGIN_MS = 500;
const FRAME_MS = 20;

const outcomeSchema = z.object({
  guildId: z.string(),
  userId: z.string(),
  language: z.string(),
  spans: z.array(z.object({ fromMs: z.number(), toMs: z.number() })),
  words: z.array(captionWordSchema),
});

export interface SecondPassOptions {
  store: ReadsBucket;
  engine: FileEngine;
  /** Of the job; outcomes lie here. */
  directory: string;
  logger: Logger;
}

/** Stretches of a fragment that are to be listened to; none: it is not. */
export function wantedSpans(
  { guildId, userId, firstMs, endMs }: RecordedFragment,
  entries: readonly BookEntry[],
): { fromMs: number; toMs: number }[] {
  const guild = entries.findLast((entry) => entry.type === 'guild' && entry.guildId === guildId);
  if (guild?.type !== 'guild') return [];
  if (guild.prerecorded === 'all') return [{ fromMs: firstMs, toMs: endMs }];
  return entries.flatMap((entry) => {
    if (entry.type !== 'lost' || entry.userId !== userId || entry.toMs <= firstMs || entry.fromMs >= endMs) return [];
    return [{ fromMs: Math.max(firstMs, entry.fromMs), toMs: Math.min(endMs, entry.toMs) }];
  });
}

/**
 * Has the fragments of a session transcribed, as far as it is wanted.
 *
 * @throws {PatchbayError} `transcription_failed`, or when the bucket cannot be read: to be tried again
 */
export async function secondPass(
  fragments: readonly RecordedFragment[],
  entries: readonly BookEntry[],
  options: SecondPassOptions,
): Promise<HeardLater[]> {
  const out = new Set(entries.findLast((entry) => entry.type === 'out')?.userIds);
  const heard: HeardLater[] = [];
  for (const fragment of fragments) {
    const spans = out.has(fragment.userId) ? [] : wantedSpans(fragment, entries);
    if (spans.length === 0) continue;
    const path = join(options.directory, `heard-${fragment.userId}-${Math.round(fragment.firstMs)}.json`);
    const known = await kept(path);
    if (known) heard.push(known);
    else {
      const guild = entries.findLast((entry) => entry.type === 'guild' && entry.guildId === fragment.guildId);
      const outcome = await listen(fragment, spans, guild as BookEntryOf<'guild'>, options);
      await writeFile(`${path}.tmp`, JSON.stringify(outcome));
      await rename(`${path}.tmp`, path);
      heard.push(outcome);
    }
  }
  return heard;
}

async function kept(path: string): Promise<HeardLater | undefined> {
  try {
    return outcomeSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Not there, or torn: it is listened to (again).
    return undefined;
  }
}

async function listen(
  { key, guildId, userId, firstMs }: RecordedFragment,
  spans: { fromMs: number; toMs: number }[],
  { language, keyterms }: BookEntryOf<'guild'>,
  { store, engine, directory, logger }: SecondPassOptions,
): Promise<HeardLater> {
  const path = join(directory, 'fragment.ogg');
  await store.fetch(key, path);
  const isIn = (ms: number, margin: number): boolean =>
    spans.some(({ fromMs, toMs }) => ms >= fromMs - margin && ms < toMs + margin);
  const words: HeardLater['words'] = [];
  try {
    for (const piece of spokenPieces(oggPackets(path), (frame) => isIn(firstMs + frame * FRAME_MS, MARGIN_MS))) {
      for (const { text, start, end } of await engine.transcribe(piece.file, { language, keyterms })) {
        const startMs = placeInSession(piece, start, firstMs);
        const endMs = Math.max(startMs, placeInSession(piece, end, firstMs));
        if (isIn((startMs + endMs) / 2, 0)) words.push({ text: text.slice(0, 200), startMs, endMs });
      }
    }
  } catch (error) {
    if (!(error instanceof PatchbayError) || error.code !== 'transcription_refused') throw error;
    logger.error({ err: error, key }, 'the service refused a fragment; what was heard live stands');
  }
  await rm(path, { force: true });
  return { guildId, userId, language, spans, words };
}
