import type { DaveReplies } from '../dave-client.ts';
import { MlsError, Reader } from '../mls/codec.ts';
import { createGroup, type GroupState } from '../mls/group-state.ts';
import { makeKeyPackage, type OwnKeyPackage } from '../mls/key-package.ts';
import type { SignatureKeys } from '../mls/leaf-node.ts';
import { generateSignatureKeys } from '../mls/signature.ts';
import { Opcode } from '../opcodes.ts';
import { silenceFrame } from '../rtp.ts';
import type { Codec } from './clear-ranges.ts';
import type { DaveEpoch } from './dave-epoch.ts';
import { encryptFrame, FrameError } from './frame.ts';
import { emptyQueue, firstGroupKey, type ProposalQueue, refuseStrangers } from './proposal-queue.ts';
import { ReplayWindow } from './replay-window.ts';
import type { SenderKey } from './sender-key.ts';
import type { SharedDave } from './shared-dave.ts';

/** Frames of the epochs before are still decrypted for this long, in ms. */
const keptEpochMs = 10_000;

/** The client's end of DAVE v1 for one person of a {@link SharedDave}. */
export class DaveMember {
  readonly #shared: SharedDave;
  readonly #userId: string;
  readonly #replies: DaveReplies;
  #signatureKeys: SignatureKeys = generateSignatureKeys();
  #keyPackage: OwnKeyPackage | undefined;
  /** Payload of op 25. */
  #externalSender: Buffer | undefined;
  /** The group of one that this member would add others to. */
  #ownGroup: GroupState | undefined;
  #queue = emptyQueue;
  /** The current epoch, then those before whose frames may still arrive, until a time of the clock. */
  #epochs: { epoch: DaveEpoch; until: number }[] = [];
  /** Nonce of the last frame that was sent in this epoch. */
  #nonce = 0;
  readonly #replays = new WeakMap<SenderKey, ReplayWindow>();

  constructor(shared: SharedDave, userId: string, replies: DaveReplies) {
    this.#shared = shared;
    this.#userId = userId;
    this.#replies = replies;
  }

  /** In a group, and able to encrypt and decrypt. */
  get ready(): boolean {
    return this.#epoch !== undefined;
  }

  /** The group's state; undefined outside of one. */
  get state(): GroupState | undefined {
    return this.#epoch?.state;
  }

  /** Empty outside of a group. */
  get voicePrivacyCode(): string {
    return this.#epoch?.voicePrivacyCode ?? '';
  }

  sendKeyPackage(): void {
    this.#keyPackage = makeKeyPackage(this.#userId, this.#signatureKeys);
    this.#ownGroup = undefined;
    this.#replies.keyPackage(this.#keyPackage.bytes);
  }

  /** Op 24 with epoch 1: starts afresh. */
  restart(): void {
    // Everybody is told to, so that nobody needs to commit what was on the table.
    this.#shared.duty.settle(this);
    this.#startAfresh();
  }

  #startAfresh(): void {
    this.#reset();
    this.#signatureKeys = generateSignatureKeys();
    this.sendKeyPackage();
    this.#replies.changed();
  }

  /** The person has left the room; if a commit was up to them, somebody else makes it. */
  leave(): void {
    this.#shared.forget(this);
    this.#reset();
  }

  onBinary(opcode: number, payload: Buffer, recognisedUserIds: readonly string[]): void {
    if (opcode === Opcode.DaveMlsExternalSender) {
      this.#externalSender = payload;
      this.#ownGroup = undefined;
    } else if (opcode === Opcode.DaveMlsProposals) {
      this.#followOrRestart(0, () => this.#propose(payload, recognisedUserIds));
    } else if (opcode === Opcode.DaveMlsAnnounceCommitTransition) {
      this.#transition(payload, (commit) => this.#follow(commit));
    } else if (opcode === Opcode.DaveMlsWelcome) {
      this.#transition(payload, (welcome) => this.#join(welcome));
    }
  }

  /** Answers the proposals on the table; called when this member is the one to do so. */
  commit(): void {
    this.#followOrRestart(0, () => {
      const state = this.#currentState();
      const leafIndex = this.#epoch ? this.#epoch.leafIndexOf(this.#signatureKeys.publicKey) : 0;
      if (leafIndex === undefined) throw new MlsError('member is not in the group');
      const { commit, welcome } = this.#shared.commit(state, this.#queue, leafIndex, this.#signatureKeys);
      this.#replies.commitWelcome(welcome ? Buffer.concat([commit, welcome]) : commit);
    });
  }

  /** @throws FrameError outside of a group. */
  encrypt(opus: Buffer): Buffer {
    return opus.equals(silenceFrame) ? opus : this.#encrypt('Opus', opus);
  }

  /** Encrypts an encoded picture, before it is cut into packets. @throws FrameError outside of a group. */
  encryptVideo(codec: 'VP8' | 'H264', frame: Buffer): Buffer {
    return this.#encrypt(codec, frame);
  }

  /**
   * Decrypts audio or video of somebody in the room. The answer is shared with other members: it must not be written to.
   * @throws FrameError when the frame is plaintext, repeated, or of a key that this member does not have.
   */
  decrypt(userId: string, payload: Buffer): Buffer {
    if (payload.equals(silenceFrame)) return payload;
    const now = this.#shared.now();
    let refusal: FrameError | undefined;
    for (const { epoch, until } of this.#epochs) {
      const senderKey = until > now ? epoch.senderKey(userId) : undefined;
      if (!senderKey) continue;
      try {
        const { nonce, plain } = senderKey.decrypt(payload);
        if (!this.#replaysOf(senderKey).take(nonce)) throw new FrameError(`frame with nonce ${nonce} was here before`);
        return plain;
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        refusal = error;
      }
    }
    throw refusal ?? new FrameError(`user ${userId} is not in the group`);
  }

  get #epoch(): DaveEpoch | undefined {
    return this.#epochs[0]?.epoch;
  }

  #replaysOf(senderKey: SenderKey): ReplayWindow {
    const known = this.#replays.get(senderKey) ?? new ReplayWindow();
    this.#replays.set(senderKey, known);
    return known;
  }

  #encrypt(codec: Codec, frame: Buffer): Buffer {
    const senderKey = this.#epoch?.senderKey(this.#userId);
    if (!senderKey) throw new FrameError('member is not in a group yet and has no key');
    return encryptFrame(codec, frame, () => {
      const nonce = ++this.#nonce;
      return { nonce, key: senderKey.keyFor(nonce) };
    });
  }

  #propose(payload: Buffer, recognisedUserIds: readonly string[]): void {
    const queue = this.#shared.queueAfter(this.#queue, payload, this.#currentState());
    refuseStrangers(queue, recognisedUserIds);
    this.#queue = queue;
    if (queue.size === 0) {
      this.#shared.duty.settle(this);
      return;
    }
    const key: ProposalQueue | string =
      this.#epoch || !this.#keyPackage ? queue : firstGroupKey(queue, this.#keyPackage.ref);
    this.#shared.duty.enter(this, key);
  }

  #follow(commit: Buffer): void {
    const epoch = this.#shared.follow(this.#currentState(), commit, this.#queue);
    if (epoch.leafIndexOf(this.#signatureKeys.publicKey) === undefined) {
      throw new MlsError('commit removes this member from the group');
    }
    this.#enter(epoch);
  }

  #join(welcome: Buffer): void {
    if (this.#epoch) throw new MlsError('member is in a group already and cannot be welcomed');
    if (!this.#keyPackage || !this.#externalSender) throw new MlsError('member is welcomed without having asked');
    this.#enter(this.#shared.join(welcome, this.#keyPackage, this.#externalSender));
  }

  #enter(epoch: DaveEpoch): void {
    this.#shared.duty.settle(this);
    if (!this.#epoch && this.#keyPackage) this.#shared.privateKeys.add(this.#keyPackage.encryptionKeys);
    const now = this.#shared.now();
    const before = this.#epochs
      .filter(({ until }) => until > now)
      .map((old) => ({ ...old, until: Math.min(old.until, now + keptEpochMs) }));
    this.#epochs = [{ epoch, until: Number.POSITIVE_INFINITY }, ...before];
    this.#ownGroup = undefined;
    this.#queue = emptyQueue;
    this.#nonce = 0;
  }

  /** The group, or the one that this member would found. */
  #currentState(): GroupState {
    if (this.#epoch) return this.#epoch.state;
    if (!this.#externalSender || !this.#keyPackage) {
      throw new MlsError('proposals came before the external sender (op 25) and the key package (op 26)');
    }
    this.#ownGroup ??= createGroup(this.#shared.groupId, this.#externalSender, this.#keyPackage.leaf);
    return this.#ownGroup;
  }

  #transition(payload: Buffer, take: (message: Buffer) => void): void {
    const transitionId = payload.length >= 2 ? payload.readUInt16BE(0) : 0;
    const done = this.#followOrRestart(transitionId, () => {
      const reader = new Reader(payload);
      reader.u16();
      take(payload.subarray(reader.offset));
    });
    if (!done) return;
    if (transitionId !== 0) this.#replies.transitionReady(transitionId);
    this.#replies.changed();
  }

  /** What any client does with a message that it cannot follow: op 31, then a new key package. */
  #followOrRestart(transitionId: number, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!(error instanceof MlsError)) throw error;
      this.#replies.invalid(transitionId);
      this.#startAfresh();
      return false;
    }
  }

  #reset(): void {
    this.#epochs = [];
    this.#ownGroup = undefined;
    this.#queue = emptyQueue;
    this.#keyPackage = undefined;
    this.#shared.duty.withdraw(this);
  }
}
