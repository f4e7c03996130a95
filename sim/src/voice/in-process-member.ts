import { randomInt } from 'node:crypto';
import type { Clip } from '../clips/clip.ts';
import type { SpeechLine } from '../members/live-speech.ts';
import { DaveClient } from './dave-client.ts';
import type { HeardPacket, LightMember, Speech, SpokenPacket } from './light-member.ts';
import { Opcode } from './opcodes.ts';
import { type Participant, type RoutedPacket, wallClock } from './participant.ts';
import type { Room } from './room.ts';
import { buildPacket, payloadOf, readHeader, samplesPerPacket, silenceFrame } from './rtp.ts';

const packetMs = 20;
/** Op 5 leads the first packet by at least this much, in ms: it travels by another socket and must not lose the race. */
const announceLeadMs = 20;
const closingSilence = Array<Buffer>(5).fill(silenceFrame);

/** {@link LightMember} as a participant of a room, without sockets. */
export class InProcessMember implements LightMember, Participant {
  readonly userId: string;
  readonly channelId: string;
  readonly ssrc: number;
  readonly heard: HeardPacket[] = [];
  readonly spoken: SpokenPacket[] = [];
  failures = 0;
  readonly line: SpeechLine = {
    announce: (speaking) => {
      if (!this.#left) this.#room.announce(this, speaking);
    },
    send: (opus, atMs) => {
      if (!this.#left) this.#send(opus, this.#timestampAt(atMs));
    },
  };
  readonly #listeners = new Set<(packet: HeardPacket) => void>();
  readonly #room: Room;
  readonly #dave: DaveClient | undefined;
  readonly #onLeave: () => void;
  readonly #recognised: Set<string>;
  #readyWaiters: (() => void)[] = [];
  #inbox: (() => void)[] = [];
  #left = false;
  #speech: Promise<void> = Promise.resolve();
  #sequence = randomInt(0x10000);
  /** RTP time of the instant `#originMs` on the monotonic clock. */
  readonly #originTimestamp = randomInt(2 ** 32);
  readonly #originMs = performance.now();

  constructor(userId: string, ssrc: number, room: Room, onLeave: () => void) {
    this.userId = userId;
    this.ssrc = ssrc;
    this.channelId = room.channelId;
    this.#room = room;
    this.#onLeave = onLeave;
    this.#recognised = new Set([userId]);
    const { delivery } = room;
    if (!delivery) return;
    this.#dave = new DaveClient(userId, room.channelId, {
      keyPackage: (payload) => delivery.takeKeyPackage(userId, payload),
      commitWelcome: (payload) => delivery.takeCommit(userId, payload),
      transitionReady: (transitionId) => delivery.confirm(userId, transitionId),
      invalid: () => delivery.invalidate(userId),
      changed: () => this.#checkReady(),
    });
  }

  /** Enters the room. */
  enter(): void {
    this.#room.join(this);
    this.#dave?.sendKeyPackage();
    this.#checkReady();
  }

  get voicePrivacyCode(): string | undefined {
    return this.#dave?.voicePrivacyCode;
  }

  ready(): Promise<void> {
    if (this.#isReady()) return Promise.resolve();
    return new Promise((resolve) => this.#readyWaiters.push(resolve));
  }

  speak(clip: Clip): Speech {
    const started = Promise.withResolvers<{ startedAt: number; firstTimestamp: number }>();
    // Callers who only start a clip do not look at this promise; its error is that of `finished`.
    started.promise.catch(() => undefined);
    const finished = this.#speech.then(() => this.#speakNow(clip, started));
    // The next clip waits for this one; who awaits `finished` or `started` gets the error.
    this.#speech = finished.catch((error: unknown) => started.reject(error));
    return { started: started.promise, finished };
  }

  listen(listener: (packet: HeardPacket) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  leave(): Promise<void> {
    if (!this.#left) {
      this.#left = true;
      this.#room.leave(this.userId);
      this.#onLeave();
    }
    return Promise.resolve();
  }

  sendJson(opcode: number, data: unknown): void {
    this.#later(() => {
      const { user_ids, user_id, epoch } = data as { user_ids?: string[]; user_id?: string; epoch?: number };
      if (opcode === Opcode.ClientsConnect) for (const id of user_ids ?? []) this.#recognised.add(id);
      if (opcode === Opcode.ClientDisconnect && user_id) {
        this.#recognised.delete(user_id);
        this.#checkReady();
      }
      if (opcode === Opcode.DavePrepareEpoch && epoch === 1) this.#dave?.restart();
    });
  }

  sendBinary(opcode: number, payload: Buffer): void {
    this.#later(() => this.#dave?.onBinary(opcode, payload, [...this.#recognised]));
  }

  deliver(packet: RoutedPacket): void {
    const payload = payloadOf(packet);
    // Frames from before this member was in the group are not for them.
    if (!payload || (this.#dave && !this.#dave.ready)) return;
    let opus: Buffer;
    try {
      opus = this.#dave ? this.#dave.decrypt(packet.fromUserId, payload) : payload;
    } catch {
      this.failures++;
      return;
    }
    const { ssrc, sequence, timestamp } = readHeader(packet.header);
    const { fromUserId, receivedAt } = packet;
    const heard = { fromUserId, ssrc, sequence, timestamp, receivedAt, opus: Buffer.from(opus) };
    this.heard.push(heard);
    for (const listener of this.#listeners) listener(heard);
  }

  /** Messages are worked on in order, outside the call that sent them, as over a socket. */
  #later(work: () => void): void {
    this.#inbox.push(work);
    if (this.#inbox.length === 1) setImmediate(() => this.#drain());
  }

  #drain(): void {
    const work = this.#inbox[0];
    if (!work) return;
    try {
      if (!this.#left) work();
    } finally {
      this.#inbox.shift();
      if (this.#inbox.length > 0) setImmediate(() => this.#drain());
    }
  }

  #isReady(): boolean {
    return !this.#dave || this.#dave.ready || this.#room.size === 1;
  }

  #checkReady(): void {
    if (!this.#isReady()) return;
    for (const resolve of this.#readyWaiters.splice(0)) resolve();
  }

  async #speakNow(
    clip: Clip,
    started: PromiseWithResolvers<{ startedAt: number; firstTimestamp: number }>,
  ): Promise<void> {
    if (this.#left) throw new Error(`member ${this.userId} has left and cannot speak`);
    this.#room.announce(this, 1);
    const packets = [...clip.packets.map((packet) => Buffer.from(packet)), ...closingSilence];
    // A random phase: real speakers are not aligned to each other's packets.
    const firstMs = performance.now() + announceLeadMs + Math.random() * packetMs;
    const firstTimestamp = this.#timestampAt(firstMs);
    for (const [index, opus] of packets.entries()) {
      await until(firstMs + index * packetMs);
      if (this.#left) throw new Error(`member ${this.userId} left while speaking`);
      const sentAt = this.#send(opus, (firstTimestamp + index * samplesPerPacket) >>> 0);
      if (index === 0) started.resolve({ startedAt: sentAt, firstTimestamp });
    }
    this.#room.announce(this, 0);
  }

  #timestampAt(instantMs: number): number {
    return (this.#originTimestamp + Math.round((instantMs - this.#originMs) * 48)) >>> 0;
  }

  #send(opus: Buffer, timestamp: number): number {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const receivedAt = wallClock();
    // Not in the group yet while others listen: nothing may leave in clear. Sequence and time go on.
    if (this.#dave && !this.#dave.ready && this.#room.size > 1) return receivedAt;
    const payload = this.#dave?.ready ? this.#dave.encrypt(opus) : opus;
    const paddingBytes = sequence % 3 === 0 ? 1 + (sequence % 7) : 0;
    const packet = buildPacket({ sequence, timestamp, ssrc: this.ssrc, payload, paddingBytes });
    this.#room.forward(this, { ...packet, fromUserId: this.userId, receivedAt });
    this.spoken.push({ sequence, timestamp, sentAt: receivedAt, opus });
    return receivedAt;
  }
}

/** Resolves at an instant of the monotonic clock, at once when it has passed. */
function until(instantMs: number): Promise<void> {
  const wait = instantMs - performance.now();
  return wait <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, wait));
}
