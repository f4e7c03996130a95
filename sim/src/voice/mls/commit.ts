import { Reader, u16, vector } from './codec.ts';
import { type CommitMessage, readCommitMessage } from './commit-message.ts';

/** What a delivery service needs to know of op 28. */
export interface CommitWelcome extends Pick<CommitMessage, 'groupId' | 'epoch' | 'senderLeaf' | 'proposalRefs'> {
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

/** Reads a bare Welcome. @throws MlsError when it is malformed. */
export function readWelcome(reader: Reader): Welcome {
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
  const { groupId, epoch, senderLeaf, proposalRefs } = readCommitMessage(reader);
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
