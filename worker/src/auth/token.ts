import { PatchbayError } from '@patchbay/shared/errors';
import { type TokenClaims, tokenClaimsSchema } from '@patchbay/shared/sign-in';
import { errors, jwtVerify, SignJWT } from 'jose';

const ISSUER = 'patchbay';
/** Life of a browser token in seconds. */
export const TOKEN_SECONDS = 15 * 60;

const keyOf = (secret: string) => new TextEncoder().encode(secret);

/** Makes a browser token: HS256, 15 minutes. */
export async function mintToken(
  secret: string,
  claims: Pick<TokenClaims, 'sub' | 'guilds' | 'scope'>,
  now = Date.now(),
): Promise<{ token: string; expiresAt: number }> {
  const exp = Math.floor(now / 1000) + TOKEN_SECONDS;
  const token = await new SignJWT({ guilds: claims.guilds, scope: claims.scope })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(claims.sub)
    .setIssuer(ISSUER)
    .setExpirationTime(exp)
    .sign(keyOf(secret));
  return { token, expiresAt: exp * 1000 };
}

/**
 * The claims of a browser token. One algorithm per issuer: a token that says `none` or another one is refused.
 *
 * @throws {PatchbayError} `token_expired` or `token_refused`
 */
export async function verifyToken(secret: string, token: string): Promise<TokenClaims> {
  try {
    const { payload } = await jwtVerify(token, keyOf(secret), { issuer: ISSUER, algorithms: ['HS256'] });
    const claims = tokenClaimsSchema.safeParse(payload);
    if (claims.success) return claims.data;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new PatchbayError('token_expired', 'The token has expired. Refresh it and try again.');
    }
    if (!(error instanceof errors.JOSEError)) throw error;
  }
  throw new PatchbayError('token_refused', 'The token is not valid here. Sign in again.');
}
