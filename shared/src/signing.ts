/**
 * Signs and verifies requests between voice nodes and the Worker.
 *
 * `x-patchbay-signature` = HMAC-SHA256(node key, `method\npath\nnode\ntimestamp\nnonce\nsha256(body)`) in hex; the node key is
 * HMAC-SHA256(`HUB_SECRET`, `patchbay node key\n` + node id). Only WebCrypto: runs in workerd, Node and browsers.
 */
const encoder = new TextEncoder();

/** UTF-8 in a buffer of its own: the runtimes disagree on the buffer type that `encode` declares. */
function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encoder.encode(text));
}

/** A signature older or newer than this is refused. Milliseconds. */
export const SIGNATURE_WINDOW_MS = 5 * 60 * 1000;

export const signatureHeaders = {
  node: 'x-patchbay-node',
  timestamp: 'x-patchbay-timestamp',
  nonce: 'x-patchbay-nonce',
  signature: 'x-patchbay-signature',
} as const;

export interface SignedRequest {
  method: string;
  /** Path with query, as in the request line. */
  path: string;
  nodeId: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  nonce: string;
  body: Uint8Array | string;
}

export type SignatureProblem = 'signature_missing' | 'signature_malformed' | 'signature_stale' | 'signature_wrong';

export type Verification =
  | { ok: true; nodeId: string; timestamp: number; nonce: string }
  | { ok: false; code: SignatureProblem; message: string };

const explanations: Record<SignatureProblem, string> = {
  signature_missing: 'Sign the request: one of the x-patchbay-* headers is missing.',
  signature_malformed: 'An x-patchbay-* header is malformed; see docs/protocol.md for their form.',
  signature_stale: 'The timestamp is more than five minutes off. Check the clock of the voice node.',
  signature_wrong: 'The signature does not fit. HUB_SECRET must be the same on the Worker and the voice node.',
};

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOf(data: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof data === 'string' ? utf8(data) : new Uint8Array(data);
}

/** SHA-256 of a body, in hex. */
export async function sha256Hex(data: Uint8Array | string): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytesOf(data)));
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<ArrayBuffer> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return crypto.subtle.sign('HMAC', imported, utf8(text));
}

/** The key of one node: a leaked node key does not open the others. */
export async function nodeKey(hubSecret: string, nodeId: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await hmac(utf8(hubSecret), `patchbay node key\n${nodeId}`));
}

async function signatureOf(hubSecret: string, request: SignedRequest): Promise<string> {
  const text = [
    request.method.toUpperCase(),
    request.path,
    request.nodeId,
    String(request.timestamp),
    request.nonce,
    await sha256Hex(request.body),
  ].join('\n');
  return hex(await hmac(await nodeKey(hubSecret, request.nodeId), text));
}

/**
 * The four headers of a signed request. Sign afresh at each try: the nonce is used once.
 *
 * @example
 * const headers = await sign(secret, { method: 'POST', path: '/api/internal/events', nodeId: 'node-1', body });
 */
export async function sign(
  hubSecret: string,
  request: Omit<SignedRequest, 'timestamp' | 'nonce'> & Partial<Pick<SignedRequest, 'timestamp' | 'nonce'>>,
): Promise<Record<string, string>> {
  const whole: SignedRequest = { timestamp: Date.now(), nonce: crypto.randomUUID(), ...request };
  return {
    [signatureHeaders.node]: whole.nodeId,
    [signatureHeaders.timestamp]: String(whole.timestamp),
    [signatureHeaders.nonce]: whole.nonce,
    [signatureHeaders.signature]: await signatureOf(hubSecret, whole),
  };
}

/** Compares in a time that depends on the length alone. */
function equalInConstantTime(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  return difference === 0;
}

function refused(code: SignatureProblem): Verification {
  return { ok: false, code, message: explanations[code] };
}

/**
 * Checks the headers of a signed request. `secrets` holds one secret, or two during a rotation; either may have signed.
 * Whoever accepts the request must also see that the nonce was not used before.
 */
export async function verify(
  secrets: readonly string[],
  request: { method: string; path: string; headers: Headers; body: Uint8Array | string; now?: number },
): Promise<Verification> {
  const { headers } = request;
  const nodeId = headers.get(signatureHeaders.node);
  const timestampText = headers.get(signatureHeaders.timestamp);
  const nonce = headers.get(signatureHeaders.nonce);
  const signature = headers.get(signatureHeaders.signature);
  if (!nodeId || !timestampText || !nonce || !signature) return refused('signature_missing');
  if (
    !/^[a-z0-9][a-z0-9-]{0,62}$/.test(nodeId) ||
    !/^\d{13}$/.test(timestampText) ||
    !/^[\w-]{8,64}$/.test(nonce) ||
    !/^[0-9a-f]{64}$/.test(signature)
  ) {
    return refused('signature_malformed');
  }
  const timestamp = Number(timestampText);
  if (Math.abs((request.now ?? Date.now()) - timestamp) > SIGNATURE_WINDOW_MS) return refused('signature_stale');
  for (const secret of secrets) {
    const expected = await signatureOf(secret, {
      method: request.method,
      path: request.path,
      nodeId,
      timestamp,
      nonce,
      body: request.body,
    });
    if (equalInConstantTime(expected, signature)) return { ok: true, nodeId, timestamp, nonce };
  }
  return refused('signature_wrong');
}
