import { DAVESession } from '@snazzah/davey';
import { Opcode } from './opcodes.ts';
import { silenceFrame } from './rtp.ts';

/** How a client answers: the opcode and its payload (binary ops) or transition id (op 23 and 31). */
export interface DaveReplies {
  keyPackage(payload: Buffer): void;
  commitWelcome(payload: Buffer): void;
  transitionReady(transitionId: number): void;
  invalid(transitionId: number): void;
  /** The group may have changed. */
  changed(): void;
}

/** The client's end of DAVE v1 with a davey session of its own: the reference that tests hold the shared state against. */
export class DaveClient {
  readonly #session: DAVESession;
  readonly #userId: string;
  readonly #channelId: string;
  readonly #replies: DaveReplies;

  constructor(userId: string, channelId: string, replies: DaveReplies) {
    this.#session = new DAVESession(1, userId, channelId);
    this.#userId = userId;
    this.#channelId = channelId;
    this.#replies = replies;
  }

  get ready(): boolean {
    return this.#session.ready;
  }

  get voicePrivacyCode(): string {
    return this.#session.voicePrivacyCode;
  }

  sendKeyPackage(): void {
    this.#replies.keyPackage(this.#session.getSerializedKeyPackage());
  }

  /** Op 24 with epoch 1: starts afresh. */
  restart(): void {
    this.#session.reinit(1, this.#userId, this.#channelId);
    this.sendKeyPackage();
    this.#replies.changed();
  }

  onBinary(opcode: number, payload: Buffer, recognisedUserIds: string[]): void {
    if (opcode === Opcode.DaveMlsExternalSender) {
      this.#session.setExternalSender(payload);
    } else if (opcode === Opcode.DaveMlsProposals) {
      this.#propose(payload, recognisedUserIds);
    } else if (opcode === Opcode.DaveMlsAnnounceCommitTransition) {
      this.#follow(payload, (message) => this.#session.processCommit(message));
    } else if (opcode === Opcode.DaveMlsWelcome) {
      this.#follow(payload, (message) => this.#session.processWelcome(message));
    }
  }

  encrypt(opus: Buffer): Buffer {
    return opus.equals(silenceFrame) ? opus : this.#session.encryptOpus(opus);
  }

  /** Encrypts an encoded picture, before it is cut into packets. */
  encryptVideo(codec: 'VP8' | 'H264', frame: Buffer): Buffer {
    // 1: video; 2 and 4: the codecs. The enums of the library exist for the compiler only.
    return this.#session.encrypt(1, codec === 'VP8' ? 2 : 4, frame);
  }

  /** @throws when the frame is plaintext, or of a key that this member does not have. */
  decrypt(userId: string, payload: Buffer): Buffer {
    // 0: audio. The enums of the library exist for the compiler only.
    return payload.equals(silenceFrame) ? payload : this.#session.decrypt(userId, 0, payload);
  }

  #propose(payload: Buffer, recognisedUserIds: string[]): void {
    const operation = payload.readUInt8(0) === 0 ? 0 : 1;
    let result: ReturnType<DAVESession['processProposals']>;
    try {
      result = this.#session.processProposals(operation, payload.subarray(1), recognisedUserIds);
    } catch {
      // As with a commit that it cannot follow.
      this.#replies.invalid(0);
      this.restart();
      return;
    }
    const { commit, welcome } = result;
    if (commit) this.#replies.commitWelcome(welcome ? Buffer.concat([commit, welcome]) : commit);
  }

  #follow(payload: Buffer, take: (message: Buffer) => void): void {
    const transitionId = payload.readUInt16BE(0);
    try {
      take(payload.subarray(2));
    } catch {
      // What any client does with a message that it cannot follow: op 31, then a new key package.
      this.#replies.invalid(transitionId);
      this.restart();
      return;
    }
    if (transitionId !== 0) this.#replies.transitionReady(transitionId);
    this.#replies.changed();
  }
}
