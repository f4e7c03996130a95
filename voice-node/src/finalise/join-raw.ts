/** Joins the chunks of one stay without encoding anew: every packet as it was received. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { OggOpusWriter } from '../audio/ogg-opus.ts';
import { oggPackets } from '../audio/ogg-reader.ts';
import { FRAME_SAMPLES, SILENCE_FRAME } from '../audio/packet.ts';
import type { StoredChunk } from './tracks.ts';

/** Writes the packets between two frames (of 20 ms from time zero). What no chunk holds is silence. */
export async function joinRaw(
  path: string,
  chunks: readonly StoredChunk[],
  {
    firstFrame,
    endFrame,
    serial,
    comments,
  }: { firstFrame: number; endFrame: number; serial: number; comments: Record<string, string> },
): Promise<void> {
  const file = createWriteStream(path);
  const closed = finished(file);
  // Awaited at the end; unhandled until then it would end the process.
  closed.catch(() => undefined);
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
    for await (const packet of oggPackets(chunk.path)) {
      if (frame >= endFrame) break;
      if (frame >= next) append(packet);
      frame += 1;
      if (file.writableNeedDrain) await once(file, 'drain');
    }
  }
  while (next < endFrame) append(SILENCE_FRAME);
  file.end(ogg.end());
  await closed;
}
