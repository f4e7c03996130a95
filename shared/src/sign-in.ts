/** Sign-in of the dashboard in development: an operator mints a one-time code, the page exchanges it for a token. */
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

/** The claims of a browser token (JWT, 15 minutes). */
export const tokenClaimsSchema = z.object({
  sub: snowflake,
  guilds: z.array(snowflake),
  scope: tokenScopeSchema.default('self'),
  iss: z.string(),
  exp: z.int(),
});
export type TokenClaims = z.infer<typeof tokenClaimsSchema>;
