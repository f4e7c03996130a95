import { errorBody } from '@patchbay/shared/errors';
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { parseJson } from '../auth/signed.ts';
import { readClaims } from '../auth/viewer.ts';
import { openDb } from '../db/db.ts';
import { type ListedRecording, newestRecordings, recordingsOf } from '../db/recordings.ts';
import { type Env, fleetOf, guildOf, recordingOf, settingsOf } from '../env.ts';
import { type Asker, mayRead } from '../recording/access.ts';
import { LINK_SECONDS } from '../recording/links.ts';

/** Stored recordings for the page, and for programs: what there is, links, and reading while it is made. */
export const recordingRoutes = new Hono<{ Bindings: Env }>();

type RecordingContext = Context<{ Bindings: Env }>;

/** Roles that were asked for no longer ago than this are good enough. Milliseconds. */
const ROLES_FRESH_MS = 60_000;
const SHOWN = 50;
const RETRY_SECONDS = 2;

const unknown = errorBody('recording_unknown', 'There is no such recording that you may have.');

/** Who asks, as the server of the path knows them; or the answer that refuses them. */
async function readAsker(context: RecordingContext): Promise<Asker | Response> {
  const claims = await readClaims(context);
  if (claims instanceof Response) return claims;
  const guildId = context.req.param('guildId') ?? '';
  if (!claims.guilds.includes(guildId)) {
    return context.json(errorBody('not_your_guild', 'The token does not speak for this server.'), 403);
  }
  if (claims.scope !== 'guild') {
    return context.json(errorBody('scope_too_small', 'Recordings need a token of scope "guild".'), 403);
  }
  if (!(await fleetOf(context.env).hasGuild(guildId))) {
    return context.json(errorBody('guild_unknown', 'The bot is not in this server. Invite it first.'), 404);
  }
  return guildOf(context.env, guildId).asker(claims.sub, ROLES_FRESH_MS);
}

/** A recording of the path that this server has a side of. No object is made for an id that somebody made up. */
async function isOfGuild(context: RecordingContext, guildId: string): Promise<string | null> {
  const id = ulidSchema.safeParse(context.req.param('id'));
  if (!id.success) return null;
  const [row] = await recordingsOf(openDb(context.env, settingsOf(context.env)), [id.data]);
  return row?.sides.some((side) => side.guildId === guildId) ? id.data : null;
}

const listed = ({ id, state, startedAt, endedAt, samples, sides, people }: ListedRecording, guildId: string) => ({
  ...{ sessionId: id, state, startedAt, endedAt, samples },
  channels: sides
    .filter((side) => side.guildId === guildId)
    .map(({ channelId, channelName: name }) => ({ channelId, name })),
  people: people
    .filter((person) => person.guildId === guildId)
    .map(({ userId, displayName: name }) => ({ userId, name })),
});

recordingRoutes.get('/api/guilds/:guildId/recordings', async (context) => {
  const asker = await readAsker(context);
  if (asker instanceof Response) return asker;
  const { guildId } = asker;
  const rows = await newestRecordings(openDb(context.env, settingsOf(context.env)), { guildId }, SHOWN);
  const may = rows.filter(({ sides, people }) => mayRead(asker, sides, new Set(people.map(({ userId }) => userId))));
  return context.json({ recordings: may.map((row) => listed(row, guildId)) });
});

recordingRoutes.get('/api/guilds/:guildId/recordings/:id', async (context) => {
  const asker = await readAsker(context);
  if (asker instanceof Response) return asker;
  const id = await isOfGuild(context, asker.guildId);
  const view = id === null ? null : await recordingOf(context.env, id).view(asker);
  return view ? context.json({ recording: view }) : context.json(unknown, 404);
});

const linksSchema = z.strictObject({ key: z.string().max(512).optional() });

recordingRoutes.post('/api/guilds/:guildId/recordings/:id/links', async (context) => {
  const asker = await readAsker(context);
  if (asker instanceof Response) return asker;
  const request = linksSchema.safeParse(parseJson((await context.req.text()) || '{}'));
  if (!request.success) return context.json(errorBody('request_malformed', 'Send { key? }.'), 400);
  const id = await isOfGuild(context, asker.guildId);
  if (id === null) return context.json(unknown, 404);
  const { key } = request.data;
  const recording = recordingOf(context.env, id);
  const answer = await recording.links(asker, key === undefined ? 'all' : { key });
  context.header('cache-control', 'no-store');
  if (answer.ok) return context.json({ links: answer.links, expiresAt: Date.now() + LINK_SECONDS * 1000 });
  if (answer.code === 'no_bucket') {
    return context.json(errorBody('no_bucket', 'The Worker has no object storage: set its S3_ settings.'), 503);
  }
  if (answer.code === 'unknown') return context.json(unknown, 404);
  if (answer.code === 'making') await recording.hurry();
  context.header('retry-after', String(RETRY_SECONDS));
  return context.json(errorBody('not_made_yet', 'The mix is not made yet. Try again in a moment.'), 409);
});

const milliseconds = z.coerce.number().min(0).max(1e10);
const audioSchema = z
  .object({ from: milliseconds.default(0), to: milliseconds.optional(), user: snowflake.optional() })
  .refine(({ from, to }) => to === undefined || to > from, { path: ['to'], message: 'must be after from' });

recordingRoutes.get('/api/guilds/:guildId/recordings/:id/audio', async (context) => {
  const asker = await readAsker(context);
  if (asker instanceof Response) return asker;
  const query = audioSchema.safeParse(context.req.query());
  if (!query.success) {
    const where = query.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    const sentence = `Send from and to in ms of the session, and user for one person. ${where}`;
    return context.json(errorBody('request_malformed', sentence), 400);
  }
  const id = await isOfGuild(context, asker.guildId);
  if (id === null) return context.json(unknown, 404);
  const { from, to, user: userId } = query.data;
  const answer = await recordingOf(context.env, id).audio(asker, { from, to, userId });
  context.header('cache-control', 'no-store');
  if (answer.ok) {
    const [first, ...more] = answer.parts;
    if (first && more.length === 0) return context.redirect(first.url, 302);
    return context.json({ from, until: answer.until, parts: answer.parts });
  }
  if (answer.code === 'unknown') return context.json(unknown, 404);
  if (answer.code === 'no_bucket') {
    return context.json(errorBody('no_bucket', 'The Worker has no object storage: set its S3_ settings.'), 503);
  }
  context.header('retry-after', String(RETRY_SECONDS));
  return context.json({ stored: false }, 202);
});
