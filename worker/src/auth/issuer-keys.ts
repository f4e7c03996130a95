import { createRemoteJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters } from 'jose';
import type { TokenIssuer } from './issuers.ts';
import { refuseToken } from './token-refusal.ts';

/** How long an issuer's server may take. Milliseconds. */
const TIMEOUT_MS = 3_000;
/** An unknown key, or a server that fails, is asked about again after this time: forged tokens make no flood. Milliseconds. */
const COOLDOWN_MS = 30_000;
const FAILURE_COOLDOWN_MS = 5_000;
/** Keys are used for so long before they are asked for again. Milliseconds. */
const KEPT_MS = 10 * 60_000;

interface RemoteKeys {
  get: ReturnType<typeof createRemoteJWKSet>;
  failedAt: number;
}
/** By address; lives as long as the isolate. */
const remotes = new Map<string, RemoteKeys>();

function remoteOf(url: URL): RemoteKeys {
  const known = remotes.get(url.href);
  if (known) return known;
  const get = createRemoteJWKSet(url, {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: KEPT_MS,
  });
  const made = { get, failedAt: Number.NEGATIVE_INFINITY };
  remotes.set(url.href, made);
  return made;
}

/** The key that a token of this issuer must be signed with. Header fields such as `jku` and `jwk` never choose it. */
export async function keyOf(issuer: TokenIssuer, header: JWSHeaderParameters, token: FlattenedJWSInput) {
  if (issuer.algorithm === 'HS256') return new TextEncoder().encode(issuer.secret);
  const remote = remoteOf(issuer.jwksUrl);
  if (Date.now() - remote.failedAt < FAILURE_COOLDOWN_MS) throw refuseToken('issuer_unavailable');
  try {
    return await remote.get(header, token);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
      throw refuseToken('key_unknown');
    }
    remote.failedAt = Date.now();
    console.error(`keys of issuer ${issuer.issuer} were not had: ${error instanceof Error ? error.message : error}`);
    throw refuseToken('issuer_unavailable');
  }
}
