import type { Context } from 'hono';
import type { Application } from '../../world/model.ts';
import { authorized, type RestParts } from '../context.ts';
import { unauthorized } from '../errors.ts';
import type { Tokens } from './grants.ts';

/** Who calls a route that takes both kinds of token. */
export type Caller =
  | { kind: 'bot'; userId: string; application: Application }
  | { kind: 'person'; userId: string; tokens: Tokens };

/** The bot, or the person whose access token has one of these scopes. Throws 401. */
export function callerOf({ world, grants }: RestParts, context: Context, ...scopes: string[]): Caller {
  const bearer = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
  if (bearer === undefined) {
    const application = authorized(world, context);
    return { kind: 'bot', userId: application.botUserId, application };
  }
  const tokens = grants.byAccessToken(bearer, Date.now());
  if (!tokens || (scopes.length > 0 && !scopes.some((scope) => tokens.scopes.includes(scope)))) throw unauthorized();
  return { kind: 'person', userId: tokens.userId, tokens };
}
