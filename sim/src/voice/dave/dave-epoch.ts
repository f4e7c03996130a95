import type { GroupState } from '../mls/group-state.ts';
import { userIdOf } from '../mls/key-package.ts';
import { SenderKey } from './sender-key.ts';
import { voicePrivacyCodeOf } from './voice-privacy-code.ts';

/** One epoch as DAVE uses it: the group's state and the keys of everybody in it, derived when first needed. */
export class DaveEpoch {
  readonly state: GroupState;
  readonly #userIds = new Set<string>();
  readonly #leaves = new Map<string, number>();
  readonly #senderKeys = new Map<string, SenderKey>();
  #voicePrivacyCode: string | undefined;

  constructor(state: GroupState) {
    this.state = state;
    for (const { leafIndex, leaf } of state.tree.members()) {
      this.#userIds.add(userIdOf(leaf.identity));
      this.#leaves.set(leaf.signatureKey.toString('latin1'), leafIndex);
    }
  }

  get voicePrivacyCode(): string {
    this.#voicePrivacyCode ??= voicePrivacyCodeOf(this.state.secrets.epochAuthenticator);
    return this.#voicePrivacyCode;
  }

  /** The leaf with a signature key; undefined when it is not in the group. */
  leafIndexOf(signatureKey: Buffer): number | undefined {
    return this.#leaves.get(signatureKey.toString('latin1'));
  }

  /** Keys of a sender; undefined when they are not in the group. */
  senderKey(userId: string): SenderKey | undefined {
    const known = this.#senderKeys.get(userId);
    if (known || !this.#userIds.has(userId)) return known;
    const senderKey = new SenderKey(this.state, userId);
    this.#senderKeys.set(userId, senderKey);
    return senderKey;
  }
}
