/** Sign-in of the dashboard: by Discord, or by a one-time code that an operator mints and the page exchanges. And the tokens. */
import { z } from 'zod';
import { snowflake } from './ids.ts';

/** The signer's name of requests that an operator (not a voice node) makes with `HUB_SECRET`. */
export const OPERATOR_NODE_ID = 'operator';

/** Body of `POST /api/internal/sign-in-codes`, signed by the operator. Answer: `{ code, expiresAt }`. */
export const signInCodeRequestSchema = z.strictObject({
  userId: snowflake,
  guilds: z.array(snowflake).min(1).max(200),
});

/** Body of `POST /api/auth/exchange`. Answer: `{ token, expiresAt }` and a refresh cookie. */
export const exchangeRequestSchema = z.strictObject({ code: z.string().min(16).max(128) });

/** Scope `self`: only that user's own `voice.*`; `guild`: what the user may see of the guild. */
export const tokenScopeSchema = z.enum(['self', 'guild']);

/** Longest life of a token, in seconds. */
export const TOKEN_SECONDS = 15 * 60;
/** Longest token in characters: one that names the 200 servers that a person may be in fits. */
export const MAX_TOKEN_LENGTH = 7 * 1024;

/** The claims of a token (JWT), be it of Patchbay itself or of a game's backend. `aud` must be `patchbay`. Times in seconds. */
export const tokenClaimsSchema = z.object({
  sub: snowflake,
  guilds: z.array(snowflake).max(1_000),
  scope: tokenScopeSchema.default('self'),
  iss: z.string(),
  iat: z.int(),
  exp: z.int(),
});
export type TokenClaims = z.infer<typeof tokenClaimsSchema>;
