import { hash, randomBytes } from 'node:crypto';
import { MlsError, Reader, u16, u64, vector } from './codec.ts';
import { mac } from './hkdf.ts';
import { type EpochSecrets, epochSecretsOf, joinerSecretOf, secretsFrom } from './key-schedule.ts';
import type { LeafNode } from './leaf-node.ts';
import { Tree } from './tree.ts';

/** GroupContext (RFC 9420 §8.1) without version and cipher suite, which never change. */
export interface GroupContext {
  groupId: Buffer;
  epoch: bigint;
  treeHash: Buffer;
  confirmedTranscriptHash: Buffer;
  /** The extensions vector as it is on the wire. */
  extensions: Buffer;
}

/** One epoch of a group, as every member sees it. Never changed: a commit leads to another one. */
export interface GroupState {
  readonly context: GroupContext;
  /** The context's bytes. */
  readonly contextBytes: Buffer;
  readonly tree: Tree;
  readonly interimTranscriptHash: Buffer;
  readonly confirmationTag: Buffer;
  readonly secrets: EpochSecrets;
  /** Signature keys of those who may propose from outside. */
  readonly externalSenders: readonly Buffer[];
}

const cipherSuite = 2;
const externalSendersExtension = 5;
const none = Buffer.alloc(0);

export function writeGroupContext(context: GroupContext): Buffer {
  return Buffer.concat([
    u16(1),
    u16(cipherSuite),
    vector(context.groupId),
    u64(context.epoch),
    vector(context.treeHash),
    vector(context.confirmedTranscriptHash),
    context.extensions,
  ]);
}

export function readGroupContext(reader: Reader): GroupContext {
  if (reader.u16() !== 1) throw new MlsError('group is not of MLS version 1.0');
  if (reader.u16() !== cipherSuite) throw new MlsError(`group has another cipher suite than ${cipherSuite}`);
  const [groupId, epoch, treeHash, confirmedTranscriptHash] = [
    reader.vector(),
    reader.u64(),
    reader.vector(),
    reader.vector(),
  ];
  return { groupId, epoch, treeHash, confirmedTranscriptHash, extensions: vector(reader.vector()) };
}

/** The group of one before anybody is added (RFC 9420 §11); `externalSender` is the payload of op 25. */
export function createGroup(groupId: Buffer, externalSender: Buffer, leaf: LeafNode): GroupState {
  const tree = new Tree([leaf]);
  const extensions = vector(u16(externalSendersExtension), vector(vector(externalSender)));
  const context = { groupId, epoch: 0n, treeHash: tree.hash(), confirmedTranscriptHash: none, extensions };
  const secrets = secretsFrom(randomBytes(32));
  return stateOf(context, tree, secrets, mac(secrets.confirmationKey, none));
}

/** A state from its parts. @throws MlsError when the extensions cannot be read. */
export function stateOf(context: GroupContext, tree: Tree, secrets: EpochSecrets, confirmationTag: Buffer): GroupState {
  return {
    context,
    contextBytes: writeGroupContext(context),
    tree,
    interimTranscriptHash: hash(
      'sha256',
      Buffer.concat([context.confirmedTranscriptHash, vector(confirmationTag)]),
      'buffer',
    ),
    confirmationTag,
    secrets,
    externalSenders: readExternalSenders(context.extensions),
  };
}

/**
 * The epoch after a commit: the signed commit enters the transcript, the commit secret the key schedule
 * (RFC 9420 §8, §8.2). Answers the joiner secret too, which is what newcomers get.
 */
export function nextState(
  state: GroupState,
  tree: Tree,
  commit: { framedContent: Buffer; signature: Buffer },
  commitSecret: Buffer,
): { state: GroupState; joinerSecret: Buffer } {
  const transcript = [state.interimTranscriptHash, u16(1), commit.framedContent, vector(commit.signature)];
  const context = { ...provisionalContext(state, tree), confirmedTranscriptHash: sha256(transcript) };
  const contextBytes = writeGroupContext(context);
  const joinerSecret = joinerSecretOf(state.secrets.initSecret, commitSecret, contextBytes);
  const secrets = epochSecretsOf(joinerSecret, contextBytes);
  const confirmationTag = mac(secrets.confirmationKey, context.confirmedTranscriptHash);
  return { state: stateOf(context, tree, secrets, confirmationTag), joinerSecret };
}

/** The context that an UpdatePath is encrypted with: of the new epoch, but with the old transcript (RFC 9420 §12.4.1). */
export function provisionalContext({ context }: GroupState, tree: Tree): GroupContext {
  return { ...context, epoch: context.epoch + 1n, treeHash: tree.hash() };
}

/** The leaf of a member; undefined when they are not in the group. */
export function leafIndexOf(state: GroupState, signatureKey: Buffer): number | undefined {
  return state.tree.members().find(({ leaf }) => leaf.signatureKey.equals(signatureKey))?.leafIndex;
}

function readExternalSenders(extensions: Buffer): Buffer[] {
  const found = new Reader(extensions)
    .list((reader) => ({ type: reader.u16(), data: reader.vector() }))
    .find(({ type }) => type === externalSendersExtension);
  if (!found) return [];
  return new Reader(found.data).list((reader) => {
    const signatureKey = reader.vector();
    reader.u16(); // credential type
    reader.vector(); // identity
    return signatureKey;
  });
}

function sha256(parts: readonly Uint8Array[]): Buffer {
  return hash('sha256', Buffer.concat(parts), 'buffer');
}
