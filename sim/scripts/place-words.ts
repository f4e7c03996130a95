/**
 * Finds anew where the words lie in the clips that are there, and writes it into `clips.json`: `npm run clips:words -w sim`.
 * The clips themselves are not touched.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { clipsDirectory, entrySchema } from '../src/clips/library.ts';
import { readOggOpus } from '../src/clips/ogg-opus.ts';
import { decodeAll } from '../src/hearing/decode.ts';
import { placeWords } from '../src/hearing/word-places.ts';

const file = join(clipsDirectory, 'clips.json');
const entries = z.array(entrySchema.omit({ words: true })).parse(JSON.parse(await readFile(file, 'utf8')));
const placed = await Promise.all(
  entries.map(async (entry) => {
    const packets = readOggOpus(await readFile(join(clipsDirectory, `${entry.name}.opus`)));
    return { ...entry, words: placeWords(decodeAll(packets), entry.text) };
  }),
);
await writeFile(file, `${JSON.stringify(placed, null, 2)}\n`);
