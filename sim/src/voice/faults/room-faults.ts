import type { RoutedPacket } from '../participant.ts';
import { isDaveFrame, payloadOf } from '../rtp.ts';

/** What goes wrong in one room on request, so that a client's recovery can be proved. All off at first. */
export class RoomFaults {
  /** Clients that are not told (op 11) of those who join from now on. */
  readonly notToldOfNewcomers = new Set<string>();
  /** Users whose DAVE frames reach the others damaged: the transport opens, the frame does not. */
  readonly damaged = new Set<string>();

  /** The packet as it is passed on. */
  apply(packet: RoutedPacket): RoutedPacket {
    if (!this.damaged.has(packet.fromUserId)) return packet;
    const body = Buffer.from(packet.body);
    const payload = payloadOf({ header: packet.header, body });
    if (!payload || !isDaveFrame(payload)) return packet;
    // The first byte is ciphertext; the marker at the end stays.
    payload[0] = (payload[0] ?? 0) ^ 0xff;
    return { ...packet, body };
  }
}
