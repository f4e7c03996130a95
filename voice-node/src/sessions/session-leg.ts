import type { LegPort, OutgoingPacket, PacketListener } from '../audio/packet.ts';
import type { Repair } from '../recording/watch/watchdog.ts';
import type { LegState } from '../voice/leg.ts';
import type { Consent } from './consent.ts';
import type { LegPlayer, LegVoices } from './leg-voices.ts';
import type { RunningLeg } from './running-leg.ts';

/** One session's view of a leg: everything that the session attached comes off with one call, the leg lives on. */
export class SessionLeg implements LegPort {
  readonly legId: string;
  readonly leg: RunningLeg;
  readonly #detach = new Set<() => void>();
  #detached = false;
  #sent = false;
  readonly #consent: Pick<Consent, 'allows'>;

  constructor(legId: string, leg: RunningLeg, consent: Pick<Consent, 'allows'>) {
    this.legId = legId;
    this.leg = leg;
    this.#consent = consent;
  }

  get guildId(): string {
    return this.leg.guildId;
  }

  get channelId(): string {
    return this.leg.channelId;
  }

  onPacket(listener: PacketListener): () => void {
    return this.#attached(this.leg.onPacket(listener));
  }

  /** The packets of those who may be stored and transcribed: everything that does either listens here. */
  onStorablePacket(listener: PacketListener): () => void {
    return this.onPacket((packet) => {
      if (this.#consent.allows(packet.userId)) listener(packet);
    });
  }

  /** Op 5: Discord says that somebody begins to speak, or stops. */
  onAnnounced(listener: (userId: string, speaking: boolean) => void): () => void {
    this.leg.on('announced', listener);
    return this.#attached(() => this.leg.off('announced', listener));
  }

  /** The session plays sounds here, until it gives the leg back. */
  playedBy(voices: LegVoices, player: LegPlayer): void {
    this.#attached(voices.add(this.leg, player));
  }

  /** Mends a receiver that has stalled. */
  repair(step: Repair): void {
    this.leg.repair(step);
  }

  /** Calls once, as soon as the leg is connected. */
  whenReady(ready: () => void): void {
    if (this.leg.state.kind === 'ready') {
      ready();
      return;
    }
    const listener = ({ kind }: LegState): void => {
      if (kind !== 'ready') return;
      detach();
      ready();
    };
    this.leg.on('state', listener);
    const detach = this.#attached(() => this.leg.off('state', listener));
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

  #attached(remove: () => unknown): () => void {
    const detach = (): void => {
      this.#detach.delete(detach);
      remove();
    };
    this.#detach.add(detach);
    return detach;
  }

  detach(): void {
    for (const detach of [...this.#detach]) detach();
    this.#detached = true;
  }
}
