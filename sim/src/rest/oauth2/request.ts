import { OAuth2Scopes } from 'discord-api-types/v10';
import { z } from 'zod';
import type { Application } from '../../world/model.ts';
import type { World } from '../../world/world.ts';

/** What the address of the authorize page asks for, checked. */
export interface AuthorizeRequest {
  application: Application;
  scopes: string[];
  /** Undefined for a bare invitation of a bot, which leads nowhere afterwards. */
  redirectUri: string | undefined;
  state: string | undefined;
  prompt: 'consent' | 'none';
  challenge: string | undefined;
  bot: { permissions: bigint; guildId: string | undefined } | undefined;
}

/** `redirect`: the wrong thing may be told to the application; otherwise only to the person (RFC 6749 §4.1.2.1). */
export interface Refusal {
  error: string;
  description: string;
  redirect?: { uri: string; state: string | undefined };
}

const querySchema = z.object({
  client_id: z.string(),
  scope: z.string().default(''),
  response_type: z.string().optional(),
  redirect_uri: z.string().optional(),
  state: z.string().optional(),
  prompt: z.enum(['consent', 'none']).default('consent'),
  code_challenge: z.string().optional(),
  code_challenge_method: z.string().optional(),
  permissions: z.string().regex(/^\d+$/, 'permissions must be a bit field in decimal digits').default('0'),
  guild_id: z.string().regex(/^\d+$/, 'guild_id must be an id').optional(),
});

const known = new Set<string>(Object.values(OAuth2Scopes));

export function parseAuthorizeRequest(world: World, query: Record<string, string>): AuthorizeRequest | Refusal {
  const parsed = querySchema.safeParse(query);
  if (!parsed.success) return { error: 'invalid_request', description: z.prettifyError(parsed.error) };
  const { client_id, redirect_uri, state, prompt, response_type, code_challenge, permissions, guild_id } = parsed.data;
  const application = world.applications.get(client_id);
  if (!application) return { error: 'invalid_client', description: 'Unknown application: check client_id.' };
  const scopes = parsed.data.scope.split(/[ +]/).filter((scope) => scope !== '');
  const isBot = scopes.includes(OAuth2Scopes.Bot);
  const bareInvitation = response_type === undefined && scopes.some((scope) => botScopes.has(scope));

  // Nobody is sent to an address that the application has not registered.
  if (redirect_uri === undefined ? !bareInvitation : !application.redirectUris.includes(redirect_uri)) {
    const description = `Invalid OAuth2 redirect_uri: ${redirect_uri ?? 'none'} is not registered for the application.`;
    return { error: 'invalid_request', description };
  }
  const refuse = (error: string, description: string): Refusal =>
    redirect_uri === undefined
      ? { error, description }
      : { error, description, redirect: { uri: redirect_uri, state } };
  if (!bareInvitation && response_type !== 'code')
    return refuse('unsupported_response_type', 'The only response_type here is "code".');
  if (scopes.length === 0 || scopes.some((scope) => !known.has(scope)))
    return refuse('invalid_scope', 'The requested scope is invalid, unknown, or malformed.');
  if (code_challenge !== undefined && parsed.data.code_challenge_method !== 'S256')
    return refuse('invalid_request', 'The only code_challenge_method is "S256".');
  return {
    application,
    scopes,
    redirectUri: redirect_uri,
    state,
    prompt,
    challenge: code_challenge,
    bot: isBot ? { permissions: BigInt(permissions), guildId: guild_id } : undefined,
  };
}

const botScopes = new Set<string>([OAuth2Scopes.Bot, OAuth2Scopes.ApplicationsCommands]);
