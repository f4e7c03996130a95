/** Back into voice: each answer, with the simulated Discord in that state. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { type DiscordWorld, startDiscordWorld } from './discord-world.ts';
import { JWT_SECRET, person } from './world.ts';

const GAME = 'https://game.example';
let discord: DiscordWorld;
let guildId: string;
let ada: string;
let lobby: string;
let people = 0;
beforeAll(async () => {
  discord = await startDiscordWorld({ ALLOWED_ORIGINS: `${GAME}, http://127.0.0.1:5173` });
  ({ guildId } = discord);
});
afterAll(() => discord.close());
beforeEach(async () => {
  await discord.sim.clearRestFaults();
  people += 1;
  ({ userId: ada } = await discord.sim.createMember(guildId, { name: `ada ${people}` }));
  ({ channelId: lobby } = await discord.sim.createVoiceChannel(guildId, { name: `lobby ${people}` }));
});

const tokenOf = async (userId: string, guilds = [guildId], now = Date.now()) =>
  (await mintToken(JWT_SECRET, { sub: userId, guilds, scope: 'self' }, now)).token;

async function ask(
  channelId: unknown,
  { token, guild = guildId, headers = {} }: { token?: string; guild?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return discord.world.fetch(`/api/guilds/${guild}/voice/rejoin`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token ?? (await tokenOf(ada))}`, ...headers },
    body: JSON.stringify({ channelId }),
  });
}
async function rejoin(...request: Parameters<typeof ask>): Promise<[number, string]> {
  const response = await ask(...request);
  const body = (await response.json()) as { kind?: string; error?: { code: string; message: string } };
  if (body.error) expect(body.error.message).toMatch(/^[A-Z].+\.$/);
  return [response.status, body.kind ?? body.error?.code ?? ''];
}
/** Somebody is in a channel, in Discord and as the node reported it. */
async function joins(userId: string, channelId: string): Promise<void> {
  await discord.sim.join(userId, channelId);
  await discord.node.report({ type: 'voice.joined', guildId, member: person(userId, channelId) });
}
const channelOf = async (userId: string) =>
  (await discord.sim.voiceStates(guildId)).find((state) => state.userId === userId)?.channelId;

test('who is nowhere gets links for web and app', async () => {
  const response = await ask(lobby);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    kind: 'link',
    web: `https://discord.com/channels/${guildId}/${lobby}`,
    app: `discord://-/channels/${guildId}/${lobby}`,
  });
});

test('who is in another channel is moved, if the bot may; else the link does it', async () => {
  const { channelId: other } = await discord.sim.createVoiceChannel(guildId, { name: 'other' });
  await joins(ada, other);
  expect(await rejoin(lobby)).toEqual([200, 'link']);
  expect(await channelOf(ada)).toBe(other);
  await discord.sim.grant(guildId, discord.application.botUserId, ['MoveMembers']);
  expect(await rejoin(lobby)).toEqual([200, 'moved']);
  expect(await channelOf(ada)).toBe(lobby);
  // Gone from voice meanwhile, which was not reported yet: Discord refuses, the link helps.
  await discord.sim.leave(ada);
  expect(await rejoin(lobby)).toEqual([200, 'link']);
});

test('a token is needed, of this server; the body must be one id', async () => {
  expect(await rejoin(lobby, { token: 'nonsense' })).toEqual([401, 'token_refused']);
  expect(await rejoin(lobby, { token: await tokenOf(ada, [guildId], Date.now() - 901_000) })).toEqual([
    401,
    'token_expired',
  ]);
  expect(await rejoin(lobby, { token: await tokenOf(ada, ['1']) })).toEqual([403, 'not_your_guild']);
  expect(await rejoin(lobby, { guild: '1', token: await tokenOf(ada, ['1']) })).toEqual([404, 'guild_unknown']);
  for (const wrong of [undefined, 7, '', '../..', { id: lobby }, 'x'.repeat(2_000)]) {
    expect(await rejoin(wrong)).toEqual([400, 'request_malformed']);
  }
});

test('who was removed from the server is told so, and nothing of its channels', async () => {
  await discord.sim.kick(guildId, ada);
  expect(await rejoin(lobby)).toEqual([403, 'not_in_guild']);
  expect(await rejoin('1')).toEqual([403, 'not_in_guild']);
});

test('a deleted channel, a text channel and one of another server are gone', async () => {
  const { channelId: text } = await discord.sim.createTextChannel(guildId, { name: 'text' });
  const { guildId: elsewhere } = await discord.sim.createGuild({ name: 'elsewhere' });
  await discord.sim.addBot(elsewhere, discord.application.botUserId);
  const { channelId: foreign } = await discord.sim.createVoiceChannel(elsewhere, { name: 'foreign' });
  await discord.sim.deleteChannel(lobby);
  for (const channelId of [lobby, text, foreign]) expect(await rejoin(channelId)).toEqual([404, 'channel_gone']);
});

test('channels that the person may not see or join', async () => {
  for (const denied of ['ViewChannel', 'Connect']) {
    const overwrites = [
      { id: ada, type: 'member' as const, deny: [denied] },
      { id: discord.application.botUserId, type: 'member' as const, allow: ['ViewChannel', 'Connect'] },
    ];
    const { channelId } = await discord.sim.createVoiceChannel(guildId, { name: 'closed', overwrites });
    expect(await rejoin(channelId), denied).toEqual([403, 'no_permission']);
  }
  const hidden = [{ id: guildId, type: 'role' as const, deny: ['ViewChannel'] }];
  const { channelId } = await discord.sim.createVoiceChannel(guildId, { name: 'hidden', overwrites: hidden });
  expect(await rejoin(channelId)).toEqual([403, 'no_permission']);
});

test('a full channel, and those who pass it', async () => {
  const { channelId: small } = await discord.sim.createVoiceChannel(guildId, { name: 'small', userLimit: 1 });
  expect(await rejoin(small)).toEqual([200, 'link']);
  const { userId: ben } = await discord.sim.createMember(guildId, { name: 'ben' });
  await joins(ben, small);
  expect(await rejoin(small)).toEqual([409, 'channel_full']);
  // Who is in it already takes no second place.
  expect(await rejoin(small, { token: await tokenOf(ben) })).toEqual([200, 'link']);
  await discord.sim.grant(guildId, ada, ['MoveMembers']);
  expect(await rejoin(small)).toEqual([200, 'link']);
});

test.each([
  ['an error of Discord', { kind: 'status', status: 502, body: 'html' }],
  ['an unexpected limit', { kind: 'rate_limited', retryAfter: 5 }],
  ['a broken connection', { kind: 'reset' }],
  ['no answer', { kind: 'hang' }],
] as const)('%s: try again', async (_name, effect) => {
  for (const path of [`/guilds/${guildId}`, `/channels/${lobby}`]) {
    await discord.sim.setRestFault({ method: 'GET', path, times: 1, effect });
    expect(await rejoin(lobby)).toEqual([503, 'discord_unavailable']);
  }
  expect(await rejoin(lobby)).toEqual([200, 'link']);
});

test('the sixth try within seconds has to wait, that of somebody else has not', async () => {
  for (let each = 0; each < 5; each += 1) expect(await rejoin(lobby)).toEqual([200, 'link']);
  const response = await ask(lobby);
  expect(response.status).toBe(429);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  const { userId: ben } = await discord.sim.createMember(guildId, { name: 'ben' });
  expect(await rejoin(lobby, { token: await tokenOf(ben) })).toEqual([200, 'link']);
});

test("a game's page of another origin may ask, others may not", async () => {
  const path = `/api/guilds/${guildId}/voice/rejoin`;
  const preflight = (origin: string) =>
    discord.world.fetch(path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
  const allowed = await preflight(GAME);
  expect(allowed.status).toBe(204);
  expect(allowed.headers.get('access-control-allow-origin')).toBe(GAME);
  expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
  expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
  const answer = await ask(lobby, { headers: { origin: GAME } });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, GAME]);
  // Refusals can be read by the page, too.
  const refused = await ask('1', { headers: { origin: GAME } });
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([404, GAME]);
  expect((await preflight('https://evil.example')).status).toBe(403);
  expect(await rejoin(lobby, { headers: { origin: 'https://evil.example' } })).toEqual([403, 'origin_refused']);
  const upgraded = discord.world.open(`/api/ws?guild=${guildId}`, { origin: GAME });
  await new Promise((resolve, reject) => upgraded.once('open', resolve).once('error', reject));
});

test('rejoins are counted by result, calls of Discord by route', async () => {
  const headers = { authorization: 'Bearer metrics-token-of-the-tests' };
  const shown = async () => (await discord.world.fetch('/metrics', { headers })).text();
  for (const result of ['link', 'moved', 'not_in_guild', 'channel_gone', 'no_permission', 'channel_full']) {
    await expect.poll(shown).toContain(`patchbay_rejoins_total{result="${result}"}`);
  }
  const text = await shown();
  expect(text).toContain('{method="PATCH",route="/guilds/:id/members/:id",status="403"}');
  expect(text).toContain('{method="GET",route="/channels/:id",status="404"}');
  // No id is ever a label.
  expect(text).not.toMatch(/"[^"\n]*\d{15}/);
});
