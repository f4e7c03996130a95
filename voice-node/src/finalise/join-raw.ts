/**
 * Joins the chunks of one stay without encoding anew: every packet as it was received. The file tells of itself what chunks do, so that
 * a recording can be made again when its chunks are deleted.
 */
import { OggOpusWriter } from '../audio/ogg-opus.ts';
import { oggPackets } from '../audio/ogg-reader.ts';
import { FRAME_SAMPLES, SILENCE_FRAME } from '../audio/packet.ts';
import type { ChunkTags } from '../recording/chunks/chunk-tags.ts';
import { OutFile } from './out-file.ts';
import type { Span, StoredChunk, Track } from './tracks.ts';

/** What the joined file of a stay tells of itself. Pure. */
export function rawTags(track: Track, stay: Span, outages: readonly Span[], frames: Span): ChunkTags | undefined {
  const [firstFrame, endFrame] = frames;
  const first = track.chunks[0];
  if (!first) return undefined;
  const shifts: ChunkTags['shifts'] = [];
  let lostPackets = 0;
  let next = 0;
  for (const chunk of track.chunks) {
    const base = chunk.firstSample / FRAME_SAMPLES - firstFrame;
    const end = Math.min(endFrame - firstFrame, base + chunk.samples / FRAME_SAMPLES);
    if (end <= next || base >= endFrame - firstFrame) continue;
    // A chunk that two stays share counts for the first of them.
    const shared = track.stays.some(([from, to]) => from < stay[0] && to > chunk.firstSample);
    if (!shared) lostPackets += chunk.lostPackets;
    for (const [index, shift] of chunk.shifts) {
      const at = Math.max(next, base + index);
      if (at >= end) break;
      if (shifts.at(-1)?.[0] === at) shifts.pop();
      shifts.push([at, shift]);
    }
    next = end;
  }
  const { v, sessionId, guildId, userId, timeZero } = first;
  return {
    v,
    sessionId,
    guildId,
    userId,
    timeZero,
    firstSample: firstFrame * FRAME_SAMPLES,
    samples: (endFrame - firstFrame) * FRAME_SAMPLES,
    lostPackets,
    shifts,
    stays: [stay],
    outages: [...outages],
  };
}

/** Writes the packets between two frames (of 20 ms from time zero). What no chunk holds is silence. Gives length and SHA-256. */
export function joinRaw(
  path: string,
  chunks: readonly StoredChunk[],
  {
    firstFrame,
    endFrame,
    serial,
    comments,
  }: { firstFrame: number; endFrame: number; serial: number; comments: Record<string, string> },
): { bytes: number; sha256: string } {
  const file = new OutFile(path);
  const ogg = new OggOpusWriter(serial);
  file.write(ogg.header(comments));
  let next = firstFrame;
  const append = (packet: Uint8Array): void => {
    next += 1;
    const page = ogg.add(packet);
    if (page) file.write(page);
  };
  for (const chunk of chunks) {
    let frame = chunk.firstSample / FRAME_SAMPLES;
    if (frame >= endFrame || frame + chunk.samples / FRAME_SAMPLES <= next) continue;
    while (next < frame) append(SILENCE_FRAME);
    for (const packet of oggPackets(chunk.path)) {
      if (frame >= endFrame) break;
      if (frame >= next) append(packet);
      frame += 1;
    }
  }
  while (next < endFrame) append(SILENCE_FRAME);
  file.write(ogg.end());
  return file.end();
}
