import type { LegPort, OutgoingPacket, PacketListener } from '../audio/packet.ts';
import type { RunningLeg } from './running-leg.ts';

/** One session's view of a leg: everything that the session attached comes off with one call, the leg lives on. */
export class SessionLeg implements LegPort {
  readonly legId: string;
  readonly leg: RunningLeg;
  readonly #detach = new Set<() => void>();
  #detached = false;
  #sent = false;

  constructor(legId: string, leg: RunningLeg) {
    this.legId = legId;
    this.leg = leg;
  }

  get guildId(): string {
    return this.leg.guildId;
  }

  get channelId(): string {
    return this.leg.channelId;
  }

  onPacket(listener: PacketListener): () => void {
    const remove = this.leg.onPacket(listener);
    const detach = (): void => {
      this.#detach.delete(detach);
      remove();
    };
    this.#detach.add(detach);
    return detach;
  }

  send(packet: OutgoingPacket): void {
    if (this.#detached) return;
    if (!this.#sent) {
      this.#sent = true;
      this.leg.newSender();
    }
    this.leg.send(packet);
  }

  /** A new bridge counts its packets anew: they are fitted to what went out before. */
  newSender(): void {
    this.#sent = false;
  }

  stopSpeaking(): void {
    if (!this.#detached) this.leg.stopSpeaking();
  }

  detach(): void {
    for (const detach of [...this.#detach]) detach();
    this.#detached = true;
  }
}
