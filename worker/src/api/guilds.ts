import { errorBody } from '@patchbay/shared/errors';
import { snowflake } from '@patchbay/shared/ids';
import { inArray } from 'drizzle-orm';
import { Hono } from 'hono';
import { Access, type Viewer } from '../access/sight.ts';
import { readClaims } from '../auth/viewer.ts';
import { openDb } from '../db/db.ts';
import { guilds } from '../db/schema.ts';
import { type Env, fleetOf, guildOf, settingsOf } from '../env.ts';
import { connectToHub, isServed } from '../hub/connect.ts';
import { visibleSnapshot } from '../hub/visibility.ts';

/** What the dashboard asks for. */
export const guildRoutes = new Hono<{ Bindings: Env }>();

/** Roles of a viewer that were asked for no longer ago than this are good enough. Milliseconds. */
const ROLES_FRESH_MS = 60_000;
const notAMember = errorBody('not_a_member', 'You are not a member of this server.');
const discordUnavailable = errorBody(
  'discord_unavailable',
  'Discord does not say now what you may see. Try again later.',
);
const guildUnknown = errorBody('guild_unknown', 'The bot is not in this server. Invite it first.');

guildRoutes.get('/api/guilds', async (context) => {
  const claims = await readClaims(context);
  if (claims instanceof Response) return claims;
  const db = openDb(context.env, settingsOf(context.env));
  const rows =
    claims.guilds.length === 0
      ? []
      : await db.select({ id: guilds.id, name: guilds.name }).from(guilds).where(inArray(guilds.id, claims.guilds));
  return context.json({ guilds: rows });
});

guildRoutes.get('/api/guilds/:id/presence', async (context) => {
  const claims = await readClaims(context);
  if (claims instanceof Response) return claims;
  const guildId = context.req.param('id');
  if (!claims.guilds.includes(guildId)) {
    return context.json(errorBody('not_your_guild', 'The token does not speak for this server.'), 403);
  }
  if (!(await fleetOf(context.env).hasGuild(guildId))) return context.json(guildUnknown, 404);
  const guild = guildOf(context.env, guildId);
  const viewer: Viewer = { userId: claims.sub, scope: claims.scope, roles: [] };
  if (viewer.scope === 'guild') {
    const answer = await guild.viewer(viewer.userId, ROLES_FRESH_MS);
    if (answer.kind === 'stranger') return context.json(notAMember, 403);
    if (answer.kind === 'unknown') return context.json(discordUnavailable, 503);
    viewer.roles = answer.roles;
  }
  const picture = await guild.snapshot();
  const sight = new Access(picture.access).of(viewer);
  const { epoch, seq } = picture;
  return context.json({ epoch: `${epoch}.${sight.key}`, seq, snapshot: visibleSnapshot(viewer, sight, picture) });
});

guildRoutes.get('/api/ws', async (context) => {
  const guildId = context.req.query('guild');
  if (!snowflake.safeParse(guildId).success || guildId === undefined) {
    return context.json(errorBody('request_malformed', 'Say which server: /api/ws?guild=ID.'), 400);
  }
  if (context.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    return context.json(errorBody('upgrade_required', 'Open a WebSocket here.'), 426);
  }
  if (!(await isServed(context.env, guildId))) return context.json(guildUnknown, 404);
  return connectToHub(context.env, guildId, context.req.raw);
});
