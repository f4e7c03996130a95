import { base64url, fromBase64url, type Purpose, sealingKey } from './keys.ts';

/** Of AES-GCM, in bytes. */
const IV_BYTES = 12;

/** Encrypts a value for this Worker alone: AES-GCM under a key of `JWT_SECRET` and the purpose, as base64url. */
export async function seal(secret: string, purpose: Purpose, value: unknown): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const text = new TextEncoder().encode(JSON.stringify(value));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await sealingKey(secret, purpose), text);
  return base64url(new Uint8Array([...iv, ...new Uint8Array(sealed)]));
}

/** What was sealed; `undefined` when it was not sealed by this secret for this purpose, or was changed since. */
export async function open(secret: string, purpose: Purpose, sealed: string): Promise<unknown> {
  const bytes = fromBase64url(sealed);
  if (!bytes || bytes.length <= IV_BYTES) return undefined;
  const algorithm = { name: 'AES-GCM', iv: bytes.subarray(0, IV_BYTES) };
  let text: ArrayBuffer;
  try {
    text = await crypto.subtle.decrypt(algorithm, await sealingKey(secret, purpose), bytes.subarray(IV_BYTES));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'OperationError') return undefined;
    throw error;
  }
  return JSON.parse(new TextDecoder().decode(text));
}
