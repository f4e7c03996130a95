import { MlsError, Reader, u16, vector } from './codec.ts';
import { readLeafNode } from './key-package.ts';

/** What a delivery service needs to know of op 28. */
export interface CommitWelcome {
  groupId: Buffer;
  epoch: bigint;
  /** Leaf of the committer. */
  senderLeaf: number;
  /** ProposalRefs in hex, in the order in which they are applied. */
  proposalRefs: string[];
  /** The commit as an MLSMessage. */
  commit: Buffer;
  /** The Welcome, when members are added. */
  welcome: Welcome | undefined;
}

/** A Welcome (RFC 9420 §12.4.3.1) taken apart by receiver. */
export interface Welcome {
  cipherSuite: number;
  /** EncryptedGroupSecrets by KeyPackageRef in hex. */
  secrets: Map<string, Buffer>;
  encryptedGroupInfo: Buffer;
}

function readProposalRef(reader: Reader): string {
  const kind = reader.u8();
  if (kind !== 2) throw new MlsError('commit holds a proposal of its own; only references are allowed');
  return reader.vector().toString('hex');
}

function skipUpdatePath(reader: Reader): void {
  const present = reader.u8();
  if (present === 0) return;
  if (present !== 1) throw new MlsError('optional update path is neither 0 nor 1');
  readLeafNode(reader);
  reader.vector(); // path nodes
}

function readWelcome(reader: Reader): Welcome {
  const cipherSuite = reader.u16();
  const secrets = new Map<string, Buffer>();
  for (const [ref, bytes] of reader.list((inner) => {
    const start = inner.offset;
    const newMember = inner.vector().toString('hex');
    inner.vector(); // HPKE encapsulated key
    inner.vector(); // HPKE ciphertext
    return [newMember, inner.bytes.subarray(start, inner.offset)] as const;
  })) {
    secrets.set(ref, bytes);
  }
  return { cipherSuite, secrets, encryptedGroupInfo: reader.vector() };
}

/**
 * Reads op 28: a commit as MLSMessage and, straight behind it, a bare Welcome. Nothing marks the border, so the commit
 * is parsed to its end (RFC 9420 §6, §12.4).
 * @throws MlsError when the bytes are no public commit of a member, or hold anything else.
 */
export function readCommitWelcome(payload: Buffer): CommitWelcome {
  const reader = new Reader(payload);
  if (reader.u16() !== 1 || reader.u16() !== 1) throw new MlsError('commit is not a public MLS 1.0 message');
  const groupId = reader.vector();
  const epoch = reader.u64();
  if (reader.u8() !== 1) throw new MlsError('commit does not come from a member');
  const senderLeaf = reader.u32();
  reader.vector(); // authenticated data
  if (reader.u8() !== 3) throw new MlsError('message is no commit');
  const proposalRefs = reader.list(readProposalRef);
  skipUpdatePath(reader);
  reader.vector(); // signature
  reader.vector(); // confirmation tag
  reader.vector(); // membership tag
  const commit = payload.subarray(0, reader.offset);
  const welcome = reader.done ? undefined : readWelcome(reader);
  reader.end();
  return { groupId, epoch, senderLeaf, proposalRefs, commit, welcome };
}

/** The Welcome cut to one receiver, or undefined when it does not invite them. */
export function welcomeFor(welcome: Welcome, keyPackageRef: Buffer): Buffer | undefined {
  const secrets = welcome.secrets.get(keyPackageRef.toString('hex'));
  if (!secrets) return undefined;
  return Buffer.concat([u16(welcome.cipherSuite), vector(secrets), vector(welcome.encryptedGroupInfo)]);
}
