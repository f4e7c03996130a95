/** Looks into the bucket: one file per participant, every utterance in its place. */
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { delayOf } from '../hearing/levels.ts';
import { readOggOpus } from '../hearing/ogg.ts';
import { decodePackets } from '../hearing/timeline.ts';
import type { S3Access } from '../stack/stack.ts';
import type { Spoken } from './play.ts';

/** An utterance in a recording may lie so far from when it was spoken. ms. */
export const PLACEMENT_LIMIT_MS = 20;

export interface TrackVerdict {
  userId: string;
  key: string;
  seconds: number;
  utterances: { label: string; offMs: number; ok: boolean }[];
}

/** All tracks of a session, each utterance with how far it is off. */
export async function judgeRecordings(
  s3: S3Access,
  sessionId: string,
  spoken: readonly Spoken[],
): Promise<TrackVerdict[]> {
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
  });
  try {
    const listing = await client.send(
      new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: `recordings/${sessionId}/chunks/` }),
    );
    const tracks: TrackVerdict[] = [];
    for (const { Key: key = '' } of listing.Contents ?? []) {
      const object = await client.send(new GetObjectCommand({ Bucket: s3.bucket, Key: key }));
      const userId = object.Metadata?.['user-id'] ?? '';
      const timeZero = Number(object.Metadata?.['time-zero']);
      const firstSample = Number(object.Metadata?.['first-sample']);
      const bytes = await object.Body?.transformToByteArray();
      const samples = decodePackets(readOggOpus(Buffer.from(bytes ?? [])));
      const timeline = { startAt: timeZero + firstSample / 48, samples };
      const utterances = spoken
        .filter((clip) => clip.userId === userId)
        .map((clip) => {
          const offMs = delayOf(timeline, clip) / 48;
          return { label: clip.label, offMs, ok: Math.abs(offMs) <= PLACEMENT_LIMIT_MS };
        });
      tracks.push({ userId, key, seconds: samples.length / 48_000, utterances });
    }
    return tracks;
  } finally {
    client.destroy();
  }
}
