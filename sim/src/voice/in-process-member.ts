import type { Clip } from '../clips/clip.ts';
import type { VideoClip } from '../clips/video.ts';
import type { Random } from '../time/random.ts';
import type { LegLines } from './faults/leg-lines.ts';
import type { HeardPacket, LightMember, Speech, SpokenPacket } from './light-member.ts';
import { MediaClock } from './media-clock.ts';
import { MemberDave } from './member-dave.ts';
import type { DaveVersion, Participant, RoutedPacket } from './participant.ts';
import type { Room } from './room.ts';
import { buildPacket, payloadOf, readHeader } from './rtp.ts';
import { Speaker, type SpeechCalls } from './speaker.ts';
import { VideoPublisher } from './video/publisher.ts';
import { type VideoStreams, wantsNothing } from './video/streams.ts';

/** Real devices run a little fast or slow: at most this much, in parts per million. */
const ordinarySkewPpm = 30;

export interface InProcessMemberOptions {
  userId: string;
  /** Of the audio; the two after it are those of video and its retransmission. */
  ssrc: number;
  room: Room;
  maxDaveVersion: DaveVersion;
  lines: LegLines;
  /** Of the device's clock, in parts per million; random within ±30 when left out. */
  skewPpm?: number | undefined;
  /** Where phase, skew, sequence and RTP time begin comes from. Default `Math.random`. */
  random?: Random | undefined;
  /** Whether `heard` and `spoken` are kept; not for hours of voice. Default true. */
  keepsPackets?: boolean | undefined;
  onLeave(): void;
}

/** {@link LightMember} as a participant of a room, without sockets. */
export class InProcessMember implements LightMember, Participant {
  readonly userId: string;
  readonly channelId: string;
  readonly maxDaveVersion: DaveVersion;
  readonly wants = wantsNothing;
  readonly codecs = undefined;
  readonly heard: HeardPacket[] = [];
  readonly spoken: SpokenPacket[] = [];
  failures = 0;
  readonly #options: InProcessMemberOptions;
  readonly #listeners = new Set<(packet: HeardPacket) => void>();
  readonly #room: Room;
  readonly #dave: MemberDave;
  readonly #mediaClock: MediaClock;
  readonly #speaker: Speaker;
  #ssrc: number;
  #video: VideoPublisher | undefined;
  #readyWaiters: (() => void)[] = [];
  #left = false;
  readonly #random: Random;
  #sequence: number;

  constructor(options: InProcessMemberOptions) {
    const { userId, room, maxDaveVersion, random = Math.random } = options;
    const { clock } = room;
    this.#options = options;
    this.#random = random;
    this.#sequence = Math.floor(random() * 2 ** 16);
    this.userId = userId;
    this.#ssrc = options.ssrc;
    this.channelId = room.channelId;
    this.maxDaveVersion = room.delivery ? maxDaveVersion : 0;
    this.#room = room;
    this.#mediaClock = new MediaClock(clock, {
      skewPpm: options.skewPpm ?? ordinarySkewPpm * (2 * random() - 1),
      phaseMs: 20 * random(),
      firstTimestamp: Math.floor(random() * 2 ** 32),
    });
    this.#speaker = new Speaker({
      who: `member ${userId}`,
      clock,
      mediaClock: this.#mediaClock,
      announce: (speaking) => room.announce(this, speaking),
      send: (opus, timestamp) => this.#send(opus, timestamp),
    });
    this.#dave = new MemberDave(this, room, () => this.#checkReady());
  }

  /** Enters the room. */
  enter(): void {
    this.#room.join(this);
    this.#dave.begin();
    this.#checkReady();
  }

  get ssrc(): number {
    return this.#ssrc;
  }

  get video(): VideoStreams | undefined {
    return this.#video?.streams;
  }

  get voicePrivacyCode(): string | undefined {
    return this.#dave.voicePrivacyCode;
  }

  setSkew(ppm: number): void {
    this.#mediaClock.setSkew(ppm);
  }

  ready(): Promise<void> {
    if (this.#isReady()) return Promise.resolve();
    return new Promise((resolve) => this.#readyWaiters.push(resolve));
  }

  speak(clip: Clip): Speech {
    return this.#speaker.speak(clip);
  }

  /** {@link speak} with calls instead of promises. */
  say(clip: Clip, calls: SpeechCalls): void {
    this.#speaker.say(clip, calls);
  }

  feed(opus: Buffer): void {
    this.#speaker.feed(opus);
  }

  changeSsrc(ssrc: number): void {
    this.#ssrc = ssrc;
    this.#sequence = Math.floor(this.#random() * 2 ** 16);
    this.#room.announce(this, 1);
  }

  publish(clip: VideoClip): void {
    this.#video?.stop();
    this.#video = new VideoPublisher(clip, {
      clock: this.#room.clock,
      ssrc: this.#options.ssrc + 1,
      encrypt: (codec, frame) => this.#dave.encryptVideo(codec, frame),
      send: (layer, packet) => {
        const routed = { ...packet, fromUserId: this.userId, receivedAt: this.#room.clock.wall() };
        this.#options.lines.pass('fromClient', () => this.#room.forwardVideo(this, layer, routed));
      },
    });
    this.#room.announceVideo(this);
  }

  unpublish(): void {
    if (!this.#video) return;
    this.#video.stop();
    this.#video = undefined;
    this.#room.announceVideo(this);
  }

  listen(listener: (packet: HeardPacket) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  leave(): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  /** {@link leave}, at once. */
  stop(): void {
    if (!this.#left) {
      this.#left = true;
      this.#speaker.close();
      this.#video?.stop();
      this.#options.lines.close();
      this.#room.leave(this.userId, this);
      this.#dave.close();
      this.#options.onLeave();
    }
  }

  sendJson(opcode: number, data: unknown): void {
    this.#dave.onJson(opcode, data);
  }

  sendBinary(opcode: number, payload: Buffer): void {
    this.#dave.onBinary(opcode, payload);
  }

  deliver(packet: RoutedPacket): void {
    this.#options.lines.pass('toClient', () => this.#hear(packet));
  }

  #hear(packet: RoutedPacket): void {
    const payload = payloadOf(packet);
    const opus = payload && this.#dave.decrypt(packet.fromUserId, payload);
    if (opus === 'refused') this.failures += 1;
    if (opus === undefined || opus === 'refused') return;
    const { ssrc, sequence, timestamp } = readHeader(packet.header);
    const { fromUserId, receivedAt } = packet;
    // Shared with everybody who hears it; nobody writes to it.
    const heard = { fromUserId, ssrc, sequence, timestamp, receivedAt, opus };
    if (this.#options.keepsPackets !== false) this.heard.push(heard);
    for (const listener of this.#listeners) listener(heard);
  }

  #isReady(): boolean {
    return this.#dave.ready || this.#room.size === 1;
  }

  #checkReady(): void {
    if (!this.#isReady()) return;
    for (const resolve of this.#readyWaiters.splice(0)) resolve();
  }

  #send(opus: Buffer, timestamp: number): number {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const receivedAt = this.#room.clock.wall();
    const payload = this.#dave.encrypt(opus, this.#room.size > 1);
    // Not in the group yet while others listen: nothing may leave in clear. Sequence and time go on.
    if (!payload) return receivedAt;
    const paddingBytes = sequence % 3 === 0 ? 1 + (sequence % 7) : 0;
    const packet = buildPacket({ sequence, timestamp, ssrc: this.#ssrc, payload, paddingBytes });
    if (this.#options.keepsPackets !== false) this.spoken.push({ sequence, timestamp, sentAt: receivedAt, opus });
    this.#options.lines.pass('fromClient', () => {
      this.#room.forward(this, { ...packet, fromUserId: this.userId, receivedAt: this.#room.clock.wall() });
    });
    return receivedAt;
  }
}
