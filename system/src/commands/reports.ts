/** What a report leaves behind, looked at from outside: by the links of a reader, in the bucket, on the node's disk. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { type SealedReport, sealedReportSchema } from '@patchbay/shared/sealed-report';
import type { SimControl } from '@patchbay/sim/control-client';
import { delayOf } from '../hearing/levels.ts';
import { readOggOpus } from '../hearing/ogg.ts';
import { decodePackets } from '../hearing/timeline.ts';
import { type ClipVerdict, judge } from '../hearing/verdict.ts';
import type { Spoken } from '../scenario/play.ts';
import type { Stack } from '../stack/stack.ts';

/** The server of those who run the bot, with the one reader of reports. */
export interface Office {
  guildId: string;
  textChannelId: string;
  readerId: string;
}

export async function openOffice(sim: SimControl, botUserId: string): Promise<Office> {
  const { guildId } = await sim.createGuild({ name: 'Head Office' });
  const { channelId: textChannelId } = await sim.createTextChannel(guildId, { name: 'reports' });
  const { userId: readerId } = await sim.createMember(guildId, { name: 'Reader' });
  await sim.addBot(guildId, botUserId);
  return { guildId, textChannelId, readerId };
}

/** Everything of reports that is in the bucket, and every voice that lies on the node's disk. */
export async function traces({ s3, directory }: Stack): Promise<{ bucket: string[]; disk: string[] }> {
  const credentials = { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey };
  const client = new S3Client({ endpoint: s3.endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  const listing = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: 'reports/' }));
  client.destroy();
  const disk: string[] = [];
  for (const folder of ['reports', 'uploads', 'recordings']) {
    const path = join(directory, 'node-1', folder);
    const names = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
    // How a report came out stays for a day, so that it is not sealed twice.
    disk.push(...names.filter((entry) => entry.isFile() && entry.name !== 'outcome.json').map(({ name }) => name));
  }
  return { bucket: (listing.Contents ?? []).map(({ Key = '' }) => Key), disk };
}

export interface SealedVoice {
  userId: string;
  seconds: number;
  /** The own voice first, then the others, which must not be in it. */
  verdicts: ClipVerdict[];
  /** How far the voice lies from when it was spoken. */
  offMs: number;
}

/** Follows the links of a reader's answer, and listens to what they open. */
export async function sealedReports(
  rows: readonly unknown[],
  said: readonly Spoken[],
): Promise<{ description: SealedReport; voices: SealedVoice[] }> {
  const files = new Map<string, Buffer>();
  for (const { components } of rows as { components: { url: string; label: string }[] }[]) {
    for (const { url, label } of components) {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${label} cannot be read: ${response.status}`);
      files.set(label, Buffer.from(await response.arrayBuffer()));
    }
  }
  const description = sealedReportSchema.parse(JSON.parse(String(files.get('report.json'))));
  const voices = description.participants.map(({ userId, key }): SealedVoice => {
    const samples = decodePackets(readOggOpus(files.get(basename(key)) ?? Buffer.alloc(0)));
    const timeline = { startAt: description.from, samples };
    const own = said.filter((clip) => clip.userId === userId);
    const others = said.filter((clip) => clip.userId !== userId);
    const offMs = Math.max(...own.map((clip) => Math.abs(delayOf(timeline, clip)) / 48));
    return { userId, seconds: samples.length / 48_000, verdicts: judge(timeline, own, others), offMs };
  });
  return { description, voices };
}
