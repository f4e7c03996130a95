import { z } from 'zod';
import { instant, snowflake } from './ids.ts';
import { fullMatrix } from './routing.ts';

/** Legs that a session has at most, and so the tickets of a match. */
export const MATCH_MAX_TICKETS = 8;

/** `[from, to]` by index: the people of ticket `from` are heard by those of ticket `to`. */
const indexRouteSchema = z.tuple([z.int().nonnegative(), z.int().nonnegative()]);
export type IndexRoute = z.infer<typeof indexRouteSchema>;

/** A routing matrix as data: so many seats, and who hears whom. */
export const matrixSchema = z
  .strictObject({
    size: z.int().min(2).max(MATCH_MAX_TICKETS),
    routes: z.array(indexRouteSchema).min(1),
    /** Seats that only those get who name them, such as the speaker's of a broadcast. */
    reserved: z.array(z.int().nonnegative()).default([]),
  })
  .refine(({ size, routes }) => routes.every(([from, to]) => from < size && to < size && from !== to), {
    error: 'has a route that leaves the matrix or leads to itself; seats are counted from 0',
  })
  .refine(({ size, reserved }) => reserved.every((seat) => seat < size), {
    error: 'reserves a seat that the matrix has not; seats are counted from 0',
  });
export type Matrix = z.infer<typeof matrixSchema>;

/**
 * A voice channel waiting in a queue. All but the first four fields may be left out when it is offered: see {@link TicketInput}.
 * A ticket never changes: other settings make another ticket, with another id.
 */
export const ticketSchema = z.strictObject({
  /** Made once for each wait, never used again. */
  ticketId: z.string().min(1).max(64),
  guildId: snowflake,
  channelId: snowflake,
  /** When it began to wait, in milliseconds: its place in the queue, kept over aborted claims. */
  at: instant,
  mode: z.enum(['bridge', 'support', 'custom']).default('bridge'),
  /** Which side of a support desk; without it `staff` decides. */
  side: z.enum(['caller', 'staff']).optional(),
  /** Higher is matched first. */
  priority: z.int().min(-100).max(100).default(0),
  staff: z.boolean().default(false),
  /** Primary tag of BCP 47, such as `en`. Without it any language is as good as another. */
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/, 'must be a primary language tag of two or three small letters, such as "en"')
    .optional(),
  region: z.string().min(1).max(32).optional(),
  pool: z.string().min(1).max(100).default('default'),
  /** Channels that are age-restricted meet only each other. */
  ageRestricted: z.boolean().default(false),
  /** Name of a policy in the matchmaker's registry; without it the mode's own. */
  policy: z.string().min(1).max(64).optional(),
  /** Guilds that this one blocked. */
  blocks: z.array(snowflake).max(1_000).default([]),
  /** The guild of its last call: not the first to be met again. */
  lastPartner: snowflake.optional(),
  /** Mode `custom`: the matrix that it waits for. Only tickets of equal matrices meet. */
  matrix: matrixSchema.optional(),
  /** Mode `custom`: the seat of the matrix that it takes, from 0; without it any that is not reserved. */
  seat: z
    .int()
    .min(0)
    .max(MATCH_MAX_TICKETS - 1)
    .optional(),
});
export type Ticket = z.output<typeof ticketSchema>;
/** What the matchmaker is offered: everything that has a default may be left out. */
export type TicketInput = z.input<typeof ticketSchema>;

/** Tickets that become one session. Routes are by index of `tickets`. */
export interface Match {
  mode: Ticket['mode'];
  tickets: Ticket[];
  routes: IndexRoute[];
}

/**
 * Everybody hears everybody else, by index.
 *
 * @example fullRoutes(2) // [[0, 1], [1, 0]]
 */
export function fullRoutes(size: number): IndexRoute[] {
  return fullMatrix(Array.from({ length: size }, (_, index) => index));
}
