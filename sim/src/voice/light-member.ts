import type { Clip } from '../clips/clip.ts';
import type { VideoClip } from '../clips/video.ts';

/** One packet that a light member heard, decrypted. */
export interface HeardPacket {
  /** Who spoke; undefined while the SSRC has not been announced. */
  fromUserId: string | undefined;
  ssrc: number;
  sequence: number;
  timestamp: number;
  /** When the server took the datagram from the sender: ms since the epoch, with fractions. */
  receivedAt: number;
  opus: Buffer;
}

/** One packet that a light member spoke. */
export interface SpokenPacket {
  sequence: number;
  timestamp: number;
  /** When it went out to the other clients: ms since the epoch, with fractions. */
  sentAt: number;
  opus: Buffer;
}

/** A clip being spoken. */
export interface Speech {
  /** Resolves when the first packet is on the wire. */
  started: Promise<{ startedAt: number; firstTimestamp: number }>;
  /** Resolves when the last packet is out; rejects when the member left before. */
  finished: Promise<void>;
}

/** A simulated human in a voice room. */
export interface LightMember {
  readonly userId: string;
  readonly channelId: string;
  readonly ssrc: number;
  /** Everything this member decrypted of what others said, in order of arrival. */
  readonly heard: HeardPacket[];
  readonly spoken: SpokenPacket[];
  /** Frames of others that could not be decrypted. */
  readonly failures: number;
  /** Code that everybody in the group shares; empty before the first group, undefined in a room without DAVE. */
  readonly voicePrivacyCode: string | undefined;
  /** Resolves when the member is in the MLS group, or alone, or the room has no DAVE. */
  ready(): Promise<void>;
  /**
   * Speaks a clip on RTP time: one packet each 20 ms of the member's own clock, op 5 ahead of the first, five silence
   * frames at the end. Clips of one member follow each other.
   */
  speak(clip: Clip): Speech;
  /** Live speech: one Opus packet of 20 ms at a time; the spurt ends by itself when no more come. */
  feed(opus: Buffer): void;
  /** The rate of the member's clock from now on, in parts per million faster than real time. */
  setSkew(ppm: number): void;
  /** Goes on under another SSRC, as a client does that has started its voice engine anew. Op 5 announces it. */
  changeSsrc(ssrc: number): void;
  /** Publishes video (op 12, RTP), over and over, until {@link unpublish}. */
  publish(clip: VideoClip): void;
  unpublish(): void;
  /** Calls `listener` with each packet from now on, as it is added to `heard`. Returns the way to stop. */
  listen(listener: (packet: HeardPacket) => void): () => void;
  leave(): Promise<void>;
}
