/** Which packets went out to a client, and whether anybody was there: what a client may be held to. Kept only of those who are watched. */
import type { RoutedPacket } from './participant.ts';
import { readHeader } from './rtp.ts';

export interface Delivery {
  fromUserId: string;
  ssrc: number;
  sequence: number;
  /** When the server sent it: ms since the epoch, with fractions. */
  sentAt: number;
  /** The client's websocket was open. */
  live: boolean;
  /** Number of the client's voice session, from 1: a new one begins with each op 0. */
  session: number;
}

interface Leg {
  guildId: string;
  userId: string;
}

const keyOf = ({ guildId, userId }: Leg): string => `${guildId}/${userId}`;

export class DeliveryLedger {
  readonly #watched = new Map<string, { deliveries: Delivery[]; sessions: unknown[] }>();

  watch(leg: Leg): void {
    const key = keyOf(leg);
    if (!this.#watched.has(key)) this.#watched.set(key, { deliveries: [], sessions: [] });
  }

  of(leg: Leg): readonly Delivery[] {
    return this.#watched.get(keyOf(leg))?.deliveries ?? [];
  }

  /** `session`: the client's, of which each is another object. */
  note(leg: Leg, session: unknown, packet: RoutedPacket, live: boolean, sentAt: number): void {
    const watched = this.#watched.get(keyOf(leg));
    if (!watched) return;
    if (!watched.sessions.includes(session)) watched.sessions.push(session);
    const { ssrc, sequence } = readHeader(packet.header);
    const { fromUserId } = packet;
    watched.deliveries.push({
      fromUserId,
      ssrc,
      sequence,
      sentAt,
      live,
      session: watched.sessions.indexOf(session) + 1,
    });
  }
}
