import type { KeyObject } from 'node:crypto';
import { MlsError, Reader, u16, u32, u64, vector } from './codec.ts';
import { signWithLabel, verifyWithLabel } from './signature.ts';

/** A leaf node (RFC 9420 §7.2). */
export interface LeafNode {
  encryptionKey: Buffer;
  signatureKey: Buffer;
  /** Identity of the basic credential. */
  identity: Buffer;
  /** 1: from a key package, 2: from an Update, 3: from a commit. */
  source: number;
  lifetime: { notBefore: bigint; notAfter: bigint } | undefined;
  parentHash: Buffer | undefined;
  /** Everything but the signature. */
  toBeSigned: Buffer;
  signature: Buffer;
  /** The whole leaf node. */
  bytes: Buffer;
}

/** The key pair that a member signs with. */
export interface SignatureKeys {
  privateKey: KeyObject;
  /** The uncompressed point. */
  publicKey: Buffer;
}

/** Where a leaf node stands; part of what is signed unless it comes from a key package. */
export interface LeafPlace {
  groupId: Buffer;
  leafIndex: number;
}

const basicCredential = 1;
const source = { keyPackage: 1, update: 2, commit: 3 };
/** DAVE key packages never expire. */
const alwaysValid = Buffer.concat([u64(0n), u64(0xffff_ffff_ffff_ffffn)]);
/** MLS 1.0, cipher suite 2, no extensions, no proposals, basic credentials: the capabilities of DAVE v1. */
const capabilities = Buffer.concat([vector(u16(1)), vector(u16(2)), vector(), vector(), vector(u16(basicCredential))]);

/** Reads a leaf node. @throws MlsError when it is malformed, or its credential is not basic. */
export function readLeafNode(reader: Reader): LeafNode {
  const start = reader.offset;
  const encryptionKey = reader.vector();
  const signatureKey = reader.vector();
  const credentialType = reader.u16();
  if (credentialType !== basicCredential) throw new MlsError(`credential type ${credentialType} is not basic (1)`);
  const identity = reader.vector();
  for (let i = 0; i < 5; i++) reader.vector(); // capabilities
  const origin = reader.u8();
  let lifetime: LeafNode['lifetime'];
  let parentHash: Buffer | undefined;
  if (origin === source.keyPackage) lifetime = { notBefore: reader.u64(), notAfter: reader.u64() };
  else if (origin === source.commit) parentHash = reader.vector();
  else if (origin !== source.update) throw new MlsError(`leaf node source ${origin} is unknown`);
  reader.vector(); // extensions
  const toBeSigned = reader.bytes.subarray(start, reader.offset);
  const signature = reader.vector();
  const bytes = reader.bytes.subarray(start, reader.offset);
  return {
    encryptionKey,
    signatureKey,
    identity,
    source: origin,
    lifetime,
    parentHash,
    toBeSigned,
    signature,
    bytes,
  };
}

/** Makes and signs a leaf node: for a key package, or with a parent hash for a commit. */
export function makeLeafNode(
  keys: SignatureKeys,
  identity: Buffer,
  encryptionKey: Buffer,
  commit?: LeafPlace & { parentHash: Buffer },
): LeafNode {
  const toBeSigned = Buffer.concat([
    vector(encryptionKey),
    vector(keys.publicKey),
    u16(basicCredential),
    vector(identity),
    capabilities,
    ...(commit
      ? [Buffer.from([source.commit]), vector(commit.parentHash)]
      : [Buffer.from([source.keyPackage]), alwaysValid]),
    vector(), // extensions
  ]);
  const signature = signWithLabel(keys.privateKey, 'LeafNodeTBS', signedContent(toBeSigned, commit));
  return readLeafNode(new Reader(Buffer.concat([toBeSigned, vector(signature)])));
}

/** Checks the signature of a leaf node. @throws MlsError when it is wrong, or the place is not known but needed. */
export function verifyLeafNode(leaf: LeafNode, place?: LeafPlace): void {
  const needsPlace = leaf.source !== source.keyPackage;
  if (needsPlace && !place) throw new MlsError('leaf node of a key package says that it is already in a group');
  const content = signedContent(leaf.toBeSigned, needsPlace ? place : undefined);
  if (!verifyWithLabel(leaf.signatureKey, 'LeafNodeTBS', content, leaf.signature)) {
    throw new MlsError('leaf node signature is wrong');
  }
}

function signedContent(toBeSigned: Buffer, place: LeafPlace | undefined): Buffer {
  return place ? Buffer.concat([toBeSigned, vector(place.groupId), u32(place.leafIndex)]) : toBeSigned;
}
