import { createECDH } from 'node:crypto';
import { open, seal } from './aead.ts';
import { MlsError, u16, vector } from './codec.ts';
import { expand, extract } from './hkdf.ts';

/** A P-256 key pair: the uncompressed point of 65 bytes and the scalar of 32 bytes. */
export interface HpkeKeyPair {
  publicKey: Buffer;
  privateKey: Buffer;
}

/** HPKECiphertext (RFC 9420 §7.6). */
export interface HpkeCiphertext {
  /** The ephemeral public key. */
  kemOutput: Buffer;
  ciphertext: Buffer;
}

/** What sender and receiver bind a message to, hashed once for any number of messages. */
export type HpkeContext = Buffer;

const curve = 'prime256v1';
const scalarBytes = 32;
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const version = Buffer.from('HPKE-v1');
/** DHKEM(P-256, HKDF-SHA256). */
const kemSuite = Buffer.concat([Buffer.from('KEM'), u16(0x0010)]);
/** The same with HKDF-SHA256 and AES-128-GCM. */
const hpkeSuite = Buffer.concat([Buffer.from('HPKE'), u16(0x0010), u16(0x0001), u16(0x0001)]);
const none = Buffer.alloc(0);

function labeledExtract(suite: Buffer, salt: Buffer, label: string, material: Uint8Array): Buffer {
  return extract(salt, version, suite, Buffer.from(label), material);
}

function labeledExpand(suite: Buffer, secret: Buffer, label: string, info: Uint8Array, length: number): Buffer {
  return expand(secret, Buffer.concat([u16(length), version, suite, Buffer.from(label), info]), length);
}

/** A fresh key pair. */
export function generateHpkeKeys(): HpkeKeyPair {
  const ecdh = createECDH(curve);
  const publicKey = ecdh.generateKeys();
  return { publicKey, privateKey: leftPadded(ecdh.getPrivateKey()) };
}

/** DeriveKeyPair (RFC 9180 §7.1.3): the first candidate that is a scalar of the curve. */
export function deriveHpkeKeys(keyingMaterial: Buffer): HpkeKeyPair {
  const secret = labeledExtract(kemSuite, none, 'dkp_prk', keyingMaterial);
  for (let counter = 0; counter < 256; counter++) {
    const candidate = labeledExpand(kemSuite, secret, 'candidate', Buffer.from([counter]), scalarBytes);
    if (candidate.compare(order) >= 0 || candidate.every((byte) => byte === 0)) continue;
    const ecdh = createECDH(curve);
    ecdh.setPrivateKey(candidate);
    return { publicKey: ecdh.getPublicKey(), privateKey: candidate };
  }
  throw new MlsError('no scalar of P-256 can be derived from this secret');
}

/** The key schedule context of base mode (RFC 9180 §5.1): depends on `info` alone. */
export function hpkeContext(info: Uint8Array): HpkeContext {
  const pskIdHash = labeledExtract(hpkeSuite, none, 'psk_id_hash', none);
  return Buffer.concat([Buffer.from([0]), pskIdHash, labeledExtract(hpkeSuite, none, 'info_hash', info)]);
}

/** The context of EncryptWithLabel (RFC 9420 §5.1.3). */
export function labeledHpkeContext(label: string, context: Uint8Array): HpkeContext {
  return hpkeContext(Buffer.concat([vector(Buffer.from(`MLS 1.0 ${label}`)), vector(context)]));
}

/** SealBase of one message. @throws MlsError when the key is no point of the curve. */
export function hpkeSeal(publicKey: Buffer, context: HpkeContext, plaintext: Uint8Array, aad = none): HpkeCiphertext {
  const ephemeral = createECDH(curve);
  const kemOutput = ephemeral.generateKeys();
  const { key, nonce } = messageKeys(sharedPoint(ephemeral, publicKey), kemOutput, publicKey, context);
  return { kemOutput, ciphertext: seal(key, nonce, aad, plaintext) };
}

/** OpenBase of one message. @throws MlsError when it was not sealed for this key and context. */
export function hpkeOpen(keys: HpkeKeyPair, context: HpkeContext, sealed: HpkeCiphertext, aad = none): Buffer {
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(keys.privateKey);
  const shared = sharedPoint(ecdh, sealed.kemOutput);
  const { key, nonce } = messageKeys(shared, sealed.kemOutput, keys.publicKey, context);
  return open(key, nonce, aad, sealed.ciphertext);
}

function messageKeys(shared: Buffer, kemOutput: Buffer, publicKey: Buffer, context: HpkeContext) {
  const extracted = labeledExtract(kemSuite, none, 'eae_prk', shared);
  const kemContext = Buffer.concat([kemOutput, publicKey]);
  const sharedSecret = labeledExpand(kemSuite, extracted, 'shared_secret', kemContext, 32);
  const secret = labeledExtract(hpkeSuite, sharedSecret, 'secret', none);
  return {
    key: labeledExpand(hpkeSuite, secret, 'key', context, 16),
    nonce: labeledExpand(hpkeSuite, secret, 'base_nonce', context, 12),
  };
}

function sharedPoint(ecdh: ReturnType<typeof createECDH>, point: Buffer): Buffer {
  if (point.length !== 65 || point[0] !== 4) throw new MlsError('HPKE key is not an uncompressed P-256 point');
  try {
    return leftPadded(ecdh.computeSecret(point));
  } catch (error) {
    throw new MlsError(`HPKE key is not on the curve: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Node drops leading zero bytes of scalars. */
function leftPadded(scalar: Buffer): Buffer {
  return scalar.length === scalarBytes ? scalar : Buffer.concat([Buffer.alloc(scalarBytes - scalar.length), scalar]);
}
