/**
 * What memory it takes to make the chunks of five minutes in which very many people talk.
 *
 * - `journal DIRECTORY PEOPLE TALK`: the journal that a killed node leaves: each talks the share `TALK` of the time, in spurts of two seconds.
 * - `recover DIRECTORY`: makes the chunks as a node that starts again. Prints what the process held at most, before and meanwhile.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SILENCE_FRAME } from '../src/audio/packet.ts';
import { VirtualTime } from '../src/ops/virtual-time.ts';
import { noteRecord, packetRecord } from '../src/recording/journal/journal-record.ts';
import { JournalWriter } from '../src/recording/journal/journal-writer.ts';
import { recover } from '../src/recording/run/recover.ts';
import { CHUNK_FRAMES, FRAME_MS, writeHeader } from '../src/recording/run/run-header.ts';

const timeZero = 1_767_225_600_000;
const sessionId = '01JXRECRDNG00000000000000A';
const SPURT_FRAMES = 100;
/** Bytes of 20 ms at 64 kbit/s. */
const OPUS_BYTES = 160;

async function journal(directory: string, people: number, talk: number): Promise<void> {
  const recording = join(directory, 'recordings', sessionId);
  await mkdir(recording, { recursive: true });
  await writeHeader(recording, { v: 1, sessionId, timeZero, firstFrame: 0 });
  const time = new VirtualTime(timeZero);
  const onFailed = (error: Error): never => {
    throw error;
  };
  const writer = new JournalWriter({ directory: recording, segment: 0, scheduler: time, onFailed });
  const users = Array.from({ length: people }, (_, index) => String(1_000 + index));
  for (const userId of users) writer.append(noteRecord({ type: 'participant', userId, guildId: '5' }));
  const opus = Buffer.alloc(OPUS_BYTES, 0x55);
  opus[0] = 0xfc;
  const period = Math.round(SPURT_FRAMES / talk);
  for (let frame = 0; frame < CHUNK_FRAMES; frame += 1) {
    for (const [index, userId] of users.entries()) {
      const phase = (frame + index * 37) % period;
      if (phase >= SPURT_FRAMES) continue;
      const arrivedAt = timeZero + frame * FRAME_MS + (index % 20);
      const sequence = (Math.floor((frame + index * 37) / period) * SPURT_FRAMES + phase) & 0xffff;
      const packet = { userId, ssrc: index + 1, sequence, timestamp: frame * 960, arrivedAt };
      writer.append(packetRecord({ ...packet, opus: phase >= SPURT_FRAMES - 5 ? SILENCE_FRAME : opus }));
    }
    time.runUntil(timeZero + (frame + 1) * FRAME_MS);
  }
  await writer.close();
}

async function chunks(directory: string): Promise<void> {
  const heldMegabytes = (): number => process.resourceUsage().maxRSS / 1024;
  const before = heldMegabytes();
  let made = 0;
  const recovered = await recover({
    directory: join(directory, 'recordings'),
    running: new Set(),
    handOver: async (chunk) => {
      made += 1;
      await rm(chunk.path);
      return { stored: Promise.resolve() };
    },
    onFailed: (error) => {
      throw error;
    },
    onProgress: () => undefined,
  });
  for (const { stored } of recovered) await stored;
  process.stdout.write(`${JSON.stringify({ chunks: made, before, peak: heldMegabytes() })}\n`);
}

const [command, directory = '', people, talk] = process.argv.slice(2);
if (command === 'journal') await journal(directory, Number(people), Number(talk));
else if (command === 'recover') await chunks(directory);
else throw new Error('Say journal or recover.');
