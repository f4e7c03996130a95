import { PatchbayError } from '@patchbay/shared/errors';
import { count } from '../metrics/registry.ts';

/** Why a token is refused: bounded, for the counters. The sentence is for whoever mints it. */
const sentences = {
  too_large: 'The token is too large. Name fewer servers.',
  malformed: 'This is no JWT. Send the token as it was issued.',
  issuer_unknown: 'Nobody here knows the issuer (iss) of this token. Sign in again, or add it to TOKEN_ISSUERS.',
  algorithm: 'The token is signed with another algorithm than its issuer is bound to.',
  signature: 'The signature of the token is wrong. Sign in again, or check the key of the issuer.',
  key_unknown: 'The issuer publishes no key for this token (kid). Publish it at its jwksUrl.',
  audience: 'The token is for somebody else: its aud must be "patchbay".',
  claims: 'The token needs sub and guilds (Discord ids), iat and exp.',
  not_yet: 'The token is of the future (iat or nbf). Check the clock of its issuer.',
  lifetime: 'The token lives too long. exp must be at most 15 minutes after iat.',
  guilds: 'The token names a server that its issuer may not speak for.',
  scope: 'The token has a scope that its issuer may not give.',
  expired: 'The token has expired. Refresh it and try again.',
  issuer_unavailable: 'The keys of the issuer of this token cannot be had now. Try again.',
} as const;
export type TokenRefusal = keyof typeof sentences;

/** `token_expired` and `issuer_unavailable` may be mended by the client; all others are `token_refused`: do not try again. */
export function refuseToken(reason: TokenRefusal): PatchbayError {
  count('patchbay_token_refusals_total', { reason });
  const known = { expired: 'token_expired', issuer_unavailable: 'issuer_unavailable' } as const;
  const code = reason === 'expired' || reason === 'issuer_unavailable' ? known[reason] : 'token_refused';
  return new PatchbayError(code, sentences[reason]);
}
