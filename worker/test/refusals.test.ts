import { sign } from '@patchbay/shared/signing';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { HUB_SECRET, JWT_SECRET, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

let world: World;
let node: TestNode;
/** Never authenticates. Opened first: its end takes seconds, and the other tests run meanwhile. */
let silent: TestBrowser;
beforeAll(async () => {
  world = await startWorld({ REFRESH_GRACE_MS: '0' });
  node = new TestNode(world, 'node-1');
  await node.connect([{ identityId: '501', guildIds: ['101'] }]);
  await node.report(snapshot('101', '501', '201', [person('301', '201')]));
  silent = new TestBrowser(world, '101');
});
afterAll(() => world.close());

async function problem(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
}
/** What must not change. */
const state = async () => (await world.env.GUILD.getByName('101').snapshot()).seq;

const join = (guild = '101') => ({
  type: 2,
  guild_id: guild,
  member: { permissions: '0', user: { id: '301' } },
  data: { name: 'call', options: [{ type: 1, name: 'join' }] },
});

test('forged, stale and malformed interactions are refused and change nothing', async () => {
  const before = await state();
  expect(await problem(await world.interaction(join(), { spoil: true }))).toEqual([401, 'signature_wrong']);
  const old = Math.floor(Date.now() / 1000) - 301;
  expect(await problem(await world.interaction(join(), { timestamp: old }))).toEqual([401, 'signature_stale']);
  expect(await problem(await world.interaction({ type: 9 }))).toEqual([400, 'interaction_malformed']);
  const bare = await world.fetch('/interactions', { method: 'POST', body: '{}' });
  expect(await problem(bare)).toEqual([401, 'signature_wrong']);
  expect(await state()).toBe(before);
});

test('PING is answered, an interaction works once, and a guild without the bot makes no object', async () => {
  expect(await (await world.interaction({ type: 1 })).json()).toEqual({ type: 1 });
  const objects = await world.harness.getWorker().listDurableObjectIds('GUILD');
  const stranger = (await (await world.interaction(join('777'))).json()) as { data: { content: string } };
  expect(stranger.data.content).toContain('not ready in this server');
  expect(await world.harness.getWorker().listDurableObjectIds('GUILD')).toEqual(objects);

  const first = (await (await world.interaction(join(), { id: '42' })).json()) as { data: { content: string } };
  expect(first.data.content).toContain('Place in the queue: 1');
  const after = await state();
  expect(await problem(await world.interaction(join(), { id: '42' }))).toEqual([409, 'interaction_replayed']);
  expect(await state()).toBe(after);
  expect(await world.command('101', '999', 'call stop')).toContain('Join the voice channel');
  expect(await world.command('101', '301', 'call stop')).toContain('left the queue');
  expect(await world.setup('101', '201')).toContain('queued when people join');
});

test('events: a wrong secret, a stale or tampered signature, another node, a malformed or huge body', async () => {
  const before = await state();
  const path = '/api/internal/events';
  const events = [
    {
      type: 'voice.joined',
      guildId: '101',
      member: person('302', '201'),
      id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      nodeId: 'node-1',
    },
  ].map((event) => ({ ...event, at: Date.now(), seq: 2 }));
  const batch = { stream: node.stream, events };
  const post = async (body: string, headers: Record<string, string>) =>
    problem(await world.fetch(path, { method: 'POST', headers, body }));
  const signedFor = (nodeId: string, body: string, more = {}) =>
    sign(HUB_SECRET, { method: 'POST', path, nodeId, body, ...more });
  const body = JSON.stringify(batch);

  expect(await problem(await node.post(events, 'x'.repeat(40)))).toEqual([401, 'signature_wrong']);
  expect(await post(body, {})).toEqual([401, 'signature_missing']);
  expect(await post(body, await signedFor('node-1', body, { timestamp: Date.now() - 301_000 }))).toEqual([
    401,
    'signature_stale',
  ]);
  expect(await post(body.replace('302', '303'), await signedFor('node-1', body))).toEqual([401, 'signature_wrong']);
  expect(await post(body, await signedFor('node-2', body))).toEqual([403, 'node_mismatch']);
  expect(await post('{"stream":1}', await signedFor('node-1', '{"stream":1}'))).toEqual([400, 'events_malformed']);
  const huge = 'x'.repeat(1024 * 1024 + 1);
  expect(await post(huge, await signedFor('node-1', huge))).toEqual([413, 'body_too_large']);
  expect(await state()).toBe(before);
});

test('the control socket takes a nonce once, and only for the node that signed', async () => {
  const path = '/api/internal/nodes/node-1/socket';
  const upgrade = (headers: Record<string, string>, to = path) =>
    new Promise<number | undefined>((resolve) => {
      const socket = world.open(to, headers);
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode));
      socket.once('error', () => resolve(undefined));
    });
  const headers = await sign(HUB_SECRET, { method: 'GET', path, nodeId: 'node-1', body: '' });
  expect(await upgrade(headers)).toBe(101);
  expect(await upgrade(headers)).toBe(409);
  const other = '/api/internal/nodes/node-2/socket';
  expect(await upgrade(await sign(HUB_SECRET, { method: 'GET', path: other, nodeId: 'node-1', body: '' }), other)).toBe(
    403,
  );
  expect(await upgrade({})).toBe(401);
});

test('tokens: forged, expired, alg none and of another guild are refused by socket and by route', async () => {
  const claims = { sub: '301', guilds: ['101'], scope: 'guild' as const };
  const { token } = await mintToken(JWT_SECRET, claims);
  const { token: forged } = await mintToken('y'.repeat(40), claims);
  const { token: expired } = await mintToken(JWT_SECRET, claims, Date.now() - 16 * 60_000);
  const { token: foreign } = await mintToken(JWT_SECRET, { ...claims, guilds: ['102'] });
  const unsigned = new UnsecuredJWT({ guilds: ['101'], scope: 'guild' })
    .setSubject('301')
    .setIssuer('patchbay')
    .setExpirationTime('5m')
    .encode();
  const otherIssuer = await new SignJWT({ guilds: ['101'], scope: 'guild' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('301')
    .setIssuer('somebody')
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(JWT_SECRET));

  const presence = async (bearer: string) => {
    const response = await world.fetch('/api/guilds/101/presence', { headers: { authorization: `Bearer ${bearer}` } });
    return response.status === 200 ? [200, 'ok'] : problem(response);
  };
  const closeCode = async (bearer: string) => {
    const browser = new TestBrowser(world, '101');
    await browser.auth(bearer);
    const code = await browser.closed;
    expect(browser.inbox.all.some((message) => message.type === 'event')).toBe(false);
    return code;
  };
  expect(await presence(token)).toEqual([200, 'ok']);
  const expected: [string, number, string, number][] = [
    [forged, 401, 'token_refused', 4001],
    [expired, 401, 'token_expired', 4001],
    [unsigned, 401, 'token_refused', 4001],
    [otherIssuer, 401, 'token_refused', 4001],
    [foreign, 403, 'not_your_guild', 4003],
  ];
  for (const [bearer, status, code, close] of expected) {
    expect(await presence(bearer)).toEqual([status, code]);
    expect(await closeCode(bearer)).toBe(close);
  }
});

test('a socket that never authenticates is closed with 4009, one that talks too fast with 4029', async () => {
  const fast = new TestBrowser(world, '101');
  await new Promise((resolve) => fast.socket.once('open', resolve));
  for (let count = 0; count < 61; count += 1) fast.socket.send('{"v":1,"type":"ack","n":0}');
  expect(await fast.closed).toBe(4029);
  expect(await silent.closed).toBe(4009);
});

test('sign-in: a code works once, a refresh cookie works once, and names are those of the token', async () => {
  const ask = { userId: '301', guilds: ['101'] };
  const path = '/api/internal/sign-in-codes';
  expect(await problem(await world.signedPost(path, 'node-1', ask))).toEqual([403, 'operator_only']);
  const answer = await world.signedPost(path, 'operator', ask);
  const { code } = (await answer.json()) as { code: string };
  const exchange = () => world.fetch('/api/auth/exchange', { method: 'POST', body: JSON.stringify({ code }) });
  const signedIn = await exchange();
  expect(signedIn.status).toBe(200);
  const cookie = signedIn.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/HttpOnly/i);
  expect(await problem(await exchange())).toEqual([401, 'code_refused']);
  const refresh = () =>
    world.fetch('/api/auth/refresh', { method: 'POST', headers: { cookie: cookie.split(';')[0] ?? '' } });
  const { token } = (await (await refresh()).json()) as { token: string };
  expect(await problem(await refresh())).toEqual([401, 'refresh_reused']);
  const guilds = await world.fetch('/api/guilds', { headers: { authorization: `Bearer ${token}` } });
  expect(await guilds.json()).toEqual({ guilds: [{ id: '101', name: 'Guild 101' }] });
});

test('unknown API routes answer in JSON, metrics need their token', async () => {
  expect(await problem(await world.fetch('/api/nothing'))).toEqual([404, 'route_unknown']);
  expect((await world.fetch('/metrics')).status).toBe(401);
  const authorization = 'Bearer metrics-token-of-the-tests';
  expect(await (await world.fetch('/metrics', { headers: { authorization } })).text()).toContain('patchbay_nodes 1');
});
