import { directMessageSchema } from '@patchbay/shared/direct-messages';
import { errorBody } from '@patchbay/shared/errors';
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { OPERATOR_NODE_ID } from '@patchbay/shared/sign-in';
import { Hono } from 'hono';
import { parseJson, readSigned } from '../auth/signed.ts';
import { type Env, fleetOf, recordingOf } from '../env.ts';
import { recordsAnswer } from '../interactions/recordings.ts';
import { text } from '../interactions/texts/texts.ts';

/** Recordings for voice nodes, which pass on direct messages, and for operators. Signed with `HUB_SECRET`. */
export const recordingInternalRoutes = new Hono<{ Bindings: Env }>();

/** Discord's epoch: ids hold the instant at which they were made. */
const DISCORD_EPOCH_MS = 1_420_070_400_000;
/** A message that is older than this is not answered: its id may have been forgotten. Milliseconds. */
const MESSAGE_FRESH_MS = 5 * 60_000;

const madeAt = (id: string): number => Number(BigInt(id) >> 22n) + DISCORD_EPOCH_MS;

recordingInternalRoutes.post('/api/internal/direct-messages', async (context) => {
  const signed = await readSigned(context);
  if (!signed.ok) return signed.response;
  const message = directMessageSchema.safeParse(parseJson(signed.body));
  if (!message.success) {
    return context.json(errorBody('request_malformed', 'Send { userId, messageId, content }.'), 400);
  }
  const { userId, messageId, content } = message.data;
  const { env } = context;
  if (Math.abs(Date.now() - madeAt(messageId)) > MESSAGE_FRESH_MS) {
    return context.json(errorBody('message_stale', 'The message is more than five minutes old.'), 409);
  }
  const fleet = fleetOf(env);
  const fresh = (await fleet.useNonce(signed.nodeId, signed.nonce)) && (await fleet.useNonce('message', messageId));
  if (!fresh) return context.json(errorBody('message_replayed', 'This message was answered before.'), 409);
  const [, channelId] = /^!records\s+<?#?(\d{1,20})>?\s*$/.exec(content) ?? [];
  const say = (key: Parameters<typeof text>[1], values?: Record<string, string | number>) => text('en', key, values);
  if (!snowflake.safeParse(channelId).success || channelId === undefined) {
    return context.json({ content: say('records.channel_id'), links: [] });
  }
  const answer = await recordsAnswer({ env, userId, guildId: '', permissions: 0n, say }, channelId);
  return context.json(typeof answer === 'string' ? { content: answer, links: [] } : answer);
});

recordingInternalRoutes.post('/api/internal/recordings/:id/recover', async (context) => {
  const signed = await readSigned(context);
  if (!signed.ok) return signed.response;
  if (signed.nodeId !== OPERATOR_NODE_ID) {
    return context.json(errorBody('operator_only', `Sign as "${OPERATOR_NODE_ID}".`), 403);
  }
  const id = ulidSchema.safeParse(context.req.param('id'));
  if (!id.success) return context.json(errorBody('request_malformed', 'Name a session by its id.'), 400);
  if (!(await fleetOf(context.env).useNonce(signed.nodeId, signed.nonce))) {
    return context.json(errorBody('nonce_replayed', 'This nonce was used before. Sign afresh at each try.'), 409);
  }
  const request = { sessionId: id.data, actorId: OPERATOR_NODE_ID, guildId: null };
  const answer = await recordingOf(context.env, id.data).recover(request);
  if (answer.ok) return context.json({ chunks: answer.chunks });
  const message = text('en', `recording.${answer.code}`, { session: id.data });
  return context.json(errorBody(answer.code, message), answer.code === 'still_running' ? 409 : 404);
});
