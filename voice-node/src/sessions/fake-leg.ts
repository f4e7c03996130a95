/** A leg that needs no Discord, for tests. */
import { EventEmitter } from 'node:events';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { OutgoingPacket, PacketListener, VoicePacket } from '../audio/packet.ts';
import type { LegState } from '../voice/leg.ts';
import type { RunningLeg } from './running-leg.ts';

export class FakeLeg extends EventEmitter implements RunningLeg {
  state: LegState = { kind: 'connecting', attempt: 1 };
  readonly sent: OutgoingPacket[] = [];
  readonly heardBy = new Set<PacketListener>();
  readonly legId: string;
  readonly guildId: string;
  readonly channelId: string;
  readonly identityId: string;
  readonly #did: (what: string) => void;

  constructor(
    spec: { legId: string; guildId: string; channelId: string; identityId: string },
    did: (what: string) => void,
  ) {
    super();
    this.legId = spec.legId;
    this.guildId = spec.guildId;
    this.channelId = spec.channelId;
    this.identityId = spec.identityId;
    this.#did = did;
  }
  set(state: LegState): void {
    this.state = state;
    this.emit('state', state);
  }
  onPacket(listener: PacketListener) {
    this.heardBy.add(listener);
    return () => void this.heardBy.delete(listener);
  }
  hear(packet: VoicePacket): void {
    for (const listener of this.heardBy) listener(packet);
  }
  send(packet: OutgoingPacket): void {
    this.sent.push(packet);
  }
  newSender = (): void => undefined;
  stopSpeaking = (): void => undefined;
  repair(step: string): void {
    this.#did(`repair ${step}`);
  }
  abandon(): void {
    this.#did(`abandoned ${this.guildId}`);
    this.set({ kind: 'closed', reason: 'node_lost' });
  }
  async close(reason: EndReason): Promise<void> {
    this.#did(`closed ${this.guildId}`);
    this.set({ kind: 'closed', reason });
  }
}
