/**
 * CPU time of recording, beside that of writing Ogg files live (a page of 200 ms for each of 8 people, as a call goes on): for each packet,
 * for each packet with the chunks made of them, and for an hour of somebody who is there and silent. Prints one line of JSON.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OggOpusWriter } from '../src/audio/ogg-opus.ts';
import { FRAME_SAMPLES, SILENCE_FRAME, type VoicePacket } from '../src/audio/packet.ts';
import { VirtualTime } from '../src/ops/virtual-time.ts';
import { buildChunks } from '../src/recording/chunks/build-chunks.ts';
import { packetRecord } from '../src/recording/journal/journal-record.ts';
import { JournalWriter } from '../src/recording/journal/journal-writer.ts';
import { CHUNK_FRAMES, FRAME_MS } from '../src/recording/run/run-header.ts';

const PEOPLE = 8;
/** People who are there and silent; one of them alone would be lost in the cost of the segment. */
const IDLE = 100;
/** Bytes of a packet at 64 kbit/s. */
const PACKET_BYTES = 160;
const CHUNKS_PER_HOUR = 12;
const timeZero = 1_767_225_600_000;
const sessionId = '01JXRECRDNG00000000000000A';
const opus = Uint8Array.from({ length: PACKET_BYTES }, (_, index) => (index === 0 ? 0xfc : (index * 73) & 0xff));

const packetOf = (person: number, frame: number): VoicePacket => ({
  userId: String(10 + person),
  ssrc: person,
  sequence: frame & 0xffff,
  timestamp: (frame * FRAME_SAMPLES) >>> 0,
  arrivedAt: timeZero + frame * FRAME_MS,
  opus,
});

/** µs of CPU time, user and system, of all threads. */
async function cpuOf(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** As the recorder does it, at its dearest: people's packets come at different times, each in a turn of the event loop and a write of its own. */
async function journal(directory: string, frames: number, people: number): Promise<void> {
  await mkdir(directory);
  const time = new VirtualTime(timeZero);
  const writer = new JournalWriter({
    directory,
    segment: 0,
    scheduler: time,
    onFailed: (error) => {
      throw error;
    },
  });
  for (let frame = 0; frame < frames; frame += 1) {
    for (let person = 0; person < people; person += 1) {
      time.runUntil(timeZero + (frame + person / people) * FRAME_MS);
      writer.append(packetRecord(packetOf(person, frame)));
    }
  }
  await writer.close();
}

async function chunks(directory: string): Promise<void> {
  const frames = { firstFrame: 0, endFrame: CHUNK_FRAMES };
  await buildChunks({ directory, segment: 0, sessionId, timeZero, ...frames, final: true });
}

/** Never forced to disk: that is not even counted. */
function liveOgg(directory: string, frames: number, people: number, packet: Uint8Array): void {
  const files = Array.from({ length: people }, (_, person) => ({
    ogg: new OggOpusWriter(person),
    file: openSync(join(directory, `live-${people}-${person}.ogg`), 'w'),
  }));
  for (const { ogg, file } of files) writeSync(file, ogg.header({}));
  for (let frame = 0; frame < frames; frame += 1) {
    for (const { ogg, file } of files) {
      const page = ogg.add(packet);
      if (page) writeSync(file, page);
    }
  }
  for (const { ogg, file } of files) {
    writeSync(file, ogg.end());
    closeSync(file);
  }
}

const directory = await mkdtemp(join(tmpdir(), 'record-cost-'));
try {
  // Cold code is not what an hour costs.
  await journal(join(directory, 'warm'), 2_000, PEOPLE);
  await chunks(join(directory, 'warm'));
  liveOgg(directory, 2_000, PEOPLE, opus);
  const packets = CHUNK_FRAMES * PEOPLE;
  const append = await cpuOf(() => journal(join(directory, 'spoken'), CHUNK_FRAMES, PEOPLE));
  const build = await cpuOf(() => chunks(join(directory, 'spoken')));
  const live = await cpuOf(() => liveOgg(directory, CHUNK_FRAMES, PEOPLE, opus));
  // Each said something once, or there would be no file of them at all.
  await journal(join(directory, 'silent'), 1, IDLE);
  const idle = await cpuOf(() => chunks(join(directory, 'silent')));
  const liveIdle = await cpuOf(() => liveOgg(directory, CHUNK_FRAMES, IDLE, SILENCE_FRAME));
  const perHour = (cpu: number): number => (cpu / IDLE / 1000) * CHUNKS_PER_HOUR;
  process.stdout.write(
    `${JSON.stringify({
      journal: append / packets,
      journalAndChunks: (append + build) / packets,
      live: live / packets,
      idle: perHour(idle),
      liveIdle: perHour(liveIdle),
    })}\n`,
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
