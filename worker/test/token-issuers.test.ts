/** Tokens of games: who may mint what, and every way to cheat, at the route and at the socket alike. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { JWT_SECRET, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

const SECRET = 'the secret of a game, of 32 bytes or more';
const RIVAL_SECRET = 'the secret of a rival game, also of 32 bytes';
const bytes = (text: string) => new TextEncoder().encode(text);

let world: World;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let otherKeys: Awaited<ReturnType<typeof generateKeyPair>>;
let server: Server;
const served: { status: number; body: unknown } = { status: 200, body: { keys: [] } };
const asked: string[] = [];

beforeAll(async () => {
  [keys, otherKeys] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  served.body = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'first', alg: 'ES256' }] };
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/hangs.json') return;
    const { status, body } = request.url === '/broken.json' ? { status: 500, body: {} } : served;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  world = await startWorld({
    TOKEN_ISSUERS: JSON.stringify([
      { issuer: 'my-game', algorithm: 'HS256', secret: SECRET, guilds: ['101', '102'] },
      { issuer: 'rival', algorithm: 'HS256', secret: RIVAL_SECRET, guilds: ['103'], scopes: ['self', 'guild'] },
      { issuer: 'keys', algorithm: 'ES256', jwksUrl: `${base}/jwks.json`, guilds: ['101'], scopes: ['self', 'guild'] },
      { issuer: 'broken', algorithm: 'RS256', jwksUrl: `${base}/broken.json`, guilds: ['101'] },
      { issuer: 'hangs', algorithm: 'EdDSA', jwksUrl: `${base}/hangs.json`, guilds: ['101'] },
    ]),
  });
  const node = new TestNode(world, 'node-1');
  await node.connect([{ identityId: '501', guildIds: ['101'] }]);
  await node.report(snapshot('101', '501', '201', [person('301', '201'), person('302', '201')]));
});
afterAll(async () => {
  await world.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const now = () => Math.floor(Date.now() / 1000);
const claims = (more: { [claim: string]: unknown } = {}): JWTPayload => ({
  iss: 'my-game',
  aud: 'patchbay',
  sub: '301',
  guilds: ['101'],
  iat: now(),
  exp: now() + 900,
  ...more,
});
const hs256 = (payload: JWTPayload, secret = SECRET) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(bytes(secret));
const es256 = (payload: JWTPayload, kid = 'first', pair = keys) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid }).sign(pair.privateKey);

let lastMessage = '';
/** What the route says: 200 with the members that are shown, or status and code. */
async function presence(token: string): Promise<unknown[]> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await world.fetch('/api/guilds/101/presence', { headers });
  const body = (await response.json()) as {
    error?: { code: string; message: string };
    snapshot?: { members: { userId: string }[] };
  };
  if (body.snapshot) return [response.status, body.snapshot.members.map(({ userId }) => userId)];
  lastMessage = body.error?.message ?? '';
  expect(lastMessage).toMatch(/\.$/);
  return [response.status, body.error?.code];
}
/** How the hub closes. */
async function closeCode(token: string): Promise<number> {
  const browser = new TestBrowser(world, '101');
  await browser.auth(token);
  const code = await browser.closed;
  expect(browser.inbox.all.some((message) => message.type === 'event')).toBe(false);
  return code;
}

test('a game mints tokens by secret or by published key; scope self unless it may give more', async () => {
  expect(await presence(await hs256(claims()))).toEqual([200, ['301']]);
  expect(await presence(await es256(claims({ iss: 'keys' })))).toEqual([200, ['301']]);
  expect(await presence(await es256(claims({ iss: 'keys', scope: 'guild' })))).toEqual([200, ['301', '302']]);
  const browser = new TestBrowser(world, '101');
  await browser.auth(await hs256(claims()));
  const first = await browser.event('presence.snapshot');
  expect(first).toMatchObject({ payload: { members: [{ userId: '301' }], channels: [] } });
  browser.socket.close();
});

test('the three lines of docs/operations.md mint a token that works', async () => {
  const { readFile } = await import('node:fs/promises');
  const page = await readFile(`${import.meta.dirname}/../../docs/operations.md`, 'utf8');
  const [, code = ''] = /```js\n(import \{ SignJWT[\s\S]*?)```/.exec(page) ?? [];
  const lines = code.trim().split('\n');
  expect(lines).toHaveLength(3);
  const body = `${lines.slice(1).join('\n')}\nreturn token;`;
  const run = new Function('SignJWT', 'process', 'userId', 'guildId', `return (async () => { ${body} })()`);
  const token = await run(SignJWT, { env: { GAME_SECRET: SECRET } }, '301', '101');
  expect(await presence(token)).toEqual([200, ['301']]);
});

test('every forgery is refused with the same code by route and socket', async () => {
  const own = claims({ iss: 'patchbay', scope: 'guild' });
  const [head = '', , tail = ''] = (await hs256(claims())).split('.');
  const publicPem = JSON.stringify(await exportJWK(keys.publicKey));
  const attacks: [what: string, sentence: string, token: string][] = [
    ['no algorithm', 'another algorithm', new UnsecuredJWT(claims()).encode()],
    ['no algorithm, as Patchbay', 'another algorithm', new UnsecuredJWT(own).encode()],
    ["signed as Patchbay with a game's secret", 'signature', await hs256(own)],
    ["signed as a game with Patchbay's secret", 'signature', await hs256(claims(), JWT_SECRET)],
    ["another issuer's secret", 'signature', await hs256(claims(), RIVAL_SECRET)],
    ["another issuer's key", 'signature', await es256(claims({ iss: 'keys' }), 'first', otherKeys)],
    ['an unpublished key', 'no key', await es256(claims({ iss: 'keys' }), 'second', otherKeys)],
    [
      'another algorithm',
      'another algorithm',
      await new SignJWT(claims()).setProtectedHeader({ alg: 'HS512' }).sign(bytes(SECRET)),
    ],
    ['a public key taken for a secret', 'another algorithm', await hs256(claims({ iss: 'keys' }), publicPem)],
    ['a key of a secret issuer', 'another algorithm', await es256(claims())],
    [
      'a payload put under another signature',
      'signature',
      `${head}.${btoa(JSON.stringify(own)).replaceAll('=', '')}.${tail}`,
    ],
    ['nobody', 'issuer', await hs256(claims({ iss: 'nobody' }))],
    ['no issuer', 'issuer', await hs256(claims({ iss: undefined }))],
    ['another audience', 'aud', await hs256(claims({ aud: 'somebody' }))],
    ['no audience', 'aud', await hs256(claims({ aud: undefined }))],
    ['no subject', 'needs sub', await hs256(claims({ sub: undefined }))],
    ['a subject that is no id', 'needs sub', await hs256(claims({ sub: 'ada' }))],
    ['no servers', 'needs sub', await hs256(claims({ guilds: undefined }))],
    ['no end', 'needs sub', await hs256(claims({ exp: undefined }))],
    ['no beginning', 'needs sub', await hs256(claims({ iat: undefined }))],
    ['too long a life', 'too long', await hs256(claims({ exp: now() + 901 }))],
    ['of the future', 'future', await hs256(claims({ iat: now() + 60, exp: now() + 120 }))],
    ['not valid yet', 'future', await hs256(claims({ nbf: now() + 60 }))],
    ['over its time', 'expired', await hs256(claims({ iat: now() - 900, exp: now() - 1 }))],
    ["a server that is not its issuer's", 'names a server', await hs256(claims({ guilds: ['101', '103'] }))],
    ['a scope that its issuer may not give', 'scope', await hs256(claims({ scope: 'guild' }))],
    ['an unknown scope', 'needs sub', await hs256(claims({ scope: 'all' }))],
    ['too large', 'too large', await hs256(claims({ padding: 'x'.repeat(8_000) }))],
    ['nonsense', 'no JWT', 'a.b.c'],
  ];
  for (const [what, sentence, token] of attacks) {
    const code = sentence === 'expired' ? 'token_expired' : 'token_refused';
    expect(await presence(token), what).toEqual([401, code]);
    expect(lastMessage, what).toContain(sentence);
    // Too large a token is no message of the protocol at all: that socket runs into its deadline.
    if (what !== 'too large') expect(await closeCode(token), what).toBe(4001);
  }
  // A rightful token of an issuer of other servers.
  const foreign = await hs256(claims({ iss: 'rival', guilds: ['103'], scope: 'guild' }), RIVAL_SECRET);
  expect(await presence(foreign)).toEqual([403, 'not_your_guild']);
  expect(await closeCode(foreign)).toBe(4003);
});

test('keys are asked for once, not for each forgery; a server that fails is left alone for a while', async () => {
  const before = asked.length;
  for (let each = 0; each < 5; each += 1) {
    expect(await presence(await es256(claims({ iss: 'keys' }), `unknown-${each}`, otherKeys))).toEqual([
      401,
      'token_refused',
    ]);
  }
  expect(asked.length - before).toBe(0);
  const rsa = await generateKeyPair('RS256');
  const broken = () =>
    new SignJWT(claims({ iss: 'broken' })).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(rsa.privateKey);
  for (let each = 0; each < 3; each += 1) expect(await presence(await broken())).toEqual([503, 'issuer_unavailable']);
  expect(asked.filter((path) => path === '/broken.json')).toHaveLength(1);
  const ed = await generateKeyPair('Ed25519');
  const hanging = await new SignJWT(claims({ iss: 'hangs' })).setProtectedHeader({ alg: 'EdDSA' }).sign(ed.privateKey);
  expect(await presence(hanging)).toEqual([503, 'issuer_unavailable']);
});

test("Patchbay's own tokens go on as before, and refusals are counted by reason", async () => {
  const { token } = await mintToken(JWT_SECRET, { sub: '301', guilds: ['101'], scope: 'guild' });
  expect(await presence(token)).toEqual([200, ['301', '302']]);
  const headers = { authorization: 'Bearer metrics-token-of-the-tests' };
  const shown = async () => (await world.fetch('/metrics', { headers })).text();
  for (const reason of ['algorithm', 'signature', 'issuer_unknown', 'audience', 'lifetime', 'guilds', 'scope']) {
    await expect.poll(shown).toContain(`patchbay_token_refusals_total{reason="${reason}"}`);
  }
});

test('other origins: refused unless they are in the setting', async () => {
  const origin = 'https://game.example';
  const bearer = { authorization: `Bearer ${await hs256(claims())}` };
  const closed = await world.fetch('/api/guilds/101/presence', { headers: { ...bearer, origin } });
  expect([closed.status, closed.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  const upgrade = (to: World, headers: Record<string, string>) =>
    new Promise<number>((resolve) => {
      const socket = to.open('/api/ws?guild=101', headers);
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      // The end of a refused socket is an error, too.
      socket.on('error', () => resolve(0));
    });
  expect(await upgrade(world, { origin })).toBe(403);
  expect(await upgrade(world, { origin: world.url.origin })).toBe(101);
  expect(await upgrade(world, {})).toBe(101);
});
