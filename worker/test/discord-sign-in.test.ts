/** Sign-in with Discord: the real flow against the simulator, and what must not get through it. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { open } from '../src/auth/seal.ts';
import { CookieBrowser, type DiscordWorld, startDiscordWorld } from './discord-world.ts';
import { JWT_SECRET, startWorld } from './world.ts';

let discord: DiscordWorld;
let ada: string;
let people = 0;
beforeAll(async () => {
  discord = await startDiscordWorld({ REFRESH_GRACE_MS: '0' });
});
afterAll(() => discord.close());
beforeEach(async () => {
  await discord.sim.clearRestFaults();
  people += 1;
  ({ userId: ada } = await discord.sim.createMember(discord.guildId, { name: `ada ${people}` }));
});

const newBrowser = () => new CookieBrowser(discord.world);
async function signedIn(userId = ada): Promise<CookieBrowser> {
  const browser = newBrowser();
  expect(await browser.signIn(userId)).toBe('/');
  return browser;
}
function claimsOf(answer: Awaited<ReturnType<CookieBrowser['refresh']>>) {
  if (Array.isArray(answer)) throw new Error(`refused: ${answer.join(' ')}`);
  return decodeJwt(answer.token);
}
const storageOf = (browser: CookieBrowser) =>
  discord.world.harness.getWorker().getDurableObjectStorage('SIGN_IN', { name: idOf(browser) });
const idOf = (browser: CookieBrowser) => browser.cookies.get('patchbay_refresh')?.split('.')[0] ?? '';

test('a person signs in; the token is theirs, for the servers where the bot is, for fifteen minutes', async () => {
  const { guildId: elsewhere } = await discord.sim.createGuild({ name: 'without the bot' });
  await discord.sim.addMember(elsewhere, ada);
  const browser = newBrowser();
  const page = new URL(await browser.login());
  expect(Object.fromEntries(page.searchParams)).toMatchObject({
    response_type: 'code',
    scope: 'identify guilds',
    code_challenge_method: 'S256',
    client_id: discord.application.applicationId,
  });
  expect(page.searchParams.get('code_challenge')).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const back = await browser.fetch(await browser.decide(page.href, ada));
  expect([back.status, back.headers.get('location')]).toEqual([303, '/']);
  const [cookie] = back.headers.getSetCookie().filter((line) => line.startsWith('patchbay_refresh='));
  expect(cookie).toMatch(/HttpOnly/i);
  expect(cookie).toMatch(/SameSite=Strict/i);
  expect(cookie).toMatch(/Path=\/api\/auth/i);
  expect(cookie).not.toMatch(/Secure/i); // plain http here; over https it is

  const claims = claimsOf(await browser.refresh());
  expect(claims).toMatchObject({
    sub: ada,
    iss: 'patchbay',
    aud: 'patchbay',
    scope: 'guild',
    guilds: [discord.guildId],
  });
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900);
  const answer = await browser.refresh();
  const authorization = `Bearer ${'token' in answer ? answer.token : ''}`;
  const guilds = await discord.world.fetch('/api/guilds', { headers: { authorization } });
  expect(await guilds.json()).toMatchObject({ guilds: [{ id: discord.guildId }] });
});

test("Discord's tokens are stored encrypted, beside the person's id and servers", async () => {
  const browser = await signedIn();
  const [row] = await (await storageOf(browser)).exec<{ body: string }>('SELECT body FROM kept');
  const { userId, guilds, discord: sealed, ...rest } = JSON.parse(row?.body ?? '{}');
  expect([userId, guilds]).toEqual([ada, [discord.guildId]]);
  expect(Object.keys(rest).sort()).toEqual(['counter', 'expiresAt', 'renewedAt']);
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toMatch(/refresh|access/);
  expect(await open(JWT_SECRET, 'discord tokens', sealed)).toHaveProperty('refresh');
});

test('who says no, or comes back with a wrong state or none, is not signed in', async () => {
  const browser = newBrowser();
  const denied = await browser.fetch(await browser.decide(await browser.login(), ada, 'cancel'));
  expect(denied.headers.get('location')).toBe('/#sign-in=access_denied');

  const path = await browser.decide(await browser.login(), ada);
  const forged = await browser.fetch(path.replace(/state=[^&]+/, 'state=forged'));
  expect(forged.headers.get('location')).toBe('/#sign-in=state_wrong');
  // Another browser with the right address: the attempt is not its own.
  expect((await newBrowser().fetch(path)).headers.get('location')).toBe('/#sign-in=state_wrong');
  const forger = newBrowser();
  forger.cookies.set('patchbay_login', 'A'.repeat(80));
  expect((await forger.fetch(path)).headers.get('location')).toBe('/#sign-in=state_wrong');
  expect(browser.cookies.has('patchbay_refresh')).toBe(false);
  // A wrong state used nothing up: the right one still works.
  expect((await browser.fetch(path)).headers.get('location')).toBe('/');
});

test('a code works once, also with the cookie of its attempt, and the replay ends what it gave', async () => {
  const browser = newBrowser();
  const path = await browser.decide(await browser.login(), ada);
  const attempt = browser.cookies.get('patchbay_login') ?? '';
  expect((await browser.fetch(path)).headers.get('location')).toBe('/');
  expect((await browser.fetch(path)).headers.get('location')).toBe('/#sign-in=state_wrong');
  const thief = newBrowser();
  thief.cookies.set('patchbay_login', attempt);
  expect((await thief.fetch(path)).headers.get('location')).toBe('/#sign-in=code_refused');
  expect(thief.cookies.has('patchbay_refresh')).toBe(false);
  // Discord withdraws the tokens of a code that comes twice.
  expect(await browser.refresh()).toEqual([401, 'discord_revoked']);
});

test('a code of another attempt fails by its PKCE verifier', async () => {
  const victim = newBrowser();
  const attacker = newBrowser();
  const stolen = new URLSearchParams((await attacker.decide(await attacker.login(), ada)).split('?')[1]);
  const state = new URL(await victim.login()).searchParams.get('state') ?? '';
  const injected = await victim.fetch(`/api/auth/callback?code=${stolen.get('code')}&state=${state}`);
  expect(injected.headers.get('location')).toBe('/#sign-in=code_refused');
});

test('an old cookie that comes again ends the sign-in, for thief and owner', async () => {
  const browser = await signedIn();
  const old = browser.cookies.get('patchbay_refresh') ?? '';
  expect(await browser.refresh()).toHaveProperty('token');
  const thief = newBrowser();
  thief.cookies.set('patchbay_refresh', old);
  expect(await thief.refresh()).toEqual([401, 'refresh_reused']);
  expect(await browser.refresh()).toEqual([401, 'refresh_refused']);
  expect(browser.cookies.has('patchbay_refresh')).toBe(false);
});

test('a sign-in that was not used for a month is over', async () => {
  const browser = await signedIn();
  const storage = await storageOf(browser);
  await storage.exec("UPDATE kept SET body = json_set(body, '$.expiresAt', 1)");
  expect(await browser.refresh()).toEqual([401, 'refresh_refused']);
});

test('forged cookies reach no object', async () => {
  const before = await discord.world.harness.getWorker().listDurableObjectIds('SIGN_IN');
  const browser = newBrowser();
  browser.cookies.set('patchbay_refresh', `${'A'.repeat(22)}.0.${'A'.repeat(43)}`);
  expect(await browser.refresh()).toEqual([401, 'refresh_refused']);
  expect(await discord.world.harness.getWorker().listDurableObjectIds('SIGN_IN')).toEqual(before);
});

test('the list of servers is asked anew each time: who was kicked loses the server at the next renewal', async () => {
  const browser = await signedIn();
  expect(claimsOf(await browser.refresh()).guilds).toEqual([discord.guildId]);
  await discord.sim.kick(discord.guildId, ada);
  expect(claimsOf(await browser.refresh()).guilds).toEqual([]);
});

test('logging out ends the sign-in here and gives the tokens back to Discord, though it fails at first', async () => {
  const browser = await signedIn();
  const second = await signedIn();
  await discord.sim.setRestFault({ path: '/oauth2/token/revoke', times: 1, effect: { kind: 'status', status: 503 } });
  const cookie = browser.cookies.get('patchbay_refresh') ?? '';
  const id = idOf(browser);
  expect((await browser.post('/api/auth/logout')).status).toBe(204);
  expect(browser.cookies.has('patchbay_refresh')).toBe(false);
  browser.cookies.set('patchbay_refresh', cookie);
  expect(await browser.refresh()).toEqual([401, 'refresh_refused']);
  // The failed revocation is tried again; all of a person's tokens of one application go together (Discord's rule).
  await expect.poll(() => discord.world.env.SIGN_IN.getByName(id).owes(), { timeout: 20_000 }).toBe(false);
  expect(await second.refresh()).toEqual([401, 'discord_revoked']);
});

test('while Discord does not answer nobody is signed out', async () => {
  const browser = await signedIn();
  const path = '/users/@me/guilds';
  await discord.sim.setRestFault({ path, times: 1, effect: { kind: 'status', status: 502, body: 'html' } });
  expect(await browser.refresh()).toEqual([503, 'discord_unavailable']);
  await discord.sim.setRestFault({ path, times: 1, effect: { kind: 'hang' } });
  expect(await browser.refresh()).toEqual([503, 'discord_unavailable']);
  expect(await browser.refresh()).toHaveProperty('token');
  await discord.sim.setRestFault({ path: '/oauth2/token', times: 1, effect: { kind: 'status', status: 500 } });
  expect(await newBrowser().signIn(ada)).toBe('/#sign-in=discord_unavailable');
});

test('a POST of another page is refused, and does not end anything', async () => {
  const browser = await signedIn();
  for (const path of ['/api/auth/refresh', '/api/auth/logout', '/api/auth/exchange']) {
    const response = await browser.fetch(path, { method: 'POST', headers: { origin: 'https://evil.example' } });
    expect(response.status, path).toBe(403);
  }
  expect(await browser.refresh()).toHaveProperty('token');
});

test('sign-ins, refreshes and calls of Discord are counted, without ids', async () => {
  const headers = { authorization: 'Bearer metrics-token-of-the-tests' };
  const shown = async () => (await discord.world.fetch('/metrics', { headers })).text();
  for (const series of [
    'patchbay_sign_ins_total{way="discord",result="ok"}',
    'patchbay_sign_ins_total{way="discord",result="state_wrong"}',
    'patchbay_refreshes_total{result="refresh_reused"}',
    'patchbay_discord_requests_total{method="GET",route="/users/@me/guilds",status="200"}',
    'patchbay_discord_requests_total{method="GET",route="/users/@me/guilds",status="none"}',
    'patchbay_origin_refusals_total 3',
  ]) {
    await expect.poll(shown).toContain(series);
  }
  expect(await shown()).not.toMatch(/\d{15}/);
});

test('two tabs that renew at once, and an answer that got lost, share one renewal', async () => {
  const world = await startWorld();
  const tab = new CookieBrowser(world);
  const asked = await world.signedPost('/api/internal/sign-in-codes', 'operator', { userId: '301', guilds: ['101'] });
  expect((await tab.post('/api/auth/exchange', { code: ((await asked.json()) as { code: string }).code })).status).toBe(
    200,
  );
  const other = new CookieBrowser(world);
  for (const [name, value] of tab.cookies) other.cookies.set(name, value);
  for (const answer of await Promise.all([tab.refresh(), other.refresh()])) expect(answer).toHaveProperty('token');
  expect(tab.cookies).toEqual(other.cookies);
  expect(await tab.refresh()).toHaveProperty('token');
  await world.close();
});
