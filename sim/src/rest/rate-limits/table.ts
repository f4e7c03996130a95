/**
 * How often a route may be called. Discord publishes none of these figures and may change them at any time; those below are
 * what its headers have been seen to say (and, for the limits of a channel's name and topic, what its staff said). Clients
 * must read the headers, so a simulator only has to be of the right order.
 */
import type { Route } from '../route-table.ts';

export interface RouteLimit {
  limit: number;
  windowMs: number;
}

const seconds = (limit: number, count: number): RouteLimit => ({ limit, windowMs: count * 1000 });

const limits: Record<string, RouteLimit> = {
  'POST /channels/:channel/messages': seconds(5, 5),
  'PATCH /channels/:channel/messages/:message': seconds(5, 5),
  'DELETE /channels/:channel/messages/:message': seconds(5, 1),
  'POST /channels/:channel/messages/bulk-delete': seconds(1, 1),
  'PUT /channels/:channel/messages/:message/reactions/:emoji/@me': seconds(1, 0.25),
  'DELETE /channels/:channel/messages/:message/reactions/:emoji/@me': seconds(1, 0.25),
  'POST /channels/:channel/typing': seconds(5, 5),
  'PATCH /channels/:channel': seconds(5, 15),
  'PATCH /guilds/:guild/members/@me': seconds(2, 4),
  'PATCH /guilds/:guild/members/:user': seconds(10, 10),
  'PATCH /users/@me': seconds(2, 3600),
  'POST /users/@me/channels': seconds(10, 10),
  'POST /guilds/:guild/roles': seconds(250, 48 * 3600),
  'POST /webhooks/:webhook/:token': seconds(5, 2),
  'PATCH /webhooks/:webhook/:token/messages/:message': seconds(5, 2),
  'DELETE /webhooks/:webhook/:token/messages/:message': seconds(5, 2),
  'POST /oauth2/token': seconds(10, 10),
};

/** For all other routes: reading is cheap, writing less so. */
const reading = seconds(30, 1);
const writing = seconds(10, 1);

export function limitOf({ method, pattern }: Route): RouteLimit {
  return limits[`${method} ${pattern}`] ?? (method === 'GET' ? reading : writing);
}

/** A channel's name and topic may change twice in ten minutes, on top of the route's own limit; its headers do not tell. */
export const channelNameLimit: RouteLimit = seconds(2, 600);

/** The ids that are counted apart (https://discord.com/developers/docs/topics/rate-limits, "top-level resources"). */
export const majorParameters = ['channel', 'guild', 'webhook', 'token'] as const;

/** Answering interactions and executing webhooks is outside the global limit: it needs no bot token. */
export function isExemptFromGlobal({ pattern }: Route): boolean {
  return pattern.startsWith('/webhooks/:webhook/:token') || pattern.startsWith('/interactions/');
}
