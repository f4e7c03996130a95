import type { RtpPacket } from './rtp.ts';
import type { VideoStreams, Wants } from './video/streams.ts';

/** Versions of DAVE: 0 is none, 1 the encrypted group. */
export type DaveVersion = 0 | 1;

/** A packet on its way through a room. */
export interface RoutedPacket extends RtpPacket {
  fromUserId: string;
  /** When the server took it from the sender: ms since the epoch, with fractions. */
  receivedAt: number;
}

/** Somebody in a room: a client behind a websocket, or a simulated human in this process. */
export interface Participant {
  readonly userId: string;
  /** Of the audio. It may change during a stay. */
  readonly ssrc: number;
  /** The highest version of DAVE that the client speaks. */
  readonly maxDaveVersion: DaveVersion;
  /** Video codecs that the client can decode (op 1), if it named any. */
  readonly codecs: readonly string[] | undefined;
  /** The video that the client publishes. */
  readonly video: VideoStreams | undefined;
  /** Whose video the client is to be sent. */
  readonly wants: Wants;
  /** A JSON message of the gateway. */
  sendJson(opcode: number, data: unknown): void;
  /** A binary message of the gateway (DAVE). */
  sendBinary(opcode: number, payload: Buffer): void;
  /** A packet of somebody else in the room. */
  deliver(packet: RoutedPacket): void;
}
