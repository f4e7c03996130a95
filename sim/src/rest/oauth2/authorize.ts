/** https://discord.com/developers/docs/topics/oauth2#authorization-code-grant */
import { OAuth2Scopes, PermissionFlagsBits } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import type { World } from '../../world/world.ts';
import type { RestParts } from '../context.ts';
import { authorizePage, messagePage } from './page.ts';
import { type AuthorizeRequest, parseAuthorizeRequest, type Refusal } from './request.ts';

/** Who has last signed in with this browser. Only `prompt=none` and the page's preselection rest on it. */
const cookie = 'simulated_user';

const formSchema = z.object({
  decision: z.enum(['authorize', 'cancel']),
  user_id: z.string().optional(),
  guild_id: z.string().optional(),
});

export function authorizeRoutes(parts: RestParts): Hono {
  const { world } = parts;
  const app = new Hono();
  app.get('/oauth2/authorize', (context) => {
    const request = parseAuthorizeRequest(world, context.req.query());
    if ('error' in request) return refuse(context, request);
    const signedIn = getCookie(context, cookie);
    if (request.prompt === 'none' && !request.bot && signedIn !== undefined && world.users.has(signedIn)) {
      const { application, scopes } = request;
      if (parts.grants.covers(signedIn, application.id, scopes))
        return finish(parts, context, request, signedIn, undefined);
    }
    const { pathname, search } = new URL(context.req.url);
    return context.html(authorizePage(world, request, pathname + search, signedIn));
  });

  app.post('/oauth2/authorize', async (context) => {
    const request = parseAuthorizeRequest(world, context.req.query());
    if ('error' in request) return refuse(context, request);
    const form = formSchema.safeParse(await context.req.parseBody());
    if (!form.success) return refuse(context, { error: 'invalid_request', description: z.prettifyError(form.error) });
    if (form.data.decision === 'cancel') {
      const description = 'The resource owner or authorization server denied the request';
      const { redirectUri, state } = request;
      const redirect = redirectUri === undefined ? {} : { redirect: { uri: redirectUri, state } };
      return refuse(context, { error: 'access_denied', description, ...redirect });
    }
    const user = world.users.get(form.data.user_id ?? '');
    if (!user || user.bot) {
      const description = 'Choose who signs in: user_id must be the id of a simulated person.';
      return refuse(context, { error: 'invalid_request', description });
    }
    setCookie(context, cookie, user.id, { httpOnly: true, sameSite: 'Lax', path: '/' });
    const guildId = request.bot?.guildId ?? form.data.guild_id;
    if (request.bot) {
      const refusal = addBot(world, request, user.id, guildId);
      if (refusal) return refuse(context, refusal);
    }
    return finish(parts, context, request, user.id, request.bot ? guildId : undefined);
  });
  return app;
}

/** Only who manages the guild may add a bot to it. */
function addBot(
  world: World,
  request: AuthorizeRequest,
  userId: string,
  guildId: string | undefined,
): Refusal | undefined {
  const guild = world.guilds.get(guildId ?? '');
  const isMember = guild?.members.has(userId) ?? false;
  if (!guild || !isMember || !(world.guildPermissionsOf(guild.id, userId) & PermissionFlagsBits.ManageGuild))
    return { error: 'access_denied', description: 'Choose a server in which you have the Manage Server permission.' };
  world.addBot(guild.id, request.application.botUserId, request.bot?.permissions);
  return undefined;
}

function finish(
  { grants }: RestParts,
  context: Context,
  { application, scopes, redirectUri, state, challenge, bot }: AuthorizeRequest,
  userId: string,
  guildId: string | undefined,
) {
  if (redirectUri === undefined) return context.html(messagePage('Authorized', `${application.name} has been added.`));
  const code = grants.issueCode(
    { applicationId: application.id, userId, scopes, redirectUri, challenge, guildId },
    Date.now(),
  );
  return context.redirect(
    withQuery(redirectUri, {
      code,
      state,
      ...(bot && scopes.includes(OAuth2Scopes.Bot)
        ? { guild_id: guildId, permissions: bot.permissions.toString() }
        : {}),
    }),
    303,
  );
}

function refuse(context: Context, { error, description, redirect }: Refusal) {
  if (!redirect) return context.html(messagePage(error, description), 400);
  return context.redirect(
    withQuery(redirect.uri, { error, error_description: description, state: redirect.state }),
    303,
  );
}

function withQuery(uri: string, query: Record<string, string | undefined>): string {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}
