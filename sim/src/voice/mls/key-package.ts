import { MlsError, Reader, u16, vector } from './codec.ts';
import { generateHpkeKeys, type HpkeKeyPair } from './hpke.ts';
import { type LeafNode, makeLeafNode, readLeafNode, type SignatureKeys, verifyLeafNode } from './leaf-node.ts';
import { refHash, signWithLabel, verifyWithLabel } from './signature.ts';

/** A key package that passed every check. */
export interface KeyPackage {
  userId: string;
  /** The bare KeyPackage, as it goes into an Add proposal. */
  bytes: Buffer;
  /** KeyPackageRef: names the receiver inside a Welcome. */
  ref: Buffer;
  /** What a Welcome is encrypted to. */
  initKey: Buffer;
  leaf: LeafNode;
}

/** A key package of one's own, with the private keys. */
export interface OwnKeyPackage {
  bytes: Buffer;
  ref: Buffer;
  leaf: LeafNode;
  initKeys: HpkeKeyPair;
  encryptionKeys: HpkeKeyPair;
}

const cipherSuite = 2; // MLS_128_DHKEMP256_AES128GCM_SHA256_P256, the one suite of DAVE v1
const wireFormatKeyPackage = 5;

/** Identity bytes of a user: the id as 8 bytes big-endian. */
export function identityOf(userId: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(userId));
  return bytes;
}

/** The user of an identity. @throws MlsError when it is not 8 bytes long. */
export function userIdOf(identity: Buffer): string {
  if (identity.length !== 8) throw new MlsError('identity is not a user id of 8 bytes');
  return identity.readBigUInt64BE().toString();
}

/** Makes a key package with fresh keys. */
export function makeKeyPackage(userId: string, signatureKeys: SignatureKeys): OwnKeyPackage {
  const initKeys = generateHpkeKeys();
  const encryptionKeys = generateHpkeKeys();
  const leaf = makeLeafNode(signatureKeys, identityOf(userId), encryptionKeys.publicKey);
  const toBeSigned = Buffer.concat([u16(1), u16(cipherSuite), vector(initKeys.publicKey), leaf.bytes, vector()]);
  const signature = signWithLabel(signatureKeys.privateKey, 'KeyPackageTBS', toBeSigned);
  const bytes = Buffer.concat([toBeSigned, vector(signature)]);
  return { bytes, ref: refHash('KeyPackage Reference', bytes), leaf, initKeys, encryptionKeys };
}

/**
 * Reads and checks op 26. Clients send a bare KeyPackage or one inside an MLSMessage; both are accepted.
 * @throws MlsError saying which rule is broken: suite 2, basic credential of `userId`, lifetime 0 to 2^64-1, signatures.
 */
export function readKeyPackage(payload: Buffer, userId: string): KeyPackage {
  const wrapped = payload.length >= 4 && payload.readUInt16BE(2) === wireFormatKeyPackage;
  const reader = new Reader(wrapped ? payload.subarray(4) : payload);
  const keyPackage = parseKeyPackage(reader);
  reader.end();
  if (keyPackage.userId !== userId) throw new MlsError('key package names another user');
  return keyPackage;
}

/**
 * Reads and checks a key package inside another message.
 * @throws MlsError saying which rule is broken, as {@link readKeyPackage}.
 */
export function parseKeyPackage(reader: Reader): KeyPackage {
  const start = reader.offset;
  if (reader.u16() !== 1) throw new MlsError('key package is not of MLS version 1.0');
  const suite = reader.u16();
  if (suite !== cipherSuite) throw new MlsError(`key package has cipher suite ${suite}, DAVE v1 wants ${cipherSuite}`);
  const initKey = reader.vector();
  const leaf = readLeafNode(reader);
  reader.vector(); // extensions
  const toBeSigned = reader.bytes.subarray(start, reader.offset);
  const signature = reader.vector();
  const bytes = Buffer.from(reader.bytes.subarray(start, reader.offset));
  if (leaf.lifetime?.notBefore !== 0n || leaf.lifetime.notAfter !== 0xffff_ffff_ffff_ffffn) {
    throw new MlsError('key package lifetime is not 0 to 2^64-1');
  }
  verifyLeafNode(leaf);
  if (!verifyWithLabel(leaf.signatureKey, 'KeyPackageTBS', toBeSigned, signature)) {
    throw new MlsError('key package signature is wrong');
  }
  return { userId: userIdOf(leaf.identity), bytes, ref: refHash('KeyPackage Reference', bytes), initKey, leaf };
}
