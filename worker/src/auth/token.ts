import { MAX_TOKEN_LENGTH, TOKEN_SECONDS, type TokenClaims, tokenClaimsSchema } from '@patchbay/shared/sign-in';
import { decodeJwt, errors, type FlattenedJWSInput, type JWSHeaderParameters, jwtVerify, SignJWT } from 'jose';
import { keyOf } from './issuer-keys.ts';
import { OWN_ISSUER, type TokenIssuer } from './issuers.ts';
import { refuseToken } from './token-refusal.ts';

export { TOKEN_SECONDS };

/** Who every token must be for. */
const AUDIENCE = 'patchbay';
/** A game's clock may be ahead of ours by this much. Seconds. */
const SKEW_SECONDS = 30;

export interface TokenSettings {
  JWT_SECRET: string;
  TOKEN_ISSUERS: readonly TokenIssuer[];
}

/** Makes a browser token: HS256, 15 minutes. */
export async function mintToken(
  secret: string,
  claims: Pick<TokenClaims, 'sub' | 'guilds' | 'scope'>,
  now = Date.now(),
): Promise<{ token: string; expiresAt: number }> {
  const iat = Math.floor(now / 1000);
  const exp = iat + TOKEN_SECONDS;
  const token = await new SignJWT({ guilds: claims.guilds, scope: claims.scope })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(claims.sub)
    .setIssuer(OWN_ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(new TextEncoder().encode(secret));
  return { token, expiresAt: exp * 1000 };
}

/** Whose token it says it is; `guilds: null`: of all. Nothing is believed yet. */
interface Expected {
  issuer: string;
  algorithm: string;
  guilds: readonly string[] | null;
  scopes: readonly string[];
  key: (header: JWSHeaderParameters, token: FlattenedJWSInput) => ReturnType<typeof keyOf>;
}

function expectedOf({ JWT_SECRET, TOKEN_ISSUERS }: TokenSettings, token: string): Expected {
  let name: unknown;
  try {
    name = decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JWTInvalid) throw refuseToken('malformed');
    throw error;
  }
  if (name === OWN_ISSUER) {
    const key = async () => new TextEncoder().encode(JWT_SECRET);
    return { issuer: OWN_ISSUER, algorithm: 'HS256', guilds: null, scopes: ['self', 'guild'], key };
  }
  const issuer = TOKEN_ISSUERS.find((each) => each.issuer === name);
  if (!issuer) throw refuseToken('issuer_unknown');
  return { ...issuer, key: (header, jws) => keyOf(issuer, header, jws) };
}

/**
 * The claims of a token, whoever minted it: this Worker or an issuer of the settings. The one check for sockets and routes. The
 * issuer that the token names decides key and algorithm; what the token's header says decides nothing.
 *
 * @throws {PatchbayError} `token_expired`, `token_refused` or `issuer_unavailable`
 */
export async function verifyToken(settings: TokenSettings, token: string): Promise<TokenClaims> {
  if (token.length > MAX_TOKEN_LENGTH) throw refuseToken('too_large');
  const expected = expectedOf(settings, token);
  const payload = await signedPayload(expected, token);
  const claims = tokenClaimsSchema.safeParse(payload);
  if (!claims.success) throw refuseToken('claims');
  const { iat, exp, guilds, scope } = claims.data;
  if (iat > Date.now() / 1000 + SKEW_SECONDS) throw refuseToken('not_yet');
  if (exp - iat > TOKEN_SECONDS) throw refuseToken('lifetime');
  if (expected.guilds && !guilds.every((guild) => expected.guilds?.includes(guild))) throw refuseToken('guilds');
  if (!expected.scopes.includes(scope)) throw refuseToken('scope');
  return claims.data;
}

async function signedPayload({ issuer, algorithm, key }: Expected, token: string): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, key, { issuer, audience: AUDIENCE, algorithms: [algorithm] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refuseToken('expired');
    if (error instanceof errors.JOSEAlgNotAllowed) throw refuseToken('algorithm');
    if (error instanceof errors.JWSSignatureVerificationFailed) throw refuseToken('signature');
    if (error instanceof errors.JWTClaimValidationFailed) {
      if (error.claim === 'aud') throw refuseToken('audience');
      throw refuseToken(error.claim === 'nbf' ? 'not_yet' : 'claims');
    }
    if (error instanceof errors.JOSEError) throw refuseToken('malformed');
    throw error;
  }
}
