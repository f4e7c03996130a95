import { createHash, randomBytes } from 'node:crypto';
import { REST } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../../control/client.ts';
import { type RestScene, refusal, startRestScene } from '../../testing/rest-scene.ts';
import { codeLifeMs, Grants } from './grants.ts';

const redirectUri = 'https://app.example/callback?x=1';
let scene: RestScene;
let ada: string;
let origin: string;
beforeEach(async () => {
  scene = await startRestScene();
  ada = scene.member('ada <b>');
  origin = new URL(scene.simulator.apiUrl).origin;
  const control = new SimControl(scene.simulator.controlUrl);
  await control.setRedirectUris(scene.application.id, [redirectUri]);
});
afterEach(() => scene.simulator.close());

const query = (more: Record<string, string> = {}) => ({
  client_id: scene.application.id,
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: 'identify guilds',
  state: 's/1',
  ...more,
});
const addressOf = (asked: Record<string, string>) => `${origin}/oauth2/authorize?${new URLSearchParams(asked)}`;

/** Loads the page, and presses a button of its form as a browser would. */
async function press(decision: string, asked: Record<string, string> = query(), fields: Record<string, string> = {}) {
  const page = await (await fetch(addressOf(asked))).text();
  const action = /<form method="post" action="([^"]+)">/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '';
  return fetch(origin + action, {
    method: 'POST',
    body: new URLSearchParams({ decision, user_id: ada, ...fields }),
    redirect: 'manual',
  });
}
const target = (answer: Response) => new URL(answer.headers.get('location') ?? '');
const codeFor = async (asked = query()) => target(await press('authorize', asked)).searchParams.get('code') ?? '';

async function post(path: string, form: Record<string, string>, basic = true) {
  const { id, clientSecret } = scene.application;
  const secret = Buffer.from(`${id}:${clientSecret}`).toString('base64');
  const answer = await fetch(`${scene.simulator.apiUrl}${path}`, {
    method: 'POST',
    headers: basic ? { authorization: `Basic ${secret}` } : {},
    body: new URLSearchParams(form),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}
const exchange = (code: string, more: Record<string, string> = {}) =>
  post('/oauth2/token', { grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...more });

test('the page names the application, its scopes and the people, and nobody can inject into it', async () => {
  const page = await (await fetch(addressOf(query()))).text();
  expect(page).toContain('<h1>bot wants to access your account</h1>');
  expect(page).toContain('<li>identify</li><li>guilds</li>');
  expect(page).toContain('ada &lt;b&gt;');
  expect(page).not.toMatch(/<script|<b>/);
});

test('authorize, exchange, use, refresh, revoke', async () => {
  const answer = await press('authorize');
  expect(answer.status).toBe(303);
  const back = target(answer);
  expect([back.origin, back.searchParams.get('x'), back.searchParams.get('state')]).toEqual([
    'https://app.example',
    '1',
    's/1',
  ]);
  const first = (await exchange(back.searchParams.get('code') ?? '')).body;
  expect(first).toMatchObject({ token_type: 'Bearer', expires_in: 604_800, scope: 'identify guilds' });

  // A client of its own for each, since the library forgets its token on 401.
  const bearer = (token: string | undefined) =>
    new REST({ version: '10', api: scene.simulator.apiUrl, authPrefix: 'Bearer', retries: 0 }).setToken(token ?? '');
  const rest = bearer(first.access_token);
  expect(await rest.get(Routes.user())).toMatchObject({ id: ada, bot: false });
  expect(await rest.get(Routes.userGuilds())).toMatchObject([
    { id: scene.guild.id, owner: false, permissions: expect.any(String) },
  ]);
  expect(await rest.get(Routes.oauth2CurrentAuthorization())).toMatchObject({
    scopes: ['identify', 'guilds'],
    user: { id: ada },
  });
  expect(await refusal(bearer(first.access_token).get(Routes.userGuildMember(scene.guild.id)))).toBe('401 0');
  expect(await refusal(bearer(first.access_token).get(Routes.guild(scene.guild.id)))).toBe('401 0');

  const refresh = (refresh_token = '') => post('/oauth2/token', { grant_type: 'refresh_token', refresh_token });
  const second = await refresh(first.refresh_token);
  expect(second.status).toBe(200);
  expect((await refresh(first.refresh_token)).body).toMatchObject({ error: 'invalid_grant' });
  expect(await refusal(bearer(first.access_token).get(Routes.user()))).toBe('401 0');
  expect(await refusal(bearer(second.body.access_token).get(Routes.user()))).toBe('accepted');
  expect((await post('/oauth2/token/revoke', { token: second.body.refresh_token ?? '' })).status).toBe(200);
  expect(await refusal(bearer(second.body.access_token).get(Routes.user()))).toBe('401 0');
});

test('a code works once, for its redirect address and its client; a second use ends what the first gave', async () => {
  const code = await codeFor();
  expect((await exchange(code, { redirect_uri: 'https://app.example/' })).body).toMatchObject({
    error: 'invalid_grant',
  });
  const { access_token } = (await exchange(code)).body;
  const me = () =>
    fetch(`${scene.simulator.apiUrl}/users/@me`, { headers: { authorization: `Bearer ${access_token}` } });
  expect((await me()).status).toBe(200);
  expect(await exchange(code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  expect((await me()).status).toBe(401);
  const secret = { client_id: scene.application.id, client_secret: 'wrong' };
  const form = { grant_type: 'authorization_code', code: await codeFor(), redirect_uri: redirectUri };
  expect(await post('/oauth2/token', { ...form, ...secret }, false)).toMatchObject({
    status: 401,
    body: { error: 'invalid_client' },
  });
  secret.client_secret = scene.application.clientSecret;
  expect((await post('/oauth2/token', { ...form, ...secret }, false)).status).toBe(200);
  expect((await post('/oauth2/token', { grant_type: 'password' })).body).toMatchObject({
    error: 'unsupported_grant_type',
  });
  const credentials = await post('/oauth2/token', { grant_type: 'client_credentials', scope: 'identify' });
  expect(credentials.body).toMatchObject({ scope: 'identify' });
  expect(credentials.body.refresh_token).toBeUndefined();
});

test('codes end after ten minutes, access tokens after a week', () => {
  const grants = new Grants();
  const code = { applicationId: '1', userId: '2', scopes: ['identify'], redirectUri };
  const value = grants.issueCode(code, 0);
  expect(grants.exchange(value, '1', codeLifeMs - 1)).toEqual(code);
  expect(grants.exchange(value, '1', codeLifeMs)).toBeUndefined();
  expect(grants.exchange(value, '3', 0)).toBeUndefined();
  const { accessToken } = grants.issueTokens(code, 0);
  expect(grants.byAccessToken(accessToken, 604_799_999)).toBeDefined();
  expect(grants.byAccessToken(accessToken, 604_800_000)).toBeUndefined();
});

test('PKCE: without the right verifier the code is worth nothing', async () => {
  const verifier = randomBytes(32).toString('base64url');
  const code_challenge = createHash('sha256').update(verifier).digest('base64url');
  const code = await codeFor(query({ code_challenge, code_challenge_method: 'S256' }));
  expect((await exchange(code)).body).toMatchObject({ error: 'invalid_grant' });
  expect((await exchange(code, { code_verifier: 'x'.repeat(43) })).body).toMatchObject({ error: 'invalid_grant' });
  expect((await exchange(code, { code_verifier: verifier })).status).toBe(200);
});

test('refusals: cancelled and wrong requests go back; wrong addresses and applications stay here', async () => {
  const error = (answer: Response) => target(answer).searchParams.get('error');
  expect(error(await press('cancel'))).toBe('access_denied');
  const load = (asked: Record<string, string>) => fetch(addressOf(asked), { redirect: 'manual' });
  expect(error(await load(query({ scope: 'everything' })))).toBe('invalid_scope');
  expect(error(await load(query({ response_type: 'token' })))).toBe('unsupported_response_type');
  for (const wrong of [{ redirect_uri: 'https://evil.example/' }, { client_id: '1' }]) {
    const answer = await load(query(wrong));
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null]);
  }
  expect((await press('authorize', query(), { user_id: scene.application.botUserId })).status).toBe(400);
});

test('prompt=none passes whoever has authorized before; a bot is added by who manages the guild', async () => {
  const answer = await press('authorize');
  await exchange(target(answer).searchParams.get('code') ?? '');
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  const again = await fetch(addressOf(query({ prompt: 'none' })), { headers: { cookie }, redirect: 'manual' });
  expect(target(again).searchParams.get('code')).toBeTruthy();

  const { world } = scene;
  const other = world.createGuild('other');
  const invite = query({ scope: 'bot applications.commands', permissions: '3072', guild_id: other.id });
  expect((await press('authorize', invite)).status).toBe(400);
  const added = target(await press('authorize', invite, { user_id: other.ownerId }));
  expect([added.searchParams.get('guild_id'), added.searchParams.get('permissions')]).toEqual([other.id, '3072']);
  const { body } = await exchange(added.searchParams.get('code') ?? '');
  expect(body.guild).toMatchObject({ id: other.id });
  expect(
    world.member(other.id, scene.application.botUserId).roleIds.map((id) => other.roles.get(id)?.permissions),
  ).toEqual([3072n]);
});
