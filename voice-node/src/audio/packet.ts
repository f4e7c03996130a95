/** The unit of the data plane: one received Opus packet, and the port through which the rooms above use a leg. */

/** One Opus packet as received from one speaker, decrypted; 20 ms at 48 kHz in ordinary traffic. */
export interface VoicePacket {
  userId: string;
  ssrc: number;
  /** RTP sequence number, 16 bits, wraps. */
  sequence: number;
  /** RTP timestamp, 32 bits, wraps; 48,000 per second. */
  timestamp: number;
  /** Instant of arrival in ms since the epoch on the node's monotonic clock (`ops/clock.ts`): never steps. */
  arrivedAt: number;
  opus: Uint8Array;
}

/** One Opus packet to be sent to a channel. The sender decides sequence and timestamp: a lost packet stays a gap. */
export interface OutgoingPacket {
  opus: Uint8Array;
  /** RTP sequence number, 16 bits. */
  sequence: number;
  /** RTP timestamp, 32 bits. */
  timestamp: number;
}

export type PacketListener = (packet: VoicePacket) => void;

/**
 * What bridge, recording and captions see of a leg. Listeners are called synchronously, in the order they were added; one that
 * throws is logged and does not reach the others.
 */
export interface LegPort {
  readonly legId: string;
  readonly guildId: string;
  readonly channelId: string;
  /** Adds a listener and returns the function that removes it. */
  onPacket(listener: PacketListener): () => void;
  /**
   * Sends at once; drops (and counts) while the leg is not ready or, in a DAVE room, not yet encrypting: plaintext never
   * leaves.
   */
  send(packet: OutgoingPacket): void;
  /** Announces the end of a spurt (op 5, speaking 0). The start is announced by the first packet. */
  stopSpeaking(): void;
}

/** Samples at 48 kHz in one packet of ordinary traffic. */
export const FRAME_SAMPLES = 960;
export const SAMPLE_RATE = 48_000;
/** Opus silence as Discord defines it; sent in the clear even in DAVE rooms. */
export const SILENCE_FRAME: Uint8Array = Uint8Array.of(0xf8, 0xff, 0xfe);
