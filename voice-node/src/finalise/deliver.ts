/** Brings what finalising made into the bucket, the manifest last, and tells of it. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { manifestKey } from '@patchbay/shared/object-keys';
import type { UploadNote } from '../storage/uploader.ts';
import {
  deliverables,
  type FetchedChunk,
  fragmentDeliverables,
  type Manifest,
  type ManifestObject,
  manifestOf,
} from './manifest.ts';
import type { Order } from './order.ts';
import type { FinaliseReport } from './report.ts';

export interface DeliverOptions {
  /** Takes a file for the bucket; `stored` resolves when it is there. */
  add: (path: string, note: UploadNote) => Promise<{ stored: Promise<void> }>;
  /** Reports an event; resolves when it survives the process. */
  report: (draft: NodeEventDraft) => Promise<void>;
}

/** An event names so many tracks at most. */
const MOST_TRACKS = 255;

/** Resolves when everything is stored and told. */
export async function deliver(
  report: FinaliseReport,
  parts: readonly FetchedChunk[],
  order: Pick<Order, 'incomplete' | 'without'>,
  out: string,
  { add, report: tell }: DeliverOptions,
): Promise<Manifest> {
  const { sessionId } = report;
  const put = (path: string, key: string, metadata: ObjectMetadata) =>
    add(path, { key, metadata, context: { sessionId } });
  const receipts: Promise<void>[] = [];
  for (const { file, object } of deliverables(report))
    receipts.push((await put(file.path, object.key, metadataOf(report, object))).stored);
  await Promise.all(receipts);
  const manifest = manifestOf(report, parts, order);
  const path = join(out, 'manifest.json');
  const body = JSON.stringify(manifest, null, 1);
  await writeFile(path, body);
  const sha256 = createHash('sha256').update(body).digest('hex');
  await (await put(path, manifestKey(sessionId), { sha256, 'session-id': sessionId })).stored;
  for (const event of eventsOf(report, manifest, parts)) await tell(event);
  return manifest;
}

type ObjectMetadata = Record<string, string> & { sha256: string };

/** What an object says of itself; a fragment as a chunk does. Pure. */
export function metadataOf(
  { sessionId, timeZero }: Pick<FinaliseReport, 'sessionId' | 'timeZero'>,
  { sha256, firstSample, endSample, guildId, userId }: ManifestObject,
): ObjectMetadata {
  if (!guildId || !userId) return { sha256, 'session-id': sessionId };
  return {
    sha256,
    'session-id': sessionId,
    'guild-id': guildId,
    'user-id': userId,
    'time-zero': String(timeZero),
    'first-sample': String(firstSample),
    samples: String(endSample - firstSample),
  };
}

/** What is told of each fragment. Pure. */
export function fragmentEvents(
  report: Pick<FinaliseReport, 'sessionId' | 'timeZero' | 'fragments'>,
): Extract<NodeEventDraft, { type: 'recording.fragment.stored' }>[] {
  return fragmentDeliverables(report).flatMap(({ object }) => {
    const { key, kind, bytes, sha256, firstSample, endSample, guildId, userId } = object;
    if (kind === 'chunk' || kind === 'partial' || kind === 'master' || !guildId || !userId) return [];
    const sound = report.fragments.find((one) => one.userId === userId && one.firstSample === firstSample)?.sound;
    return [
      {
        type: 'recording.fragment.stored' as const,
        guildId,
        sessionId: report.sessionId,
        userId,
        kind,
        key,
        bytes,
        sha256,
        firstSample,
        samples: endSample - firstSample,
        loudness: sound?.loudness ?? null,
        truePeak: sound?.truePeak ?? null,
        ...(sound?.atLimit ? { atLimit: sound.atLimit } : {}),
      },
    ];
  });
}

/** What is told of a finalised recording: each fragment, then the master to each guild. Pure. */
export function eventsOf(
  report: FinaliseReport,
  manifest: Manifest,
  parts: readonly Pick<FetchedChunk, 'guildId'>[],
): NodeEventDraft[] {
  const { sessionId, fragments, master } = report;
  const events: NodeEventDraft[] = fragmentEvents(report);
  const mixed = manifest.objects.find(({ kind }) => kind === 'master');
  if (!mixed) return events;
  const samplesOf = (spans: readonly (readonly [number, number])[]): number =>
    spans.reduce((sum, [from, to]) => sum + to - from, 0);
  const users = [...new Set(fragments.map(({ userId }) => userId))];
  const tracks = users.slice(0, MOST_TRACKS).map((userId) => ({
    userId,
    lostPackets: report.lostPackets[userId] ?? 0,
    spokenSamples: report.spokenSamples[userId] ?? 0,
    missingSamples: samplesOf(report.missing.find((one) => one.userId === userId)?.spans ?? []),
  }));
  for (const guildId of new Set(parts.map((part) => part.guildId))) {
    events.push({
      type: 'recording.master.stored',
      guildId,
      sessionId,
      key: mixed.key,
      bytes: mixed.bytes,
      sha256: mixed.sha256,
      firstSample: 0,
      samples: mixed.endSample,
      loudness: master.sound.loudness,
      truePeak: master.sound.truePeak,
      participants: users.length,
      complete: manifest.complete,
      manifest: manifestKey(sessionId),
      tracks,
      outageSamples: samplesOf(report.outages),
    });
  }
  return events;
}
