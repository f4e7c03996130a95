/** Op 8, Request Guild Members (https://discord.com/developers/docs/events/gateway-events#request-guild-members). */
import { GatewayDispatchEvents, GatewayIntentBits } from 'discord-api-types/v10';
import { memberShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import type { RequestMembers } from './payloads.ts';
import { presenceShape } from './presence-shape.ts';
import type { GatewaySession } from './session.ts';

/** Members of one GUILD_MEMBERS_CHUNK. */
const chunkSize = 1_000;
/** Ids that may be asked for, and members that a search by name gives. */
const namedLimit = 100;

/** Answers in chunks. What the intents do not allow gets no answer, as on Discord. */
export function sendMembers(world: World, session: GatewaySession, request: RequestMembers): void {
  const guild = world.guilds.get(request.guild_id);
  if (!guild?.members.has(session.userId) || !session.serves(guild.id)) return;
  const has = (intent: number) => (session.intents & intent) !== 0;
  const ids = request.user_ids === undefined ? undefined : [request.user_ids].flat();
  const query = request.query?.toLowerCase();
  if (ids === undefined && query === undefined) return;
  if (request.presences && !has(GatewayIntentBits.GuildPresences)) return;
  const everybody = ids === undefined && query === '' && request.limit === 0;
  if (everybody && !has(GatewayIntentBits.GuildMembers)) return;
  if (ids && ids.length > namedLimit) return;

  const fits = (userId: string, nick: string | null) =>
    ids
      ? ids.includes(userId)
      : [world.user(userId).username, nick ?? ''].some((name) => name.toLowerCase().startsWith(query ?? ''));
  const limit = everybody || ids ? undefined : Math.min(request.limit || namedLimit, namedLimit);
  const found = [...guild.members.values()].filter(({ userId, nick }) => fits(userId, nick)).slice(0, limit);
  const count = Math.max(1, Math.ceil(found.length / chunkSize));
  for (let index = 0; index < count; index++) {
    const members = found.slice(index * chunkSize, (index + 1) * chunkSize);
    const presences = members.flatMap(({ userId }) => presenceShape(world, guild.id, userId) ?? []);
    session.dispatch(GatewayDispatchEvents.GuildMembersChunk, {
      guild_id: guild.id,
      members: members.map((member) => memberShape(world, member)),
      chunk_index: index,
      chunk_count: count,
      not_found: ids?.filter((id) => !guild.members.has(id)) ?? [],
      ...(request.presences ? { presences } : {}),
      ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
    });
  }
}
