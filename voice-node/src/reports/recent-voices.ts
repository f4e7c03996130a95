/**
 * The last ten seconds of everybody who talks in one session, as received, in memory and nowhere else: what a report seals.
 * Pure: instants come with the packets and the calls.
 *
 * Memory: 80 KB for ten seconds of one voice at Discord's usual 64 kbit/s, {@link VOICE_BYTES} at most whatever a sender does, and
 * {@link MAX_SEALED_VOICES} voices per session: 32 MiB in the worst case. Silence costs nothing.
 */
import { MAX_SEALED_VOICES, SEALED_MS } from '@patchbay/shared/sealed-report';
import type { VoicePacket } from '../audio/packet.ts';

/** Ten seconds at 384 kbit/s, the most that Discord offers, are 480,000 bytes. */
export const VOICE_BYTES: number = 512 * 1024;
/** Ten seconds of 20 ms are 500 packets; frames of 10 ms would be twice as many. */
const VOICE_PACKETS = 1_000;

/** A packet without its user: the bytes are a copy, so that no larger buffer is kept alive. */
export type KeptPacket = Omit<VoicePacket, 'userId'>;

/** What one person said on one leg, in order of arrival. */
export interface RecentVoice {
  legId: string;
  userId: string;
  packets: KeptPacket[];
}

class Voice {
  #packets: KeptPacket[] = [];
  /** Packets before this place are gone. */
  #head = 0;
  bytes = 0;

  get last(): number {
    return this.#packets.at(-1)?.arrivedAt ?? 0;
  }

  get packets(): KeptPacket[] {
    return this.#packets.slice(this.#head);
  }

  add(packet: KeptPacket): void {
    this.#packets.push(packet);
    this.bytes += packet.opus.length;
    while (this.bytes > VOICE_BYTES || this.#packets.length - this.#head > VOICE_PACKETS) this.#drop();
  }

  /** Forgets what arrived before an instant; `false` when nothing is left. */
  since(instant: number): boolean {
    while (this.#head < this.#packets.length && (this.#packets[this.#head]?.arrivedAt ?? 0) < instant) this.#drop();
    return this.#head < this.#packets.length;
  }

  #drop(): void {
    this.bytes -= this.#packets[this.#head]?.opus.length ?? 0;
    this.#head += 1;
    // What is gone must not be kept alive by its place in the list.
    if (this.#head < 64) return;
    this.#packets = this.#packets.slice(this.#head);
    this.#head = 0;
  }
}

export class RecentVoices {
  readonly #legs = new Map<string, Map<string, Voice>>();
  #optedOut: ReadonlySet<string> = new Set();

  /** Takes a packet; those of people who have opted out leave no trace. Never throws and never waits. */
  add(legId: string, packet: VoicePacket): void {
    if (this.#optedOut.has(packet.userId)) return;
    let voices = this.#legs.get(legId);
    if (!voices) {
      voices = new Map();
      this.#legs.set(legId, voices);
    }
    let voice = voices.get(packet.userId);
    if (!voice) {
      if (this.voices >= MAX_SEALED_VOICES) this.#forgetQuietest();
      voice = new Voice();
      voices.set(packet.userId, voice);
    }
    const { ssrc, sequence, timestamp, arrivedAt } = packet;
    voice.add({ ssrc, sequence, timestamp, arrivedAt, opus: new Uint8Array(packet.opus) });
    voice.since(arrivedAt - SEALED_MS);
  }

  /** Voices of these people are not kept; what was kept of them is forgotten at once. */
  optOut(userIds: ReadonlySet<string>): void {
    this.#optedOut = userIds;
    for (const voices of this.#legs.values()) for (const userId of userIds) voices.delete(userId);
  }

  forgetLeg(legId: string): void {
    this.#legs.delete(legId);
  }

  clear(): void {
    this.#legs.clear();
  }

  /** Forgets what is older than ten seconds; to be called now and then, since a silent room sends nothing that would do it. */
  sweep(now: number): void {
    for (const [legId, voices] of this.#legs) {
      for (const [userId, voice] of voices) if (!voice.since(now - SEALED_MS)) voices.delete(userId);
      if (voices.size === 0) this.#legs.delete(legId);
    }
  }

  /** What was said in the ten seconds before an instant. The packets may be kept; the ring goes on. */
  take(now: number): RecentVoice[] {
    this.sweep(now);
    return [...this.#legs].flatMap(([legId, voices]) =>
      [...voices].map(([userId, voice]) => ({ legId, userId, packets: voice.packets })),
    );
  }

  /** How many voices are kept. */
  get voices(): number {
    return [...this.#legs.values()].reduce((sum, voices) => sum + voices.size, 0);
  }

  /** Bytes of Opus that are kept. */
  get bytes(): number {
    const all = [...this.#legs.values()].flatMap((voices) => [...voices.values()]);
    return all.reduce((sum, voice) => sum + voice.bytes, 0);
  }

  #forgetQuietest(): void {
    const all = [...this.#legs.values()].flatMap((voices) =>
      [...voices].map(([userId, voice]) => ({ voices, userId, last: voice.last })),
    );
    const quietest = all.reduce((least, one) => (one.last < least.last ? one : least));
    quietest.voices.delete(quietest.userId);
  }
}
