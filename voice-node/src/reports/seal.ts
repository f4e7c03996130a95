/** What a report seals, as files and their description. Pure. */
import { createHash } from 'node:crypto';
import type { SealOrder } from '@patchbay/shared/control-messages';
import { sealedReportKey, sealedVoiceKey } from '@patchbay/shared/object-keys';
import { MAX_SEALED_VOICES, SEALED_MS, type SealedReport } from '@patchbay/shared/sealed-report';
import { SAMPLE_RATE } from '../audio/packet.ts';
import { sealedVoice } from './sealed-voice.ts';
import type { Heard } from './session-ring.ts';

export interface SealedFile {
  key: string;
  body: Buffer;
  /** S3 user metadata: lower-case names, values are strings. */
  metadata: Record<string, string> & { sha256: string };
  /** Whose voice it is; absent for the description. */
  userId?: string;
}

export interface Seal {
  from: number;
  to: number;
  /** The description is the last one. */
  files: SealedFile[];
}

const digest = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

/** The files of a report; `null` when nobody was heard. One voice at a time is given back to the caller's `pause`. */
export async function sealOf(order: SealOrder, heard: Heard, pause: () => Promise<void>): Promise<Seal | null> {
  const { reportId, sessionId, guildId, userId: reporter, at } = order;
  const { spec } = heard;
  const to = heard.at;
  const from = to - SEALED_MS;
  const firstSample = Math.round(((from - spec.timeZero) * SAMPLE_RATE) / 1000);
  const samples = (SEALED_MS * SAMPLE_RATE) / 1000;
  const files: SealedFile[] = [];
  const participants: SealedReport['participants'] = [];
  for (const { legId, userId, packets: kept } of heard.voices.slice(0, MAX_SEALED_VOICES)) {
    const leg = spec.legs.findIndex((each) => each.legId === legId) + 1;
    const comments = { TITLE: `Report ${reportId}`, ARTIST: userId };
    const voice = leg > 0 ? sealedVoice(kept, { from, to }, { serial: files.length + 1, comments }) : null;
    if (!voice) continue;
    const { ogg: body, packets, lostPackets } = voice;
    const key = sealedVoiceKey(reportId, leg, userId);
    const sha256 = digest(body);
    const metadata = {
      'report-id': reportId,
      'session-id': sessionId,
      'user-id': userId,
      'time-zero': String(spec.timeZero),
      'first-sample': String(firstSample),
      samples: String(samples),
      'lost-packets': String(lostPackets),
      sha256,
    };
    files.push({ key, body, metadata, userId });
    participants.push({ userId, legId, key, bytes: body.length, sha256, packets, lostPackets });
    await pause();
  }
  if (files.length === 0) return null;
  const sealed = new Set(spec.sealable?.legs);
  const report: SealedReport = {
    v: 1,
    reportId,
    sessionId,
    reportedBy: { guildId, userId: reporter, at },
    timeZero: spec.timeZero,
    from,
    to,
    firstSample,
    samples,
    legs: spec.legs.map((leg) => ({
      legId: leg.legId,
      guildId: leg.guildId,
      channelId: leg.channelId,
      role: leg.role,
      sealed: sealed.has(leg.legId),
    })),
    participants,
  };
  const body = Buffer.from(`${JSON.stringify(report, null, 2)}\n`);
  const metadata = { 'report-id': reportId, 'session-id': sessionId, sha256: digest(body) };
  files.push({ key: sealedReportKey(reportId), body, metadata });
  return { from, to, files };
}
