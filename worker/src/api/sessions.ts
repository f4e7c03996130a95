import { errorBody } from '@patchbay/shared/errors';
import { ulidSchema } from '@patchbay/shared/ids';
import { sessionChangeSchema, sessionRequestSchema } from '@patchbay/shared/session-requests';
import { OPERATOR_NODE_ID } from '@patchbay/shared/sign-in';
import { type Context, Hono } from 'hono';
import { ulid } from 'ulid';
import type { z } from 'zod';
import { parseJson, readSigned } from '../auth/signed.ts';
import { type Env, fleetOf, guildOf, sessionOf } from '../env.ts';
import type { ChangeAnswer } from '../session/changes.ts';

/** Sessions by hand, for operators: any matrix over any channels, and every change of a running call. */
export const sessionRoutes = new Hono<{ Bindings: Env }>();

/** The body of an operator's request, or the answer that refuses it. */
async function operatorBody<S extends z.ZodType>(
  context: Context<{ Bindings: Env }>,
  schema: S,
): Promise<{ body: z.output<S> } | { response: Response }> {
  const signed = await readSigned(context);
  if (!signed.ok) return { response: signed.response };
  if (signed.nodeId !== OPERATOR_NODE_ID) {
    return { response: context.json(errorBody('operator_only', `Sign as "${OPERATOR_NODE_ID}".`), 403) };
  }
  const parsed = schema.safeParse(parseJson(signed.body));
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).slice(0, 5);
    const message = `The request does not fit the schema; see docs/protocol.md. ${where.join('; ')}`;
    return { response: context.json(errorBody('request_malformed', message), 400) };
  }
  if (!(await fleetOf(context.env).useNonce(signed.nodeId, signed.nonce))) {
    const message = 'This nonce was used before. Sign afresh at each try.';
    return { response: context.json(errorBody('nonce_replayed', message), 409) };
  }
  return { body: parsed.data };
}

/** Why a session of these channels could not start as things stand, so that the operator reads it at once. */
async function obstacleTo(
  env: Env,
  legs: readonly { guildId: string; channelId: string }[],
): Promise<{ code: string; message: string } | null> {
  const role = legs.length === 1 ? 'recorder' : 'party';
  for (const { guildId, channelId } of legs) {
    const obstacle = await guildOf(env, guildId).obstacle(channelId, role);
    if (obstacle) return obstacle;
  }
  const { nodes } = await fleetOf(env).candidates(legs.map(({ guildId }) => guildId));
  if (nodes.length > 0) return null;
  const message =
    'No voice node that is up has room and a bot account for each of these channels (two channels of one server need two accounts).';
  return { code: 'no_identity', message };
}

sessionRoutes.post('/api/internal/sessions', async (context) => {
  const request = await operatorBody(context, sessionRequestSchema);
  if ('response' in request) return request.response;
  const { mode, legs, routes, limits, recordRequired } = request.body;
  for (const { guildId } of legs) {
    if (await fleetOf(context.env).hasGuild(guildId)) continue;
    return context.json(errorBody('guild_unknown', `No bot account of ours is in guild ${guildId}.`), 404);
  }
  const problem = await obstacleTo(context.env, legs);
  if (problem) {
    return context.json(errorBody(problem.code, problem.message), problem.code === 'channel_unknown' ? 404 : 409);
  }
  const sessionId = ulid();
  const tickets = legs.map(({ guildId, channelId, side }) => ({
    ticketId: null,
    guildId,
    channelId,
    ...(side ? { side } : {}),
  }));
  await sessionOf(context.env, sessionId).start({
    sessionId,
    pool: 'operator',
    mode,
    tickets,
    ...(routes ? { routes } : {}),
    ...(limits ? { limits } : {}),
    ...(recordRequired ? { recordRequired } : {}),
  });
  return context.json({ sessionId });
});

sessionRoutes.post('/api/internal/sessions/:id/changes', async (context) => {
  const request = await operatorBody(context, sessionChangeSchema);
  if ('response' in request) return request.response;
  const id = ulidSchema.safeParse(context.req.param('id'));
  const session = id.success ? sessionOf(context.env, id.data) : null;
  if (!session || (await session.record()) === null) {
    const message = 'There is no session with this id. Take the one that its start was answered with.';
    return context.json(errorBody('session_unknown', message), 404);
  }
  const { body } = request;
  let answer: ChangeAnswer = { ok: true };
  if (body.change === 'attach') answer = await session.attach(body.leg);
  if (body.change === 'detach') answer = await session.detach(body.legId);
  if (body.change === 'routes') answer = await session.setRoutes(body.routes);
  if (body.change === 'hold') answer = await session.hold(body.legId, body.on);
  if (body.change === 'volume') answer = await session.setVolume(body);
  if (body.change === 'transfer') answer = await session.transfer(body.fromLegId, body.to);
  if (body.change === 'stop') await session.stop('command');
  return answer.ok ? context.json(answer) : context.json(errorBody(answer.code, answer.message), 409);
});
