import type { RtpPacket } from './rtp.ts';

/** A packet on its way through a room. */
export interface RoutedPacket extends RtpPacket {
  fromUserId: string;
  /** When the server took it from the sender: ms since the epoch, with fractions. */
  receivedAt: number;
}

/** Somebody in a room: a client behind a websocket, or a simulated human in this process. */
export interface Participant {
  readonly userId: string;
  readonly ssrc: number;
  /** A JSON message of the gateway. */
  sendJson(opcode: number, data: unknown): void;
  /** A binary message of the gateway (DAVE). */
  sendBinary(opcode: number, payload: Buffer): void;
  /** A packet of somebody else in the room. */
  deliver(packet: RoutedPacket): void;
}

/** Now, in ms since the epoch with fractions, on the monotonic clock. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
