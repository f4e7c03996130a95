import type { Clock } from '../time/clock.ts';
import { SharedDave } from './dave/shared-dave.ts';
import { DeliveryService } from './delivery/delivery-service.ts';
import { RoomFaults } from './faults/room-faults.ts';
import type { ExternalSender } from './mls/proposal.ts';
import { Opcode } from './opcodes.ts';
import type { DaveVersion, Participant, RoutedPacket } from './participant.ts';
import { type Layer, mediaSinkWants, streamsData } from './video/streams.ts';

/** What a room reports. */
export interface RoomOptions {
  channelId: string;
  /** The highest version of DAVE here. */
  daveVersion: DaveVersion;
  firstTransitionId: 'zero' | 'counted';
  commitTimeoutMs: number;
  sender: ExternalSender;
  clock: Clock;
  onEpoch(epoch: bigint, members: string[]): void;
  onVersion(version: DaveVersion): void;
  onReset(): void;
  onSpeaking(userId: string, speaking: number): void;
}

/** Frames in clear are nobody's fault for so long after a room went over to DAVE, in ms: they were on their way. */
const upgradeGraceMs = 2_000;

/** One voice channel with somebody in it: who is here, who has announced an SSRC, and the forwarding of packets. */
export class Room {
  readonly channelId: string;
  readonly clock: Clock;
  readonly delivery: DeliveryService | undefined;
  /** The group as the people of this process know it. */
  readonly dave: SharedDave | undefined;
  readonly faults = new RoomFaults();
  readonly #options: RoomOptions;
  readonly #participants = new Map<string, Participant>();
  /** Flags of the last op 5 of each user that announced one. */
  readonly #speaking = new Map<string, number>();
  #encryptedSince = Number.NEGATIVE_INFINITY;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.channelId = options.channelId;
    this.clock = options.clock;
    this.dave = options.daveVersion === 0 ? undefined : new SharedDave(options.channelId);
    this.delivery =
      options.daveVersion === 0
        ? undefined
        : new DeliveryService({
            ...options,
            onVersion: (version) => {
              if (version === 1) this.#encryptedSince = this.clock.now() + upgradeGraceMs;
              options.onVersion(version);
            },
          });
  }

  get size(): number {
    return this.#participants.size;
  }

  get userIds(): string[] {
    return [...this.#participants.keys()];
  }

  /** The version of DAVE in force. */
  get daveVersion(): DaveVersion {
    return this.delivery?.version ?? 0;
  }

  /** What a newcomer is told in op 4. */
  versionFor(maxDaveVersion: DaveVersion): DaveVersion {
    return maxDaveVersion === 0 ? 0 : this.daveVersion;
  }

  /** Whether a frame in clear is a mistake of its sender at this moment. */
  get mustBeEncrypted(): boolean {
    return this.daveVersion === 1 && this.clock.now() >= this.#encryptedSince;
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
      if (other.video) participant.sendJson(Opcode.Video, streamsData(other.userId, other.ssrc, other.video));
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
    for (const other of this.#others(participant)) {
      other.sendJson(Opcode.Speaking, speakingData(participant, speaking));
    }
    this.#options.onSpeaking(participant.userId, speaking);
  }

  /** Op 12 of a participant, whose `video` says what it publishes now. */
  announceVideo(participant: Participant): void {
    const { userId, ssrc, video } = participant;
    for (const other of this.#others(participant)) other.sendJson(Opcode.Video, streamsData(userId, ssrc, video));
    this.announceWants();
  }

  /** Op 15 to each publisher: the highest quality of each layer that anybody wants. */
  announceWants(): void {
    for (const publisher of this.#participants.values()) {
      if (!publisher.video) continue;
      const viewers = this.#others(publisher).map((viewer) => viewer.wants);
      publisher.sendJson(Opcode.MediaSinkWants, mediaSinkWants(publisher.video, viewers));
    }
  }

  /** The video codecs that each client named, of those who did. */
  videoOffers(): (readonly string[])[] {
    return [...this.#participants.values()].flatMap(({ codecs }) => (codecs ? [codecs] : []));
  }

  /** A message to each client that named video codecs. */
  tellVideoClients(opcode: number, data: unknown): void {
    for (const participant of this.#participants.values()) if (participant.codecs) participant.sendJson(opcode, data);
  }

  /** Op 18 of a participant, passed on. */
  announceFlags(participant: Participant, flags: number): void {
    for (const other of this.#others(participant)) {
      other.sendJson(Opcode.ClientFlags, { user_id: participant.userId, flags });
    }
  }

  /** Passes a packet on to everybody else; a speaker who was never announced is announced first. */
  forward(participant: Participant, packet: RoutedPacket): void {
    if (this.#participants.get(participant.userId) !== participant) return;
    if (!this.#speaking.has(participant.userId)) this.announce(participant, 1);
    const passed = this.faults.apply(packet);
    for (const other of this.#participants.values()) if (other !== participant) other.deliver(passed);
  }

  /** Passes a video packet on to those who want its layer. */
  forwardVideo(participant: Participant, layer: Layer, packet: RoutedPacket): void {
    if (this.#participants.get(participant.userId) !== participant) return;
    for (const other of this.#others(participant)) if (other.wants.quality(layer.ssrc) > 0) other.deliver(packet);
  }

  /** Sends one participant a binary message (DAVE) as it is, for tests of their recovery. */
  sendBinary(userId: string, opcode: number, payload: Buffer): void {
    this.participant(userId).sendBinary(opcode, payload);
  }

  /** @throws Error when the user is not here. */
  participant(userId: string): Participant {
    const participant = this.#participants.get(userId);
    if (!participant) throw new Error(`user ${userId} is not in channel ${this.channelId}`);
    return participant;
  }

  close(): void {
    this.delivery?.close();
    this.#participants.clear();
  }

  #others(participant: Participant): Participant[] {
    return [...this.#participants.values()].filter((other) => other !== participant);
  }
}

function speakingData({ userId, ssrc }: Participant, speaking: number) {
  return { user_id: userId, ssrc, speaking, delay: 0 };
}
