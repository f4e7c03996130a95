import { createSecretKey, type KeyObject } from 'node:crypto';
import type { GroupState } from '../mls/group-state.ts';
import { deriveTreeSecret, exportSecret } from '../mls/key-schedule.ts';
import { decryptFrame, parseFrame } from './frame.ts';

/** A frame as its speaker made it. */
export interface DecryptedFrame {
  nonce: number;
  plain: Buffer;
}

const label = 'Discord Secure Frames v0';
const keyBytes = 16;
const secretBytes = 32;
/** The top 8 bits of the 32-bit nonce are the generation. */
const generationShift = 24;

/** The keys of one sender in one epoch (DAVE whitepaper, "Sender key derivation"), shared by all who know the epoch. */
export class SenderKey {
  /** Where the ratchet stands: the secret of the generation after the last known key. */
  #secret: Buffer;
  /** Every key so far: at most 256, as a generation has 8 bits. */
  readonly #keys: KeyObject[] = [];
  /** The frame that was decrypted last: the others in this process hear the same one. */
  #last: (DecryptedFrame & { encrypted: Buffer }) | undefined;

  constructor(state: GroupState, userId: string) {
    const context = Buffer.alloc(8);
    context.writeBigUInt64LE(BigInt(userId));
    this.#secret = exportSecret(state.secrets, label, context, keyBytes);
  }

  /** The key for a nonce. */
  keyFor(nonce: number): KeyObject {
    const generation = nonce >>> generationShift;
    const known = this.#keys[generation];
    if (known) return known;
    const key = createSecretKey(deriveTreeSecret(this.#secret, 'key', this.#keys.length, keyBytes));
    this.#secret = deriveTreeSecret(this.#secret, 'secret', this.#keys.length, secretBytes);
    this.#keys.push(key);
    return this.keyFor(nonce);
  }

  /**
   * Decrypts a frame of this sender. The answer is shared and must not be written to.
   * @throws FrameError when the frame is plaintext, or not encrypted with this key.
   */
  decrypt(encrypted: Buffer): DecryptedFrame {
    if (this.#last?.encrypted.equals(encrypted)) return this.#last;
    const frame = parseFrame(encrypted);
    const plain = decryptFrame(frame, this.keyFor(frame.nonce));
    // A copy: the caller may use the buffer of the packet again.
    this.#last = { encrypted: Buffer.from(encrypted), nonce: frame.nonce, plain };
    return this.#last;
  }
}
