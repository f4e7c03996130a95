import { generateKeyPairSync } from 'node:crypto';
import { u16, u32, u64, vector } from './codec.ts';
import { identityOf, type KeyPackage } from './key-package.ts';
import { pointOf, refHash, signWithLabel } from './signature.ts';

/** A proposal of the voice gateway to a group. */
export interface Proposal {
  /** The MLSMessage to send. */
  message: Buffer;
  /** ProposalRef in hex: how a commit names it. */
  ref: string;
  change: { kind: 'add'; keyPackage: KeyPackage } | { kind: 'remove'; leaf: number };
}

const versionAndPublicMessage = Buffer.concat([u16(1), u16(1)]);
/** Sender type external (2), index 0 in the external_senders extension. */
const externalSender = Buffer.concat([Buffer.from([2]), u32(0)]);
const contentTypeProposal = Buffer.from([2]);

/**
 * The external sender of every room (RFC 9420 §12.1.8): it may only propose. GroupContext is not part of what external
 * senders sign (§6.1), so the server needs no secret of the group.
 */
export class ExternalSender {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** Payload of op 25: signature key, basic credential. */
  readonly packageBytes: Buffer = Buffer.concat([
    vector(pointOf(this.#keys.publicKey)),
    u16(1),
    vector(Buffer.from('voice-gateway')),
  ]);

  /** Proposes one change of the group of a channel; good in `epoch` only. */
  propose(channelId: string, epoch: bigint, change: Proposal['change']): Proposal {
    const body = change.kind === 'add' ? [u16(1), change.keyPackage.bytes] : [u16(3), u32(change.leaf)];
    const content = Buffer.concat([
      vector(identityOf(channelId)), // group id: the channel id, 8 bytes big-endian
      u64(epoch),
      externalSender,
      vector(), // authenticated data
      contentTypeProposal,
      ...body,
    ]);
    const toBeSigned = Buffer.concat([versionAndPublicMessage, content]);
    const signature = vector(signWithLabel(this.#keys.privateKey, 'FramedContentTBS', toBeSigned));
    return {
      message: Buffer.concat([toBeSigned, signature]),
      ref: refHash('Proposal Reference', Buffer.concat([u16(1), content, signature])).toString('hex'),
      change,
    };
  }
}

/** Payload of op 27 that appends proposals: operation 0 and one vector of MLSMessages. */
export function appendPayload(proposals: readonly Proposal[]): Buffer {
  return Buffer.concat([Buffer.from([0]), vector(...proposals.map((proposal) => proposal.message))]);
}
