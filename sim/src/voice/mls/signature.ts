import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { MlsError, vector } from './codec.ts';
import type { SignatureKeys } from './leaf-node.ts';

/** SubjectPublicKeyInfo of P-256 up to the 65 bytes of the uncompressed point. */
const spkiPrefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/** SignContent of RFC 9420 §5.1.2. */
function signContent(label: string, content: Uint8Array): Buffer {
  return Buffer.concat([vector(Buffer.from(`MLS 1.0 ${label}`)), vector(content)]);
}

/** A fresh P-256 key pair to sign with. */
export function generateSignatureKeys(): SignatureKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, publicKey: pointOf(publicKey) };
}

/** SignWithLabel with ECDSA P-256 and SHA-256; the signature is DER, as in cipher suite 2. */
export function signWithLabel(key: KeyObject, label: string, content: Uint8Array): Buffer {
  return sign('sha256', signContent(label, content), key);
}

/** VerifyWithLabel; `point` is the uncompressed public key of 65 bytes. */
export function verifyWithLabel(point: Buffer, label: string, content: Uint8Array, signature: Buffer): boolean {
  if (point.length !== 65 || point[0] !== 4) throw new MlsError('signature key is not an uncompressed P-256 point');
  try {
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, point]), format: 'der', type: 'spki' });
    return verify('sha256', signContent(label, content), key, signature);
  } catch (error) {
    throw new MlsError(`signature key is not on the curve: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The 65-byte uncompressed point of a P-256 public key. */
export function pointOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(-65);
}

/** RefHash of RFC 9420 §5.2. */
export function refHash(label: string, value: Uint8Array): Buffer {
  return createHash('sha256')
    .update(vector(Buffer.from(`MLS 1.0 ${label}`)))
    .update(vector(value))
    .digest();
}
