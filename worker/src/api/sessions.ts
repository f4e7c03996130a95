import { errorBody } from '@patchbay/shared/errors';
import { sessionChangeSchema, sessionRequestSchema } from '@patchbay/shared/session-requests';
import { OPERATOR_NODE_ID } from '@patchbay/shared/sign-in';
import { type Context, Hono } from 'hono';
import { ulid } from 'ulid';
import type { z } from 'zod';
import { parseJson, readSigned } from '../auth/signed.ts';
import { type Env, fleetOf, sessionOf } from '../env.ts';
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

sessionRoutes.post('/api/internal/sessions', async (context) => {
  const request = await operatorBody(context, sessionRequestSchema);
  if ('response' in request) return request.response;
  const { mode, legs, routes, limits, recordRequired } = request.body;
  for (const { guildId } of legs) {
    if (await fleetOf(context.env).hasGuild(guildId)) continue;
    return context.json(errorBody('guild_unknown', `No bot account of ours is in guild ${guildId}.`), 404);
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
  const session = sessionOf(context.env, context.req.param('id'));
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
