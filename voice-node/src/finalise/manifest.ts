/** What the bucket holds of a recording: every object with its checksum, so that anybody can see that all is there. */
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { fragmentKey, masterKey, rawFragmentKey } from '@patchbay/shared/object-keys';
import { z } from 'zod';
import { type FinaliseReport, type FinishedFile, reportSchema } from './report.ts';
import type { StoredChunk } from './tracks.ts';

const objectSchema = z.object({
  key: z.string(),
  kind: z.enum(['chunk', 'normalised', 'raw', 'mp3', 'master']),
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

export const manifestSchema = z.object({
  v: z.literal(1),
  sessionId: ulidSchema,
  timeZero: z.number(),
  /** Samples from time zero to the end. */
  samples: z.int(),
  /** False: parts are missing; `missing` lists them. */
  complete: z.boolean(),
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

/** What finalising made, under the keys that it gets in the bucket. */
export function deliverables(report: FinaliseReport): Deliverable[] {
  const { sessionId, timeZero } = report;
  const made = report.fragments.flatMap(({ userId, guildId, firstSample, samples, normalised, raw, mp3 }) => {
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
  const { master, samples } = report;
  const { bytes, sha256 } = master;
  return [
    ...made,
    {
      file: master,
      object: { key: masterKey(sessionId), kind: 'master', bytes, sha256, firstSample: 0, endSample: samples },
    },
  ];
}

/** A chunk as the bucket holds it. */
export interface FetchedChunk extends StoredChunk {
  key: string;
  bytes: number;
  sha256: string;
}

export function manifestOf(report: FinaliseReport, chunks: readonly FetchedChunk[]): Manifest {
  const { sessionId, timeZero, samples, missing, outages } = report;
  return {
    v: 1,
    sessionId,
    timeZero,
    samples,
    complete: missing.length === 0,
    objects: [
      ...chunks.map(({ key, bytes, sha256, firstSample, samples: length, guildId, userId, lostPackets }) => ({
        key,
        kind: 'chunk' as const,
        bytes,
        sha256,
        firstSample,
        endSample: firstSample + length,
        guildId,
        userId,
        lostPackets,
      })),
      ...deliverables(report).map(({ object }) => object),
    ],
    missing,
    outages,
  };
}
