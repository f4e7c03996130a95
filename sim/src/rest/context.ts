import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { Context } from 'hono';
import type { z } from 'zod';
import type { GatewayServer } from '../gateway/gateway-server.ts';
import type { Interactions } from '../interactions/interactions.ts';
import type { Application, Channel, Guild } from '../world/model.ts';
import type { World } from '../world/world.ts';
import { ApiError, invalidForm, missingAccess, missingPermissions, unauthorized } from './errors.ts';
import type { Grants } from './oauth2/grants.ts';
import { filesOf, withFiles } from './upload.ts';

/** What the routes work on. */
export interface RestParts {
  world: World;
  gateway: Pick<GatewayServer, 'url' | 'limits'>;
  interactions: Interactions;
  grants: Grants;
}

/** The application whose bot token the request carries. Throws 401. */
export function authorized(world: World, context: Context): Application {
  const header = context.req.header('authorization') ?? '';
  const application = header.startsWith('Bot ') ? world.applicationByToken(header) : undefined;
  if (!application) throw unauthorized();
  return application;
}

/** A guild that the bot is in; any other does not exist for it. */
export function guildOf(world: World, application: Application, guildId: string): Guild {
  const guild = world.guilds.get(guildId);
  if (!guild?.members.has(application.botUserId)) throw new ApiError(404, 10004, 'Unknown Guild');
  return guild;
}

/** Throws 403 `Missing Permissions` unless the bot has this permission in the guild. */
export function needGuildPermission(world: World, application: Application, guildId: string, bit: bigint): void {
  if (!(world.guildPermissionsOf(guildId, application.botUserId) & bit)) throw missingPermissions();
}

/**
 * Throws `Missing Access` for a channel that the bot cannot see, `Missing Permissions` for what it may not do there. In its
 * own private channels it may do what they allow at all.
 */
export function needChannelPermission(world: World, application: Application, channelId: string, bit: bigint): void {
  const direct = world.directChannels.get(channelId);
  if (direct) {
    if (direct.botUserId !== application.botUserId) throw missingAccess();
    return;
  }
  const channel = world.channel(channelId);
  if (!world.guild(channel.guildId).members.has(application.botUserId)) throw missingAccess();
  const permissions = world.channelPermissionsOf(channelId, application.botUserId);
  if (permissions === 0n || !seesThread(channel, permissions, application)) throw missingAccess();
  if ((permissions & bit) !== bit) throw missingPermissions();
}

/** A private thread is for its members, and for those who manage threads. */
function seesThread({ thread }: Channel, permissions: bigint, application: Application): boolean {
  if (!thread?.private || thread.memberIds.has(application.botUserId)) return true;
  return (permissions & PermissionFlagsBits.ManageThreads) !== 0n;
}

/** The body as JSON, or the `payload_json` part of a form with files. Throws 50035 (or 50109 for broken JSON). */
export async function bodyOf<Schema extends z.ZodType>(context: Context, schema: Schema): Promise<z.output<Schema>> {
  const result = schema.safeParse(await rawBody(context), { reportInput: true });
  if (!result.success) throw invalidForm(result.error);
  return result.data;
}

async function rawBody(context: Context): Promise<unknown> {
  const type = context.req.header('content-type') ?? '';
  if (type.startsWith('multipart/form-data')) {
    const form = await context.req.formData();
    const json = form.get('payload_json');
    const payload = typeof json === 'string' ? parseJson(json) : Object.fromEntries(form);
    const files = await filesOf(form);
    return files.length > 0 ? withFiles(payload, files) : payload;
  }
  const text = await context.req.text();
  return text === '' ? {} : parseJson(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, 50109, 'The request body contains invalid JSON.');
  }
}
