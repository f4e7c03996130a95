import { createHmac } from 'node:crypto';

const hashBytes = 32;

/** HMAC-SHA256. */
export function mac(key: Uint8Array, ...parts: Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** HKDF-Extract with SHA-256 (RFC 5869 §2.2). */
export function extract(salt: Uint8Array, ...inputKeyingMaterial: Uint8Array[]): Buffer {
  return mac(salt, ...inputKeyingMaterial);
}

/** HKDF-Expand with SHA-256 (RFC 5869 §2.3); `length` in bytes. */
export function expand(secret: Uint8Array, info: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  let last: Buffer = Buffer.alloc(0);
  for (let counter = 1; blocks.length * hashBytes < length; counter++) {
    last = mac(secret, last, info, Buffer.from([counter]));
    blocks.push(last);
  }
  const [only] = blocks;
  return (blocks.length === 1 && only ? only : Buffer.concat(blocks)).subarray(0, length);
}
