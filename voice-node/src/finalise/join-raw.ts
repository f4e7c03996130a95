/** Joins the chunks of one stay without encoding anew: every packet as it was received. */
import { OggOpusWriter } from '../audio/ogg-opus.ts';
import { oggPackets } from '../audio/ogg-reader.ts';
import { FRAME_SAMPLES, SILENCE_FRAME } from '../audio/packet.ts';
import { OutFile } from './out-file.ts';
import type { StoredChunk } from './tracks.ts';

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
