/** Writes one chunk: a whole Ogg Opus file, on disk when it resolves. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { OggOpusWriter } from '../../audio/ogg-opus.ts';
import { type ChunkTags, TRACK_COMMENT } from './chunk-tags.ts';

/** Serial numbers must differ between the streams of a recording; players never compare others. */
const serialOf = (userId: string): number => Number(BigInt(userId) & 0xffff_ffffn);

/** The file of a chunk. `packets` hold 20 ms each. */
export async function writeChunk(
  path: string,
  tags: ChunkTags,
  packets: readonly Uint8Array[],
): Promise<{ bytes: number; sha256: string }> {
  const ogg = new OggOpusWriter(serialOf(tags.userId));
  const header = ogg.header({
    TITLE: `Session ${tags.sessionId}`,
    ARTIST: tags.userId,
    [TRACK_COMMENT]: JSON.stringify(tags),
  });
  const pages: Buffer[] = [header];
  for (const packet of packets) {
    const page = ogg.add(packet);
    if (page) pages.push(page);
  }
  pages.push(ogg.end());
  const body = Buffer.concat(pages);
  const file = await open(path, 'w');
  try {
    await file.writeFile(body);
    await file.datasync();
  } finally {
    await file.close();
  }
  return { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
}
