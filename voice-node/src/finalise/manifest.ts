/** What the bucket holds of a recording: every object with its checksum, so that anybody can see that all is there. */
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { fragmentKey, masterKey, rawFragmentKey } from '@patchbay/shared/object-keys';
import { z } from 'zod';
import { type FinaliseReport, type FinishedFile, reportSchema } from './report.ts';
import type { StoredChunk } from './tracks.ts';

const objectSchema = z.object({
  key: z.string(),
  /** `partial`: flushed from a running recording, in the place of a chunk that never came. */
  kind: z.enum(['chunk', 'partial', 'normalised', 'raw', 'mp3', 'master']),
  bytes: z.int(),
  sha256: z.string(),
  /** Samples at 48 kHz from time zero: the first one, and the one after the last. */
  firstSample: z.int(),
  endSample: z.int(),
  guildId: snowflake.optional(),
  userId: snowflake.optional(),
  lostPackets: z.int().optional(),
});
export type ManifestObject = z.infer<typeof objectSchema>;

/**
 * Why a recording is not complete. `not_finalised`: it is still running, or chunks came since the master was made. `part_elsewhere`:
 * another voice node had not stored its part when the master was made. `spans_missing`: no object holds what `missing` lists.
 * `partial_used`: the node was lost for good, and what had been flushed was taken.
 */
const incompleteSchema = z.enum(['not_finalised', 'part_elsewhere', 'spans_missing', 'partial_used']);
export type IncompleteBecause = z.infer<typeof incompleteSchema>;

export const manifestSchema = z.object({
  v: z.literal(1),
  sessionId: ulidSchema,
  timeZero: z.number(),
  /** Samples from time zero to the end. */
  samples: z.int(),
  /** False: for what `incompleteBecause` says. */
  complete: z.boolean(),
  incompleteBecause: z.array(incompleteSchema).default([]),
  /** Who was taken out when it was made last: nothing of theirs is left. */
  without: z.array(snowflake).default([]),
  objects: z.array(objectSchema),
  missing: reportSchema.shape.missing,
  outages: reportSchema.shape.outages,
});
export type Manifest = z.infer<typeof manifestSchema>;

/** A made file and the object that it becomes. */
export interface Deliverable {
  file: FinishedFile;
  object: ManifestObject;
}

/** Fragments, under the keys that they get in the bucket. */
export function fragmentDeliverables({
  sessionId,
  timeZero,
  fragments,
}: Pick<FinaliseReport, 'sessionId' | 'timeZero' | 'fragments'>): Deliverable[] {
  return fragments.flatMap(({ userId, guildId, firstSample, samples, normalised, raw, mp3 }) => {
    const at = timeZero + firstSample / 48;
    const about = { firstSample, endSample: firstSample + samples, guildId, userId };
    const one = (kind: 'normalised' | 'raw' | 'mp3', key: string, file: FinishedFile): Deliverable => ({
      file,
      object: { key, kind, bytes: file.bytes, sha256: file.sha256, ...about },
    });
    return [
      one('normalised', fragmentKey(sessionId, userId, at), normalised),
      one('raw', rawFragmentKey(sessionId, userId, at), raw),
      ...(mp3 ? [one('mp3', fragmentKey(sessionId, userId, at, 'mp3'), mp3)] : []),
    ];
  });
}

/** What finalising made, under the keys that it gets in the bucket. */
export function deliverables(report: FinaliseReport): Deliverable[] {
  const { sessionId, master, samples } = report;
  const { bytes, sha256 } = master;
  return [
    ...fragmentDeliverables(report),
    {
      file: master,
      object: { key: masterKey(sessionId), kind: 'master', bytes, sha256, firstSample: 0, endSample: samples },
    },
  ];
}

/** A part of a recording as the bucket holds it. `raw`: the joined file of a stay whose chunks were deleted. */
export interface FetchedChunk extends StoredChunk {
  key: string;
  kind: 'chunk' | 'partial' | 'raw';
  bytes: number;
  sha256: string;
}

/** What finalising leaves in the bucket. */
export function manifestOf(
  report: FinaliseReport,
  parts: readonly FetchedChunk[],
  { incomplete = false, without = [] }: { incomplete?: boolean; without?: readonly string[] } = {},
): Manifest {
  const { sessionId, timeZero, samples, missing, outages } = report;
  const made = deliverables(report).map(({ object }) => object);
  const because: IncompleteBecause[] = [
    ...(incomplete ? (['part_elsewhere'] as const) : []),
    ...(missing.length > 0 ? (['spans_missing'] as const) : []),
    ...(parts.some(({ kind }) => kind === 'partial') ? (['partial_used'] as const) : []),
  ];
  return {
    v: 1,
    sessionId,
    timeZero,
    samples,
    complete: because.length === 0,
    incompleteBecause: because,
    without: [...without],
    objects: [
      // Joined files are made anew under the same keys.
      ...parts.filter(({ kind }) => kind !== 'raw').map(objectOf),
      ...made,
    ],
    missing,
    outages,
  };
}

function objectOf(part: FetchedChunk): ManifestObject {
  const { key, kind, bytes, sha256, firstSample, samples, guildId, userId, lostPackets } = part;
  return { key, kind, bytes, sha256, firstSample, endSample: firstSample + samples, guildId, userId, lostPackets };
}
