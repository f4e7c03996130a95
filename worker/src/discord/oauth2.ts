/** OAuth2 with Discord: https://discord.com/developers/docs/topics/oauth2#authorization-code-grant */
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';
import type { Settings } from '../env.ts';
import { askDiscord, type DiscordAnswer } from './rest.ts';

/** What people are asked for: who they are and which servers they are in. Nothing more. */
export const SCOPES = ['identify', 'guilds'] as const;

type OAuth2Settings = Pick<
  Settings,
  'DISCORD_API_URL' | 'DISCORD_TIMEOUT_MS' | 'DISCORD_APPLICATION_ID' | 'DISCORD_CLIENT_SECRET'
>;

/** What a person has let us do. `expiresAt` of the access token, in milliseconds. */
export const discordTokensSchema = z.object({ access: z.string(), refresh: z.string(), expiresAt: z.number() });
export type DiscordTokens = z.infer<typeof discordTokensSchema>;

/** `refused`: Discord says no, and will say so again. `unavailable`: no answer, or none that helps. */
export type OAuth2Answer<T> = { ok: true; value: T } | { ok: false; problem: 'refused' | 'unavailable' };

const tokenAnswerSchema = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  expires_in: z.number(),
  scope: z.string(),
});
const userSchema = z.object({ id: snowflake });
const guildsSchema = z.array(z.object({ id: snowflake }));

/** Where people are sent; the page stands on the same host as the API. */
export function authorizeUrl(
  { DISCORD_API_URL, DISCORD_APPLICATION_ID }: OAuth2Settings,
  { redirectUri, state, challenge }: { redirectUri: string; state: string; challenge: string },
): string {
  const url = new URL('/oauth2/authorize', DISCORD_API_URL);
  url.search = new URLSearchParams({
    client_id: DISCORD_APPLICATION_ID,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: SCOPES.join(' '),
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    // Whoever has said yes before is not asked again.
    prompt: 'none',
  }).toString();
  return url.href;
}

/** Exchanges a code of the callback. */
export async function exchangeAuthorization(
  settings: OAuth2Settings,
  { code, verifier, redirectUri }: { code: string; verifier: string; redirectUri: string },
): Promise<OAuth2Answer<DiscordTokens>> {
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
  return tokensOf(await postForm(settings, '/oauth2/token', form));
}

/** New tokens for old ones, which are used up by it. */
export async function renewTokens(settings: OAuth2Settings, refresh: string): Promise<OAuth2Answer<DiscordTokens>> {
  return tokensOf(await postForm(settings, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: refresh }));
}

/** Gives all tokens of this authorization back. */
export async function revokeTokens(settings: OAuth2Settings, refresh: string): Promise<OAuth2Answer<null>> {
  const form = { token: refresh, token_type_hint: 'refresh_token' };
  return read(
    await postForm(settings, '/oauth2/token/revoke', form),
    z.unknown().transform(() => null),
  );
}

/** Whose tokens they are. */
export async function readUserId(settings: OAuth2Settings, access: string): Promise<OAuth2Answer<string>> {
  return read(
    await ask(settings, '/users/@me', access),
    userSchema.transform(({ id }) => id),
  );
}

/** The servers that the person is in: 200 at most, which is the most that anybody may be in. */
export async function readGuildIds(settings: OAuth2Settings, access: string): Promise<OAuth2Answer<string[]>> {
  return read(
    await ask(settings, '/users/@me/guilds', access),
    guildsSchema.transform((all) => all.map(({ id }) => id)),
  );
}

const ask = (settings: OAuth2Settings, path: string, access: string) =>
  askDiscord(settings, path, { method: 'GET', headers: { authorization: `Bearer ${access}` } });

function postForm(settings: OAuth2Settings, path: string, form: Record<string, string>): Promise<DiscordAnswer> {
  const { DISCORD_APPLICATION_ID: id, DISCORD_CLIENT_SECRET: secret = '' } = settings;
  return askDiscord(settings, path, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(form).toString(),
  });
}

function tokensOf(answer: DiscordAnswer): OAuth2Answer<DiscordTokens> {
  const granted = read(answer, tokenAnswerSchema);
  if (!granted.ok) return granted;
  const { access_token: access, refresh_token: refresh, expires_in, scope } = granted.value;
  // A person cannot take a scope away on Discord's page, but the address of that page can be changed on the way there.
  if (!SCOPES.every((each) => scope.split(' ').includes(each))) return { ok: false, problem: 'refused' };
  return { ok: true, value: { access, refresh, expiresAt: Date.now() + expires_in * 1000 } };
}

function read<T>(answer: DiscordAnswer, schema: z.ZodType<T>): OAuth2Answer<T> {
  if (answer.kind === 'later') return { ok: false, problem: 'unavailable' };
  if (answer.kind === 'refused') {
    // A wrong client secret is the operator's matter, and a 403 or 404 that of somebody in between: nobody's sign-in ends by it.
    if (answer.error === 'invalid_grant' || (answer.status === 401 && answer.error === undefined)) {
      return { ok: false, problem: 'refused' };
    }
    console.error(`discord: OAuth2 is refused (${answer.status} ${answer.error ?? ''}); check DISCORD_CLIENT_SECRET`);
    return { ok: false, problem: 'unavailable' };
  }
  const parsed = schema.safeParse(answer.body);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, problem: 'unavailable' };
}
