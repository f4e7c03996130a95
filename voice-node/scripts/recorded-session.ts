/**
 * A recording for benches, in two steps so that the second can be measured alone:
 *
 * - `journal DIRECTORY MINUTES SPEAKERS TALK`: a conversation of the simulator, in which each talks the share `TALK` of the time, as the
 *   journal that a killed node leaves. Prints what share it became.
 * - `chunks DIRECTORY`: makes the chunks of it as a node does that starts again. Prints the job for finalising.
 */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { loadClips } from '../../sim/src/clips/library.ts';
import { virtualCall } from '../../sim/src/scenario/virtual-call.ts';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../src/audio/packet.ts';
import { isSilence } from '../src/audio/toc.ts';
import { VirtualTime } from '../src/ops/virtual-time.ts';
import type { Chunk } from '../src/recording/chunks/build-chunks.ts';
import { noteRecord, packetRecord } from '../src/recording/journal/journal-record.ts';
import { JournalWriter } from '../src/recording/journal/journal-writer.ts';
import { HOLD_MS } from '../src/recording/run/recording-run.ts';
import { recover } from '../src/recording/run/recover.ts';
import { CHUNK_FRAMES, FRAME_MS, writeHeader } from '../src/recording/run/run-header.ts';

const timeZero = 1_767_225_600_000;
const sessionId = '01JXRECRDNG00000000000000A';
const guildId = '5';

async function journal(directory: string, minutes: number, speakers: number, talk: number): Promise<void> {
  const recording = join(directory, 'recordings', sessionId);
  await mkdir(recording, { recursive: true });
  await writeHeader(recording, { v: 1, sessionId, timeZero, firstFrame: 0 });
  const clips = [...(await loadClips()).values()];
  const meanMs = (clips.reduce((sum, { packets }) => sum + packets.length, 0) / clips.length) * FRAME_MS;
  const users = Array.from({ length: speakers }, (_, index) => String(10 + index));
  const time = new VirtualTime(timeZero);
  const writer = new JournalWriter({
    directory: recording,
    segment: 0,
    scheduler: time,
    onFailed: (error) => {
      throw error;
    },
  });
  for (const userId of users) {
    writer.append(noteRecord({ type: 'participant', userId, guildId }));
    writer.append(noteRecord({ type: 'stay', userId, present: true, at: timeZero }));
  }
  const durationMs = minutes * 60_000;
  const call = virtualCall({
    seed: 'bench',
    durationMs,
    startsAt: timeZero,
    speakers: users.map((userId, index) => ({
      userId,
      // A voice each; with more people than voices, each has other clips.
      clips: clips.filter((_, clip) => clip % speakers === index % clips.length || clip === (index * 5) % clips.length),
      pauseMs: (meanMs * (1 - talk)) / talk,
      faults: { delayMs: 30, jitterMs: 10 },
    })),
  });
  let [packets, spoken] = [0, 0];
  for (const packet of call) {
    time.runUntil(packet.arrivedAt);
    const ends = timeZero + (writer.segment + 1) * CHUNK_FRAMES * FRAME_MS + HOLD_MS;
    if (packet.arrivedAt >= ends) writer.rotate();
    writer.append(packetRecord(packet));
    packets += 1;
    if (!isSilence(packet.opus)) spoken += 1;
  }
  await writer.close();
  const share = (spoken * FRAME_SAMPLES) / SAMPLE_RATE / (minutes * 60) / speakers;
  process.stdout.write(`${JSON.stringify({ packets, talk: share })}\n`);
}

async function chunks(directory: string): Promise<void> {
  const into = join(directory, 'chunks');
  await mkdir(into, { recursive: true });
  const made: Chunk[] = [];
  const recovered = await recover({
    directory: join(directory, 'recordings'),
    running: new Set(),
    handOver: async (chunk) => {
      const path = join(into, `${chunk.userId}-${chunk.firstSample}.ogg`);
      await rename(chunk.path, path);
      made.push({ ...chunk, path });
      return { stored: Promise.resolve() };
    },
    onFailed: (error) => {
      throw error;
    },
    onProgress: () => undefined,
  });
  for (const { stored } of recovered) await stored;
  process.stdout.write(`${JSON.stringify({ sessionId, timeZero, chunks: made })}\n`);
}

const [command, directory = '', minutes, speakers, talk] = process.argv.slice(2);
if (command === 'journal') await journal(directory, Number(minutes), Number(speakers), Number(talk));
else if (command === 'chunks') await chunks(directory);
else throw new Error('Say journal or chunks.');
