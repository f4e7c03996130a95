/**
 * What a killed process loses. `record-loss.ts` kills ten recorders with a journal and ten that write Ogg files with pages of a second,
 * each at a random moment, and prints for each how much of what it had been handed is not in its files: `{"journal":[…],"ogg":[…]}`, ms of
 * each person's speech, of whom it lost most of.
 *
 * `record-loss.ts journal|ogg DIRECTORY` is such a recorder: 8 people who talk without a pause. It tells each packet on file descriptor 3
 * when it is handed over.
 */
import { spawn } from 'node:child_process';
import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OggOpusWriter } from '../src/audio/ogg-opus.ts';
import { oggPackets } from '../src/audio/ogg-reader.ts';
import { FRAME_SAMPLES } from '../src/audio/packet.ts';
import { readSegment } from '../src/recording/journal/journal-reader.ts';
import { packetRecord } from '../src/recording/journal/journal-record.ts';
import { JournalWriter, segmentPath } from '../src/recording/journal/journal-writer.ts';
import { FRAME_MS } from '../src/recording/run/run-header.ts';

type Way = 'journal' | 'ogg';
const KILLS = 10;
const PEOPLE = 8;
const PAGE_PACKETS = 50;
/** A recorder lives so long at least, and so much longer at random. ms */
const LIFE = { least: 1_500, more: 2_000 } as const;
const told = 3;

function record(way: Way, directory: string): void {
  const opus = Uint8Array.from({ length: 160 }, (_, index) => (index === 0 ? 0xfc : index));
  const take = way === 'journal' ? journalOf(directory) : oggOf(directory);
  const began = performance.now();
  let count = 0;
  setInterval(() => {
    const until = performance.now() - began;
    // Each person's packets come at their own phase of the 20 ms.
    for (; count * (FRAME_MS / PEOPLE) <= until; count += 1) {
      const person = count % PEOPLE;
      writeSync(told, Uint8Array.of(person));
      take(person, Math.floor(count / PEOPLE), opus);
    }
  }, 1);
}

type Take = (person: number, frame: number, opus: Uint8Array) => void;

function journalOf(directory: string): Take {
  const writer = new JournalWriter({
    directory,
    segment: 0,
    onFailed: (error) => {
      throw error;
    },
  });
  return (person, frame, opus) =>
    writer.append(
      packetRecord({
        userId: String(10 + person),
        ssrc: person,
        sequence: frame & 0xffff,
        timestamp: frame * FRAME_SAMPLES,
        arrivedAt: Date.now(),
        opus,
      }),
    );
}

function oggOf(directory: string): Take {
  const files = Array.from({ length: PEOPLE }, (_, person) => {
    const ogg = new OggOpusWriter(person, PAGE_PACKETS);
    const file = openSync(join(directory, `${person}.ogg`), 'w');
    writeSync(file, ogg.header({}));
    return { ogg, file };
  });
  return (person, _, opus) => {
    const one = files[person];
    const page = one?.ogg.add(opus);
    if (one && page) writeSync(one.file, page);
  };
}

/** Packets of each person that are in the files. */
async function stored(way: Way, directory: string): Promise<number[]> {
  const counts = new Array<number>(PEOPLE).fill(0);
  if (way === 'ogg') {
    for (const name of readdirSync(directory)) {
      counts[Number.parseInt(name, 10)] = [...oggPackets(join(directory, name))].length;
    }
    return counts;
  }
  for await (const records of readSegment(segmentPath(directory, 0))) {
    for (const one of records) {
      if (one.kind === 'packet') counts[one.packet.ssrc] = (counts[one.packet.ssrc] ?? 0) + 1;
    }
  }
  return counts;
}

/** ms of speech that one killed recorder lost of the person of whom it lost most. */
async function lossOf(way: Way): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'record-loss-'));
  try {
    const handedFile = join(directory, 'handed');
    const files = join(directory, 'files');
    const child = spawn('/bin/sh', ['-c', 'mkdir "$0"; exec "$@" 3>"$0/../handed"', files, ...self(way, files)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, LIFE.least + Math.random() * LIFE.more));
    child.kill('SIGKILL');
    await ended;
    const handed = new Array<number>(PEOPLE).fill(0);
    for (const person of readFileSync(handedFile)) handed[person] = (handed[person] ?? 0) + 1;
    if (handed.some((count) => count < 2)) throw new Error('A recorder was killed before it had begun.');
    const has = await stored(way, files);
    return Math.max(...handed.map((count, person) => count - (has[person] ?? 0))) * FRAME_MS;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const self = (way: Way, directory: string): string[] => [
  process.execPath,
  fileURLToPath(import.meta.url),
  way,
  directory,
];

const [way, directory] = process.argv.slice(2);
if ((way === 'journal' || way === 'ogg') && directory) record(way, directory);
else {
  const losses: Record<Way, number[]> = { journal: [], ogg: [] };
  for (let kill = 0; kill < KILLS; kill += 1) {
    losses.journal.push(await lossOf('journal'));
    losses.ogg.push(await lossOf('ogg'));
  }
  process.stdout.write(`${JSON.stringify(losses)}\n`);
}
