import { errorBody, PatchbayError } from '@patchbay/shared/errors';
import type { TokenClaims } from '@patchbay/shared/sign-in';
import type { Context } from 'hono';
import { type Env, settingsOf } from '../env.ts';
import { verifyToken } from './token.ts';

/** The claims of the request's bearer token, or the 401 (503: the issuer's keys cannot be had) that answers it. */
export async function readClaims(context: Context<{ Bindings: Env }>): Promise<TokenClaims | Response> {
  const token = /^Bearer (\S+)$/.exec(context.req.header('authorization') ?? '')?.[1];
  if (!token) return context.json(errorBody('token_missing', 'Send a token: Authorization: Bearer ….'), 401);
  try {
    return await verifyToken(settingsOf(context.env), token);
  } catch (error) {
    if (!(error instanceof PatchbayError)) throw error;
    return context.json(errorBody(error.code, error.message), error.code === 'issuer_unavailable' ? 503 : 401);
  }
}
