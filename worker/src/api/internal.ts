import { errorBody } from '@patchbay/shared/errors';
import { type EventAnswer, eventBatchSchema } from '@patchbay/shared/events';
import { OPERATOR_NODE_ID, signInCodeRequestSchema } from '@patchbay/shared/sign-in';
import { Hono } from 'hono';
import { parseJson, readSigned } from '../auth/signed.ts';
import { issueCode } from '../auth/tickets.ts';
import { openDb } from '../db/db.ts';
import { type Env, fleetOf, guildOf, settingsOf } from '../env.ts';

/** Routes of voice nodes and operators: signed with `HUB_SECRET`. */
export const internalRoutes = new Hono<{ Bindings: Env }>();

internalRoutes.post('/api/internal/events', async (context) => {
  const signed = await readSigned(context);
  if (!signed.ok) return signed.response;
  const batch = eventBatchSchema.safeParse(parseJson(signed.body));
  if (!batch.success) {
    const where = batch.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).slice(0, 5);
    return context.json(errorBody('events_malformed', `The batch does not fit the schema. ${where.join('; ')}`), 400);
  }
  const { stream, events } = batch.data;
  if (events.some((event) => event.nodeId !== signed.nodeId)) {
    return context.json(errorBody('node_mismatch', 'An event names another node than the signature.'), 403);
  }
  const accepted: EventAnswer['accepted'] = {};
  const byGuild = Map.groupBy(events, (event) => event.guildId);
  await Promise.all(
    Array.from(byGuild, async ([guildId, own]) => {
      try {
        accepted[guildId] = await guildOf(context.env, guildId).ingest(signed.nodeId, stream, own);
      } catch (error) {
        // Missing in the answer: the node sends these again.
        console.error(`events of guild ${guildId} were not taken`, error);
      }
    }),
  );
  return context.json({ accepted } satisfies EventAnswer);
});

internalRoutes.get('/api/internal/nodes/:id/socket', async (context) => {
  const signed = await readSigned(context);
  if (!signed.ok) return signed.response;
  if (context.req.param('id') !== signed.nodeId) {
    return context.json(errorBody('node_mismatch', 'The path names another node than the signature.'), 403);
  }
  if (context.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    return context.json(errorBody('upgrade_required', 'Open a WebSocket here.'), 426);
  }
  const fleet = fleetOf(context.env);
  if (!(await fleet.useNonce(signed.nodeId, signed.nonce))) {
    return context.json(errorBody('nonce_replayed', 'This nonce was used before. Sign afresh at each try.'), 409);
  }
  return fleet.fetch(context.req.raw);
});

internalRoutes.post('/api/internal/sign-in-codes', async (context) => {
  const signed = await readSigned(context);
  if (!signed.ok) return signed.response;
  if (signed.nodeId !== OPERATOR_NODE_ID) {
    return context.json(errorBody('operator_only', `Sign as "${OPERATOR_NODE_ID}".`), 403);
  }
  const request = signInCodeRequestSchema.safeParse(parseJson(signed.body));
  if (!request.success) {
    return context.json(errorBody('request_malformed', 'Send { userId, guilds }, both Discord ids.'), 400);
  }
  if (!(await fleetOf(context.env).useNonce(signed.nodeId, signed.nonce))) {
    return context.json(errorBody('nonce_replayed', 'This nonce was used before. Sign afresh at each try.'), 409);
  }
  const { token: code, expiresAt } = await issueCode(openDb(context.env, settingsOf(context.env)), request.data);
  return context.json({ code, expiresAt });
});
