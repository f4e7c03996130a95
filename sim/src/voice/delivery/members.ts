import type { KeyPackage } from '../mls/key-package.ts';
import type { ExternalSender } from '../mls/proposal.ts';
import { Opcode } from '../opcodes.ts';
import type { DaveVersion, Participant } from '../participant.ts';

/** Somebody in the room, as the delivery service sees them. */
export interface Member {
  readonly participant: Pick<Participant, 'userId' | 'maxDaveVersion' | 'sendJson' | 'sendBinary'>;
  /** A key package that waits to be added. */
  keyPackage: KeyPackage | undefined;
  /** Leaf in the current group. */
  leaf: number | undefined;
  /** Was sent op 24 and has not answered with a key package yet. */
  asked: boolean;
}

/** Everybody in the room, and the messages that start a client afresh. */
export class Members {
  readonly #byId = new Map<string, Member>();
  readonly #sender: ExternalSender;

  constructor(sender: ExternalSender) {
    this.#sender = sender;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Member[] {
    return [...this.#byId.values()];
  }

  get(userId: string): Member | undefined {
    return this.#byId.get(userId);
  }

  add(participant: Member['participant']): void {
    this.#byId.set(participant.userId, { participant, keyPackage: undefined, leaf: undefined, asked: false });
  }

  delete(userId: string): void {
    this.#byId.delete(userId);
  }

  clear(): void {
    this.#byId.clear();
  }

  /** The highest version of DAVE that all of them speak, at most `limit`. */
  commonVersion(limit: DaveVersion): DaveVersion {
    return this.all().every(({ participant }) => participant.maxDaveVersion === 1) ? limit : 0;
  }

  /** Op 25. */
  sendExternalSender({ participant }: Member): void {
    participant.sendBinary(Opcode.DaveMlsExternalSender, this.#sender.packageBytes);
  }

  /** Op 24 and 25: a new group is to be made; the answer is a key package. */
  prepareEpoch(member: Member): void {
    Object.assign(member, { leaf: undefined, keyPackage: undefined, asked: true });
    member.participant.sendJson(Opcode.DavePrepareEpoch, { protocol_version: 1, epoch: 1 });
    this.sendExternalSender(member);
  }

  /** Sends a member back to the state before any group, in force at once. */
  reinitialise(member: Member): void {
    this.prepareEpoch(member);
    member.participant.sendJson(Opcode.DavePrepareTransition, { protocol_version: 1, transition_id: 0 });
  }

  /** Op 21: frames are to go in clear, at once with transition id 0. */
  prepareDowngrade({ participant }: Member, transitionId: number): void {
    participant.sendJson(Opcode.DavePrepareTransition, { protocol_version: 0, transition_id: transitionId });
  }

  /** Op 22, to everybody whom a transition concerns. */
  executeTransition(transitionId: number): void {
    for (const { leaf, participant } of this.#byId.values()) {
      if (leaf === undefined) continue;
      participant.sendJson(Opcode.DaveExecuteTransition, { transition_id: transitionId });
    }
  }
}
