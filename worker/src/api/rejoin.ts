import { errorBody } from '@patchbay/shared/errors';
import { snowflake } from '@patchbay/shared/ids';
import { type RejoinAnswer, rejoinRequestSchema } from '@patchbay/shared/rejoin';
import { type Context, Hono } from 'hono';
import { parseJson } from '../auth/signed.ts';
import { readClaims } from '../auth/viewer.ts';
import { callDiscord } from '../discord/rest.ts';
import { type AccessRefusal, judgeAccess } from '../discord/voice-access.ts';
import { type Env, fleetOf, guildOf, settingsOf } from '../env.ts';
import { count } from '../metrics/registry.ts';

/** Back into voice after a drop-out: `POST /api/guilds/:guildId/voice/rejoin`. */
export const rejoinRoutes = new Hono<{ Bindings: Env }>();

/** A body is one id; more is not read. Bytes. */
const MAX_BODY = 1_024;

type Refusal = AccessRefusal | 'not_your_guild' | 'request_malformed' | 'too_many_requests';
const refusals: Record<Refusal, [status: 400 | 403 | 404 | 409 | 429 | 503, sentence: string]> = {
  request_malformed: [400, 'Send { "channelId": "…" }, the Discord id of a voice channel.'],
  not_your_guild: [403, 'The token does not speak for this server.'],
  guild_unknown: [404, 'The bot is not in this server. Ask its admins to invite it.'],
  not_in_guild: [403, 'You are not a member of this server any more. Ask for a new invitation.'],
  channel_gone: [404, 'This voice channel does not exist any more. Choose another one.'],
  no_permission: [403, 'You may not join this voice channel. Ask an admin of the server for View Channel and Connect.'],
  channel_full: [409, 'The voice channel is full. Wait until somebody leaves, or choose another one.'],
  discord_unavailable: [503, 'Discord does not answer now. Try again in a moment.'],
  too_many_requests: [429, 'Too many tries. Wait some seconds, then try again.'],
};

function refuse(context: Context, code: Refusal): Response {
  count('patchbay_rejoins_total', { result: code });
  const [status, sentence] = refusals[code];
  return context.json(errorBody(code, sentence), status);
}

rejoinRoutes.post('/api/guilds/:guildId/voice/rejoin', async (context) => {
  const claims = await readClaims(context);
  if (claims instanceof Response) {
    count('patchbay_rejoins_total', { result: 'token_refused' });
    return claims;
  }
  const guildId = context.req.param('guildId');
  if (!claims.guilds.includes(guildId)) return refuse(context, 'not_your_guild');
  const tooLong = Number(context.req.header('content-length') ?? 0) > MAX_BODY;
  const request = rejoinRequestSchema.safeParse(tooLong ? undefined : parseJson(await context.req.text()));
  if (!request.success || !snowflake.safeParse(guildId).success) return refuse(context, 'request_malformed');
  if (!(await fleetOf(context.env).hasGuild(guildId))) return refuse(context, 'guild_unknown');
  const { channelId } = request.data;
  const { sub: userId } = claims;
  const facts = await guildOf(context.env, guildId).rejoining(userId, channelId);
  if ('retryAfterMs' in facts) {
    context.header('retry-after', String(Math.ceil(facts.retryAfterMs / 1000)));
    return refuse(context, 'too_many_requests');
  }
  const settings = settingsOf(context.env);
  const get = (path: string) => callDiscord(settings, { method: 'GET', path });
  const [guild, member, channel] = await Promise.all([
    get(`/guilds/${guildId}`),
    get(`/guilds/${guildId}/members/${userId}`),
    get(`/channels/${channelId}`),
  ]);
  const question = { guildId, userId, others: facts.others, now: Date.now() };
  const refusal = judgeAccess(question, { guild, member, channel });
  if (refusal) return refuse(context, refusal);
  const elsewhere = facts.channelId !== null && facts.channelId !== channelId;
  if (elsewhere) {
    const path = `/guilds/${guildId}/members/${userId}`;
    const moved = await callDiscord(settings, { method: 'PATCH', path, body: { channel_id: channelId } });
    if (moved.kind === 'later') return refuse(context, 'discord_unavailable');
    // Refused: the bot may not move people, or they have left voice meanwhile. The link does it as well.
    if (moved.kind === 'ok') return answer(context, { kind: 'moved' });
  }
  const place = `${guildId}/${channelId}`;
  return answer(context, {
    kind: 'link',
    web: `https://discord.com/channels/${place}`,
    app: `discord://-/channels/${place}`,
  });
});

function answer(context: Context, body: RejoinAnswer): Response {
  count('patchbay_rejoins_total', { result: body.kind });
  return context.json(body);
}
