import { MlsError, type Reader } from './codec.ts';
import type { HpkeCiphertext } from './hpke.ts';
import { type LeafNode, readLeafNode } from './leaf-node.ts';

/** An UpdatePath (RFC 9420 §7.6). */
export interface UpdatePath {
  leaf: LeafNode;
  /** One per node of the sender's filtered direct path, nearest first. */
  nodes: { encryptionKey: Buffer; pathSecrets: HpkeCiphertext[] }[];
}

/** A commit of a member as PublicMessage (RFC 9420 §6, §12.4). */
export interface CommitMessage {
  groupId: Buffer;
  epoch: bigint;
  senderLeaf: number;
  /** ProposalRefs in hex, in the order in which they are applied. */
  proposalRefs: string[];
  path: UpdatePath | undefined;
  /** FramedContent: what is signed and what enters the transcript. */
  framedContent: Buffer;
  signature: Buffer;
  confirmationTag: Buffer;
  membershipTag: Buffer;
}

export function readHpkeCiphertext(reader: Reader): HpkeCiphertext {
  return { kemOutput: reader.vector(), ciphertext: reader.vector() };
}

function readProposalRef(reader: Reader): string {
  const kind = reader.u8();
  if (kind !== 2) throw new MlsError('commit holds a proposal of its own; only references are allowed');
  return reader.vector().toString('hex');
}

function readUpdatePath(reader: Reader): UpdatePath {
  const leaf = readLeafNode(reader);
  const nodes = reader.list((inner) => ({
    encryptionKey: inner.vector(),
    pathSecrets: inner.list(readHpkeCiphertext),
  }));
  return { leaf, nodes };
}

/** Reads a commit as MLSMessage up to its end; more may follow. @throws MlsError when it is no public commit of a member. */
export function readCommitMessage(reader: Reader): CommitMessage {
  if (reader.u16() !== 1 || reader.u16() !== 1) throw new MlsError('commit is not a public MLS 1.0 message');
  const start = reader.offset;
  const groupId = reader.vector();
  const epoch = reader.u64();
  if (reader.u8() !== 1) throw new MlsError('commit does not come from a member');
  const senderLeaf = reader.u32();
  reader.vector(); // authenticated data
  if (reader.u8() !== 3) throw new MlsError('message is no commit');
  const proposalRefs = reader.list(readProposalRef);
  const path = reader.optional(readUpdatePath);
  const framedContent = reader.bytes.subarray(start, reader.offset);
  const [signature, confirmationTag, membershipTag] = [reader.vector(), reader.vector(), reader.vector()];
  return {
    groupId,
    epoch,
    senderLeaf,
    proposalRefs,
    path,
    framedContent,
    signature,
    confirmationTag,
    membershipTag,
  };
}
