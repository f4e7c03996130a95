/** Recordings whose truth is known to the sample, for tests: people who click at given instants. */
import { mkdir, mkdtemp, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libopus } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES, SILENCE_FRAME, type VoicePacket } from '../audio/packet.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import type { Chunk } from '../recording/chunks/build-chunks.ts';
import { RecordingRun } from '../recording/run/recording-run.ts';

export const timeZero = 1_767_225_600_000;
export const sessionId = '01JXRECRDNG00000000000000A';

/** A click is a burst of this length whose middle lies at its instant. Samples. */
const CLICK_SAMPLES = 288;
/** Noise below it, so that the codec has something to hold on to. */
const FLOOR = 60;

export interface Clicker {
  userId: string;
  /** Pitch of the clicks, Hz: tells people apart in a mix. */
  frequency: number;
  level: number;
  /** Where the packets lie on the person's grid of 20 ms: 0…20 ms. */
  phaseMs: number;
  /** How much faster the person's clock runs. */
  skewPpm: number;
  /** Greatest delay of a packet on the way, ms; each has another. */
  jitterMs: number;
  /** Part of the packets that is lost. */
  loss: number;
  /** From this instant on (ms from time zero) the person has another SSRC, after they came again. */
  rejoinsAt?: number;
}

/** Deterministic numbers in 0…1. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What a person's device sends for clicks at instants (ms from time zero): a second of sound around each. */
export function clickPackets(who: Clicker, instants: readonly number[], seed: number): VoicePacket[] {
  const random = dice(seed);
  const encoder = libopus.createEncoder();
  const packets: VoicePacket[] = [];
  const rate = 1 + who.skewPpm / 1e6;
  let sequence = Math.floor(random() * 65_536);
  for (const instant of instants) {
    const frames = 50;
    // The first packet of the spurt on the person's own grid, half a second before the click; device time, in samples.
    const deviceInstant = instant * rate * 48;
    const grid = who.phaseMs * 48;
    const start = Math.floor((deviceInstant - 24_000 - grid) / FRAME_SAMPLES) * FRAME_SAMPLES + grid;
    encoder.reset();
    const ssrc =
      who.rejoinsAt !== undefined && instant >= who.rejoinsAt ? 900 + Number(who.userId) : Number(who.userId);
    const base = ssrc * 1_000_003;
    for (let frame = 0; frame < frames + 5; frame += 1) {
      const first = start + frame * FRAME_SAMPLES;
      const pcm = new Int16Array(2 * FRAME_SAMPLES);
      for (let index = 0; index < FRAME_SAMPLES; index += 1) {
        const fromMiddle = first + index - deviceInstant;
        const noise = (random() - 0.5) * FLOOR;
        const within = Math.abs(fromMiddle) < CLICK_SAMPLES / 2;
        const window = within ? 0.5 + 0.5 * Math.cos((2 * Math.PI * fromMiddle) / CLICK_SAMPLES) : 0;
        const value = who.level * window * Math.sin((2 * Math.PI * who.frequency * fromMiddle) / 48_000) + noise;
        pcm[2 * index] = value;
        pcm[2 * index + 1] = value;
      }
      const opus = frame < frames ? encoder.encode(pcm) : SILENCE_FRAME;
      // Sent when the whole packet was recorded would only add the same to everybody: left out.
      const sentAt = timeZero + first / rate / 48;
      const nearClick = Math.abs(first + FRAME_SAMPLES / 2 - deviceInstant) < 2 * FRAME_SAMPLES;
      sequence = (sequence + 1) & 0xffff;
      if (!nearClick && random() < who.loss) continue;
      packets.push({
        userId: who.userId,
        ssrc,
        sequence,
        timestamp: (base + Math.round(first)) >>> 0,
        arrivedAt: sentAt + random() * who.jitterMs,
        opus,
      });
    }
  }
  return packets;
}

/** Records packets on virtual time and gives the chunks, in a folder of their own. */
export async function record(
  packets: readonly VoicePacket[],
  endAt: number,
  stays: readonly { userId: string; at: number; present: boolean }[] = [],
): Promise<{ directory: string; chunks: Chunk[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'finalise-'));
  await mkdir(join(directory, 'out'));
  const time = new VirtualTime(timeZero);
  const chunks: Chunk[] = [];
  const run = await RecordingRun.open({
    sessionId,
    timeZero,
    startedAt: timeZero,
    directory: join(directory, 'run'),
    handOver: async (chunk) => {
      const path = join(directory, `${chunk.userId}-${chunk.firstSample}.ogg`);
      await rename(chunk.path, path);
      chunks.push({ ...chunk, path });
      return { stored: Promise.resolve() };
    },
    scheduler: time,
  });
  const happenings = [
    ...packets.map((packet) => ({ at: packet.arrivedAt, run: () => run.packet(packet, '5') })),
    ...stays.map(({ userId, at, present }) => ({
      at: timeZero + at,
      run: () => run.stay(userId, '5', present, timeZero + at),
    })),
  ].sort((left, right) => left.at - right.at);
  for (const { at, run: happen } of happenings) {
    time.runUntil(at);
    happen();
  }
  await run.finish(timeZero + endAt);
  return { directory, chunks };
}

/** Where in mono PCM a click of a pitch lies, in samples; looked for around a place. */
export function findClick(pcm: Float32Array, frequency: number, around: number, reach = 1_440): number {
  const half = CLICK_SAMPLES / 2;
  let best = 0;
  let found = around;
  for (let at = Math.round(around - reach); at <= around + reach; at += 4) {
    let re = 0;
    let im = 0;
    for (let offset = -half; offset < half; offset += 1) {
      const value = (pcm[at + offset] ?? 0) * (0.5 + 0.5 * Math.cos((2 * Math.PI * offset) / CLICK_SAMPLES));
      re += value * Math.cos((2 * Math.PI * frequency * offset) / 48_000);
      im += value * Math.sin((2 * Math.PI * frequency * offset) / 48_000);
    }
    const strength = re * re + im * im;
    if (strength > best) [best, found] = [strength, at];
  }
  if (best === 0) throw new Error(`There is silence around sample ${around}: no click to be found.`);
  return found;
}

/** Mono PCM of an Ogg Opus file as a player gives it. */
export function playOgg(packets: readonly Uint8Array[], preSkip: number): Float32Array {
  const decoder = libopus.createDecoder();
  const mono = new Float32Array(packets.length * FRAME_SAMPLES);
  for (const [frame, packet] of packets.entries()) {
    const pcm = decoder.decode(packet);
    for (let index = 0; index < FRAME_SAMPLES; index += 1)
      mono[frame * FRAME_SAMPLES + index] = (pcm[2 * index] ?? 0) / 32_768;
  }
  return mono.subarray(preSkip);
}
