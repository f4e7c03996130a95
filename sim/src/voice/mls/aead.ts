import { createCipheriv, createDecipheriv } from 'node:crypto';
import { MlsError } from './codec.ts';

const tagBytes = 16;

/** AES-128-GCM, the tag behind the ciphertext. */
export function seal(key: Buffer, nonce: Buffer, additionalData: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(additionalData);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what {@link seal} closed. @throws MlsError when the key, the nonce or any byte is another one. */
export function open(key: Buffer, nonce: Buffer, additionalData: Uint8Array, sealed: Buffer): Buffer {
  if (sealed.length < tagBytes) throw new MlsError('ciphertext is shorter than its tag');
  const decipher = createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: tagBytes })
    .setAAD(additionalData)
    .setAuthTag(sealed.subarray(-tagBytes));
  const plaintext = decipher.update(sealed.subarray(0, -tagBytes));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    // Node says no more than that the tag is wrong.
    throw new MlsError('ciphertext does not belong to this key');
  }
}
