import { errorBody } from '@patchbay/shared/errors';
import { verify } from '@patchbay/shared/signing';
import type { Context } from 'hono';
import { type Env, settingsOf } from '../env.ts';

/** The largest body of a signed request, in bytes. */
export const MAX_BODY = 1024 * 1024;

export type SignedBody =
  | { ok: true; nodeId: string; nonce: string; body: Uint8Array }
  | { ok: false; response: Response };

/** Reads the body up to {@link MAX_BODY}, or `null` when it is longer. */
async function readBody(request: Request): Promise<Uint8Array | null> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY) return null;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body ?? []) {
    length += part.length;
    if (length > MAX_BODY) return null;
    parts.push(part);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** Verifies the HMAC of a request by a voice node or an operator, before anything else is touched. */
export async function readSigned(context: Context<{ Bindings: Env }>): Promise<SignedBody> {
  const request = context.req.raw;
  const body = await readBody(request);
  if (!body) {
    const message = `The body is over ${MAX_BODY} bytes. Send fewer events at once.`;
    return { ok: false, response: context.json(errorBody('body_too_large', message), 413) };
  }
  const url = new URL(request.url);
  const verification = await verify(settingsOf(context.env).HUB_SECRET, {
    method: request.method,
    path: url.pathname + url.search,
    headers: request.headers,
    body,
  });
  if (!verification.ok) {
    return { ok: false, response: context.json(errorBody(verification.code, verification.message), 401) };
  }
  return { ok: true, nodeId: verification.nodeId, nonce: verification.nonce, body };
}

/** The JSON of a body, or `undefined` when it is none. */
export function parseJson(body: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
