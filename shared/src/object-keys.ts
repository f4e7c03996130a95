/** Names of the objects of recordings and reports in the bucket. `at` is in milliseconds since the epoch. */

/** One track as received: raw Opus in Ogg, silence and loss written as packets. */
export function chunkKey(sessionId: string, userId: string, at: number): string {
  return `recordings/${sessionId}/chunks/${userId}-${Math.round(at)}.ogg`;
}

/** One join-to-leave of one participant, joined and loudness-normalised. */
export function fragmentKey(sessionId: string, userId: string, at: number, format: 'ogg' | 'mp3' = 'ogg'): string {
  return `recordings/${sessionId}/full/FULL-${userId}-${Math.round(at)}.${format}`;
}

/** One join-to-leave of one participant, joined as it was received. */
export function rawFragmentKey(sessionId: string, userId: string, at: number): string {
  return `recordings/${sessionId}/full/RAW-${userId}-${Math.round(at)}.ogg`;
}

/** The mix of all tracks. */
export function masterKey(sessionId: string): string {
  return `recordings/${sessionId}/master/MASTER-${sessionId}.mp3`;
}

/** Everything of one recording. */
export function recordingPrefix(sessionId: string): string {
  return `recordings/${sessionId}/`;
}

/** Where all chunks of a recording are. */
export function chunkPrefix(sessionId: string): string {
  return `recordings/${sessionId}/chunks/`;
}

/** Every object of the recording with its SHA-256, length, first and last sample, and loss. */
export function manifestKey(sessionId: string): string {
  return `recordings/${sessionId}/manifest-${sessionId}.json`;
}

/** What was captured of a running recording since its last chunk; replaced by the chunk. `at` is its first sample. */
export function partialChunkKey(sessionId: string, userId: string, at: number): string {
  return `recordings/${sessionId}/partial/${userId}-${Math.round(at)}.ogg`;
}

/** Where what was flushed of a running recording is. */
export function partialPrefix(sessionId: string): string {
  return `recordings/${sessionId}/partial/`;
}

/** What was said, by whom and when. */
export function transcriptKey(sessionId: string, format: 'txt' | 'vtt' | 'srt' | 'json'): string {
  return `recordings/${sessionId}/transcript-${sessionId}.${format}`;
}

/** Everything of one report; the retention deletes what is below it. */
export function reportPrefix(reportId: string): string {
  return `reports/${reportId}/`;
}

/** What was sealed: a `SealedReport` in JSON. */
export function sealedReportKey(reportId: string): string {
  return `${reportPrefix(reportId)}report.json`;
}

/** The ten seconds of one participant: raw Opus in Ogg. `leg`: number of the leg in the report, from 1. */
export function sealedVoiceKey(reportId: string, leg: number, userId: string): string {
  return `${reportPrefix(reportId)}${leg}-${userId}.ogg`;
}

/**
 * Metadata that each chunk carries, so that a recording can be rebuilt from the bucket alone (S3 user metadata: lower-case
 * names without the `x-amz-meta-` prefix, values are strings).
 */
export interface ChunkMetadata {
  'session-id': string;
  'user-id': string;
  /** The server whose side it is: who may rebuild a recording that nobody knows any more. */
  'guild-id': string;
  /** Milliseconds since the epoch. */
  'time-zero': string;
  /** Position of the file's first sample, in samples at 48 kHz from time zero. */
  'first-sample': string;
  /** Length of the file in samples at 48 kHz. */
  samples: string;
  /** Packets that the sequence numbers say were lost on the way to the node. */
  'lost-packets': string;
  sha256: string;
}
