/** https://discord.com/developers/docs/topics/oauth2#authorization-code-grant, RFC 6749 §4 to §6. */
import { timingSafeEqual } from 'node:crypto';
import { OAuth2Scopes } from 'discord-api-types/v10';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Application } from '../../world/model.ts';
import { guildShape } from '../../world/shapes.ts';
import type { World } from '../../world/world.ts';
import type { RestParts } from '../context.ts';
import { OAuth2Error } from './errors.ts';
import { accessTokenSeconds, type Grants, type Tokens, verifierFits } from './grants.ts';

type Form = Record<string, string>;

export function tokenRoutes({ world, grants }: RestParts): Hono {
  const app = new Hono();
  app.post('/oauth2/token', (context) =>
    answering(context, async () => {
      const form = await formOf(context);
      const application = clientOf(world, context, form);
      const tokens = grant(world, grants, application, form, Date.now());
      context.header('Cache-Control', 'no-store'); // RFC 6749 §5.1
      return context.json(tokenShape(world, tokens));
    }),
  );
  app.post('/oauth2/token/revoke', (context) =>
    answering(context, async () => {
      const form = await formOf(context);
      const application = clientOf(world, context, form);
      // An unknown token is no error (RFC 7009 §2.2).
      grants.revoke(need(form, 'token'), application.id);
      return context.json({});
    }),
  );
  return app;
}

async function answering(context: Context, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OAuth2Error) return context.json(error.body(), error.status);
    throw error;
  }
}

function grant(world: World, grants: Grants, application: Application, form: Form, now: number): Tokens {
  switch (form.grant_type) {
    case 'authorization_code': {
      const value = need(form, 'code');
      const code = grants.exchange(value, application.id, now);
      if (!code) throw new OAuth2Error('invalid_grant', 'Invalid "code" in request.');
      if (form.redirect_uri !== code.redirectUri)
        throw new OAuth2Error('invalid_grant', 'Invalid "redirect_uri" in request.');
      if (code.challenge !== undefined && !verifierFits(code.challenge, form.code_verifier ?? ''))
        throw new OAuth2Error('invalid_grant', 'Invalid "code_verifier" in request.');
      return grants.issueTokens(code, now, { code: value });
    }
    case 'refresh_token': {
      const old = grants.refresh(need(form, 'refresh_token'), application.id);
      if (!old) throw new OAuth2Error('invalid_grant', 'Invalid "refresh_token" in request.');
      return grants.issueTokens(old, now);
    }
    case 'client_credentials': {
      const scopes = need(form, 'scope').split(' ');
      if (scopes.some((scope) => !knownScopes.has(scope)))
        throw new OAuth2Error('invalid_scope', 'The requested scope is invalid, unknown, or malformed.');
      const userId = developerOf(world, application);
      return grants.issueTokens({ applicationId: application.id, userId, scopes }, now, { refreshable: false });
    }
    default:
      throw new OAuth2Error('unsupported_grant_type', `Grant type ${form.grant_type ?? 'None'} is not supported`);
  }
}

const knownScopes = new Set<string>(Object.values(OAuth2Scopes));

/** Client credentials speak for the person who owns the application; they are made when first needed. */
function developerOf(world: World, application: Application): string {
  const name = `${application.name} developer`;
  return ([...world.users.values()].find(({ username }) => username === name) ?? world.createUser(name)).id;
}

async function formOf(context: Context): Promise<Form> {
  const type = context.req.header('content-type') ?? '';
  if (!type.startsWith('application/x-www-form-urlencoded'))
    throw new OAuth2Error('invalid_request', 'Send a form: content-type application/x-www-form-urlencoded.');
  return z.record(z.string(), z.string()).parse(await context.req.parseBody());
}

function need(form: Form, field: string): string {
  const value = form[field];
  if (!value) throw new OAuth2Error('invalid_request', `Missing "${field}" in request.`);
  return value;
}

/** By HTTP Basic, or by `client_id` and `client_secret` in the form (RFC 6749 §2.3.1). */
function clientOf(world: World, context: Context, form: Form): Application {
  const basic = /^Basic (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
  const [id = '', secret = ''] =
    basic === undefined
      ? [form.client_id, form.client_secret]
      : Buffer.from(basic, 'base64').toString().split(':', 2).map(formDecoded);
  const application = world.applications.get(id);
  if (!application || !same(application.clientSecret, secret))
    throw new OAuth2Error('invalid_client', 'Invalid client_id or client_secret.');
  return application;
}

/** As in a form; a lone percent sign stands for itself. */
function formDecoded(text: string): string {
  const [pair] = new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).values();
  return pair ?? '';
}

function same(expected: string, actual: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(actual)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function tokenShape(world: World, { accessToken, refreshToken, scopes, guildId }: Tokens) {
  const guild = world.guilds.get(guildId ?? '');
  return {
    token_type: 'Bearer',
    access_token: accessToken,
    expires_in: accessTokenSeconds,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    scope: scopes.join(' '),
    ...(guild ? { guild: guildShape(guild) } : {}),
  };
}
