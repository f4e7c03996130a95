/** Ed25519 over timestamp + body (https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint). */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/**
 * How an interaction is sent. `good`: as Discord does. The others are attacks: `forged` is signed with another key,
 * `tampered` changes the body after signing, `stale` is rightly signed with a timestamp of ten minutes ago, `missing`
 * has no signature headers, `replayed` is a good one sent a second time, byte for byte.
 */
export const variants = ['good', 'forged', 'tampered', 'stale', 'missing', 'replayed'] as const;
export type Variant = (typeof variants)[number];

const staleSeconds = 600;

/** The request as it goes out. */
export function signedRequest(
  body: string,
  key: KeyObject,
  variant: Variant,
  now: number = Date.now(),
): { headers: Record<string, string>; body: string } {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Discord-Interactions/1.0 (+https://discord.com)',
  };
  if (variant === 'missing') return { headers, body };
  const timestamp = String(Math.floor(now / 1000) - (variant === 'stale' ? staleSeconds : 0));
  const signer = variant === 'forged' ? generateKeyPairSync('ed25519').privateKey : key;
  const signature = sign(null, Buffer.from(timestamp + body), signer).toString('hex');
  return {
    headers: { ...headers, 'x-signature-ed25519': signature, 'x-signature-timestamp': timestamp },
    // One more space is still the same JSON, so that only the signature tells.
    body: variant === 'tampered' ? `${body} ` : body,
  };
}
