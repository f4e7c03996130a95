import { base64url, fromBase64url, signingKey } from '../keys.ts';

/** What a refresh cookie says: which sign-in, and how often it was renewed. It is signed, so a guess reaches no object. */
export interface RefreshCookie {
  signInId: string;
  counter: number;
}

const format = /^([A-Za-z0-9_-]{22})\.(\d{1,9})\.([A-Za-z0-9_-]{43})$/;

const signed = ({ signInId, counter }: RefreshCookie) => new TextEncoder().encode(`${signInId}.${counter}`);

export async function refreshCookie(secret: string, content: RefreshCookie): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', await signingKey(secret, 'refresh cookie'), signed(content));
  return `${content.signInId}.${content.counter}.${base64url(new Uint8Array(mac))}`;
}

/** `null` for a cookie that this Worker did not make. */
export async function readRefreshCookie(secret: string, cookie: string): Promise<RefreshCookie | null> {
  const [, signInId = '', counter = '', mac = ''] = format.exec(cookie) ?? [];
  const bytes = fromBase64url(mac);
  if (signInId === '' || !bytes) return null;
  const content = { signInId, counter: Number(counter) };
  const key = await signingKey(secret, 'refresh cookie');
  return (await crypto.subtle.verify('HMAC', key, bytes, signed(content))) ? content : null;
}
