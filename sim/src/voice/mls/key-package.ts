import { MlsError, Reader } from './codec.ts';
import { refHash, verifyWithLabel } from './signature.ts';

/** A key package that passed every check. */
export interface KeyPackage {
  userId: string;
  /** The bare KeyPackage, as it goes into an Add proposal. */
  bytes: Buffer;
  /** KeyPackageRef: names the receiver inside a Welcome. */
  ref: Buffer;
}

const cipherSuite = 2; // MLS_128_DHKEMP256_AES128GCM_SHA256_P256, the one suite of DAVE v1
const basicCredential = 1;
const wireFormatKeyPackage = 5;

/** A leaf node (RFC 9420 §7.2), as far as a delivery service looks at it. */
export function readLeafNode(reader: Reader) {
  const start = reader.offset;
  reader.vector(); // encryption key
  const signatureKey = reader.vector();
  const credentialType = reader.u16();
  if (credentialType !== basicCredential) throw new MlsError(`credential type ${credentialType} is not basic (1)`);
  const identity = reader.vector();
  for (let i = 0; i < 5; i++) reader.vector(); // capabilities
  const source = reader.u8();
  let lifetime: { notBefore: bigint; notAfter: bigint } | undefined;
  if (source === 1) lifetime = { notBefore: reader.u64(), notAfter: reader.u64() };
  else if (source === 3)
    reader.vector(); // parent hash
  else if (source !== 2) throw new MlsError(`leaf node source ${source} is unknown`);
  reader.vector(); // extensions
  const toBeSigned = reader.bytes.subarray(start, reader.offset);
  return { signatureKey, identity, source, lifetime, toBeSigned, signature: reader.vector() };
}

/** Identity bytes of a user: the id as 8 bytes big-endian. */
export function identityOf(userId: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(userId));
  return bytes;
}

/**
 * Reads and checks op 26. Clients send a bare KeyPackage or one inside an MLSMessage; both are accepted.
 * @throws MlsError saying which rule is broken: suite 2, basic credential of `userId`, lifetime 0 to 2^64-1, signatures.
 */
export function readKeyPackage(payload: Buffer, userId: string): KeyPackage {
  const wrapped = payload.length >= 4 && payload.readUInt16BE(2) === wireFormatKeyPackage;
  const bytes = wrapped ? payload.subarray(4) : payload;
  const reader = new Reader(bytes);
  if (reader.u16() !== 1) throw new MlsError('key package is not of MLS version 1.0');
  const suite = reader.u16();
  if (suite !== cipherSuite) throw new MlsError(`key package has cipher suite ${suite}, DAVE v1 wants ${cipherSuite}`);
  reader.vector(); // init key
  const leaf = readLeafNode(reader);
  reader.vector(); // extensions
  const toBeSigned = bytes.subarray(0, reader.offset);
  const signature = reader.vector();
  reader.end();
  if (!leaf.identity.equals(identityOf(userId))) throw new MlsError('key package names another user');
  if (leaf.lifetime?.notBefore !== 0n || leaf.lifetime.notAfter !== 0xffff_ffff_ffff_ffffn) {
    throw new MlsError('key package lifetime is not 0 to 2^64-1');
  }
  if (!verifyWithLabel(leaf.signatureKey, 'LeafNodeTBS', leaf.toBeSigned, leaf.signature)) {
    throw new MlsError('leaf node signature is wrong');
  }
  if (!verifyWithLabel(leaf.signatureKey, 'KeyPackageTBS', toBeSigned, signature)) {
    throw new MlsError('key package signature is wrong');
  }
  return { userId, bytes: Buffer.from(bytes), ref: refHash('KeyPackage Reference', bytes) };
}
