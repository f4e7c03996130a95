/** Keys for what this Worker keeps or hands out, each derived from `JWT_SECRET` for one purpose: none passes for another. */
export type Purpose = 'discord tokens' | 'login cookie' | 'refresh cookie';

const encoder = new TextEncoder();

async function derive(
  secret: string,
  purpose: Purpose,
  algorithm: Parameters<typeof crypto.subtle.deriveKey>[2],
  usages: ('encrypt' | 'decrypt' | 'sign' | 'verify')[],
): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey']);
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: encoder.encode(`patchbay ${purpose}`) };
  return crypto.subtle.deriveKey(hkdf, base, algorithm, false, usages);
}

/** AES-GCM, 256 bits. */
export const sealingKey = (secret: string, purpose: Purpose) =>
  derive(secret, purpose, { name: 'AES-GCM', length: 256 }, ['encrypt', 'decrypt']);

/** HMAC-SHA256. */
export const signingKey = (secret: string, purpose: Purpose) =>
  derive(secret, purpose, { name: 'HMAC', hash: 'SHA-256', length: 256 }, ['sign', 'verify']);

export const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** `null` for what is no base64url. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

/** So many random bytes in base64url. */
export const randomText = (bytes: number): string => base64url(crypto.getRandomValues(new Uint8Array(bytes)));
