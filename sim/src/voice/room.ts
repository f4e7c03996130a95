import { SharedDave } from './dave/shared-dave.ts';
import { DeliveryService } from './delivery-service.ts';
import type { ExternalSender } from './mls/proposal.ts';
import { Opcode } from './opcodes.ts';
import type { Participant, RoutedPacket } from './participant.ts';
import { RoomFaults } from './room-faults.ts';

/** What a room reports. */
export interface RoomOptions {
  channelId: string;
  daveVersion: 0 | 1;
  firstTransitionId: 'zero' | 'counted';
  sender: ExternalSender;
  onEpoch(epoch: bigint, members: string[]): void;
  onReset(): void;
  onSpeaking(userId: string, speaking: number): void;
}

/** One voice channel with somebody in it: who is here, who has announced an SSRC, and the forwarding of packets. */
export class Room {
  readonly channelId: string;
  readonly daveVersion: 0 | 1;
  readonly delivery: DeliveryService | undefined;
  /** The end of DAVE for everybody in this room who lives in this process. */
  readonly dave: SharedDave | undefined;
  readonly faults = new RoomFaults();
  readonly #options: RoomOptions;
  readonly #participants = new Map<string, Participant>();
  /** Flags of the last op 5 of each user that announced one. */
  readonly #speaking = new Map<string, number>();

  constructor(options: RoomOptions) {
    this.#options = options;
    this.channelId = options.channelId;
    this.daveVersion = options.daveVersion;
    this.delivery = options.daveVersion === 1 ? new DeliveryService(options) : undefined;
    this.dave = options.daveVersion === 1 ? new SharedDave(options.channelId) : undefined;
  }

  get size(): number {
    return this.#participants.size;
  }

  get userIds(): string[] {
    return [...this.#participants.keys()];
  }

  /**
   * Lets somebody in. Op 11 goes out, both ways, strictly before any MLS message: clients refuse the Add of a user whom
   * they were not told of.
   */
  join(participant: Participant): void {
    this.leave(participant.userId);
    const others = [...this.#participants.values()];
    this.#participants.set(participant.userId, participant);
    if (others.length > 0) {
      participant.sendJson(Opcode.ClientsConnect, { user_ids: others.map((other) => other.userId) });
    }
    for (const other of others) {
      if (!this.faults.notToldOfNewcomers.has(other.userId)) {
        other.sendJson(Opcode.ClientsConnect, { user_ids: [participant.userId] });
      }
      const speaking = this.#speaking.get(other.userId);
      if (speaking !== undefined) participant.sendJson(Opcode.Speaking, speakingData(other, speaking));
    }
    this.delivery?.join(participant);
  }

  /** Takes somebody out; with `participant`, only when it is still theirs (and not that of a newer session). */
  leave(userId: string, participant = this.#participants.get(userId)): void {
    if (!participant || this.#participants.get(userId) !== participant) return;
    this.#participants.delete(userId);
    this.#speaking.delete(userId);
    for (const other of this.#participants.values()) other.sendJson(Opcode.ClientDisconnect, { user_id: userId });
    this.delivery?.leave(userId);
  }

  /** Op 5 of a participant, passed on to the others. */
  announce(participant: Participant, speaking: number): void {
    this.#speaking.set(participant.userId, speaking);
    for (const other of this.#participants.values()) {
      if (other !== participant) other.sendJson(Opcode.Speaking, speakingData(participant, speaking));
    }
    this.#options.onSpeaking(participant.userId, speaking);
  }

  /** Passes a packet on to everybody else; a speaker who was never announced is announced first. */
  forward(participant: Participant, packet: RoutedPacket): void {
    if (this.#participants.get(participant.userId) !== participant) return;
    if (!this.#speaking.has(participant.userId)) this.announce(participant, 1);
    const passed = this.faults.apply(packet);
    for (const other of this.#participants.values()) if (other !== participant) other.deliver(passed);
  }

  /** Sends one participant a binary message (DAVE) as it is, for tests of their recovery. */
  sendBinary(userId: string, opcode: number, payload: Buffer): void {
    const participant = this.#participants.get(userId);
    if (!participant) throw new Error(`user ${userId} is not in channel ${this.channelId}`);
    participant.sendBinary(opcode, payload);
  }

  close(): void {
    this.delivery?.close();
    this.#participants.clear();
  }
}

function speakingData({ userId, ssrc }: Participant, speaking: number) {
  return { user_id: userId, ssrc, speaking, delay: 0 };
}
