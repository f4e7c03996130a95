/** Legs, voices and ears for the tests of the bridge: no Discord, virtual time. */
import { libopus } from '../audio/opus-codec.ts';
import type { LegPort, OutgoingPacket, PacketListener, VoicePacket } from '../audio/packet.ts';
import { SILENCE_FRAME } from '../audio/packet.ts';
import type { VirtualTime } from '../ops/virtual-time.ts';

export interface SentPacket extends OutgoingPacket {
  at: number;
}

/** A leg that keeps what is sent to it and says what it is told to say. */
export class TestLeg implements LegPort {
  readonly legId: string;
  readonly guildId = '1';
  readonly channelId = '2';
  readonly sent: SentPacket[] = [];
  stops = 0;
  readonly #time: VirtualTime;
  readonly #listeners = new Set<PacketListener>();

  constructor(legId: string, time: VirtualTime) {
    this.legId = legId;
    this.#time = time;
  }

  onPacket(listener: PacketListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(packet: OutgoingPacket): void {
    this.sent.push({ ...packet, at: this.#time.now() });
  }

  stopSpeaking(): void {
    this.stops += 1;
  }

  receive(packet: VoicePacket): void {
    for (const listener of this.#listeners) listener(packet);
  }
}

/** 20 ms frames of a sine, stereo, encoded; a new encoder each time, as another speaker would have. */
export function toneFrames(frequency: number, count: number, amplitude = 8000): Uint8Array[] {
  const encoder = libopus.createEncoder();
  return Array.from({ length: count }, (_, frame) => {
    const pcm = new Int16Array(1920);
    for (let index = 0; index < 960; index += 1) {
      const value = Math.round(amplitude * Math.sin((2 * Math.PI * frequency * (frame * 960 + index)) / 48_000));
      pcm[index * 2] = value;
      pcm[index * 2 + 1] = value;
    }
    return encoder.encode(pcm);
  });
}

export interface Speech {
  leg: TestLeg;
  userId: string;
  frames: Uint8Array[];
  /** Instant of the first packet, ms. */
  at: number;
  sequence?: number;
  timestamp?: number;
  /** Frames that never arrive, by index. */
  lost?: number[];
  /** How late each packet comes, ms. */
  delay?: (index: number) => number;
  /** End with five silence frames, as clients do. */
  silence?: boolean;
}

/** Plays speeches in virtual time, each packet on its 20 ms, and lets the bridge's timers run between. */
export function play(time: VirtualTime, speeches: Speech[], until: number): void {
  const packets = speeches.flatMap((speech) => {
    const { leg, userId, at, sequence = 100, timestamp = 48_000, lost = [], silence = true, delay = () => 0 } = speech;
    const frames = silence ? [...speech.frames, ...Array<Uint8Array>(5).fill(SILENCE_FRAME)] : speech.frames;
    return frames
      .map((opus, index) => ({
        leg,
        index,
        packet: {
          userId,
          ssrc: Number(userId),
          sequence: (sequence + index) & 0xffff,
          timestamp: (timestamp + index * 960) >>> 0,
          arrivedAt: at + index * 20 + delay(index),
          opus,
        },
      }))
      .filter(({ index }) => !lost.includes(index));
  });
  packets.sort((left, right) => left.packet.arrivedAt - right.packet.arrivedAt);
  for (const { leg, packet } of packets) {
    time.runUntil(packet.arrivedAt);
    leg.receive(packet);
  }
  time.runUntil(until);
}

/** Decodes what was sent onto a timeline of RTP time; gaps are silence. One channel, −1…1. */
export function decodeTimeline(sent: readonly OutgoingPacket[]): Float32Array {
  const decoder = libopus.createDecoder();
  const start = sent[0]?.timestamp ?? 0;
  const last = sent.at(-1)?.timestamp ?? 0;
  const timeline = new Float32Array(((last - start) >>> 0) + 960);
  for (const { opus, timestamp } of sent) {
    const pcm = decoder.decode(opus);
    const offset = (timestamp - start) >>> 0;
    for (let index = 0; index < 960; index += 1) timeline[offset + index] = (pcm[index * 2] ?? 0) / 32_768;
  }
  return timeline;
}

/** Amplitude of a frequency in a piece of a timeline. */
export function amplitudeAt(samples: Float32Array, frequency: number): number {
  let cosine = 0;
  let sine = 0;
  for (const [index, sample] of samples.entries()) {
    cosine += sample * Math.cos((2 * Math.PI * frequency * index) / 48_000);
    sine += sample * Math.sin((2 * Math.PI * frequency * index) / 48_000);
  }
  return (2 * Math.hypot(cosine, sine)) / samples.length;
}
