/** Sessions by hand: an operator (or a program of theirs) starts and changes calls over HTTP, signed with `HUB_SECRET`. */
import { z } from 'zod';
import { snowflake, ulidSchema } from './ids.ts';
import { legRoleSchema, MOST_VOLUME, modeSchema, routeSchema } from './session-spec.ts';

const place = { guildId: snowflake, channelId: snowflake };

/** A channel that joins a running session. */
export const newLegSchema = z.strictObject({
  ...place,
  role: legRoleSchema.exclude(['recorder']).default('party'),
});

/** Body of `POST /api/internal/sessions`. Answer: `{ sessionId }`. */
export const sessionRequestSchema = z
  .strictObject({
    mode: modeSchema.exclude(['monitor']),
    /**
     * Channels that are not in a call; one that waits in a queue leaves it. One channel alone is a recording: it goes on beside a
     * call of that channel, and needs `recordRequired`.
     */
    legs: z
      .array(z.strictObject({ ...place, side: z.enum(['caller', 'staff']).optional() }))
      .min(1)
      .max(8),
    /** `[from, to]` by the index of legs; everybody hears everybody when absent. */
    routes: z.array(z.tuple([z.int().nonnegative(), z.int().nonnegative()])).optional(),
    /** Instead of the deployment's time limit. Seconds. */
    limits: z
      .strictObject({ seconds: z.int().nonnegative(), warnSeconds: z.int().nonnegative().default(0) })
      .optional(),
    /** The call is there for its recording: without a visible notice it ends. Recorded are servers whose settings allow it. */
    recordRequired: z.boolean().optional(),
  })
  .superRefine(({ legs, routes, recordRequired }, context) => {
    if (legs.length === 1 && recordRequired !== true) {
      const message = 'one channel alone is a recording: set recordRequired, or name a second channel';
      context.addIssue({ code: 'custom', path: ['legs'], message });
    }
    if (new Set(legs.map(({ channelId }) => channelId)).size < legs.length) {
      context.addIssue({ code: 'custom', path: ['legs'], message: 'has the same channel twice' });
    }
    for (const [index, [from, to]] of (routes ?? []).entries()) {
      if (from === to || from >= legs.length || to >= legs.length) {
        context.addIssue({ code: 'custom', path: ['routes', index], message: 'must name two different legs' });
      }
    }
  });
export type SessionRequest = z.input<typeof sessionRequestSchema>;

/** Body of `POST /api/internal/sessions/:id/changes`. Answer: `{ ok: true, legId? }`, or 409 with a code and a sentence. */
export const sessionChangeSchema = z.discriminatedUnion('change', [
  z.strictObject({ change: z.literal('attach'), leg: newLegSchema }),
  z.strictObject({ change: z.literal('detach'), legId: ulidSchema }),
  z.strictObject({ change: z.literal('routes'), routes: z.array(routeSchema).max(56) }),
  z.strictObject({ change: z.literal('hold'), legId: ulidSchema, on: z.boolean() }),
  /** Of a leg's people, of one person on every leg, or of one person on one leg; 1 takes it back. */
  z
    .strictObject({
      change: z.literal('volume'),
      legId: ulidSchema.optional(),
      userId: snowflake.optional(),
      volume: z.number().min(0).max(MOST_VOLUME),
    })
    .refine(({ legId, userId }) => legId !== undefined || userId !== undefined, {
      error: 'names nobody: give legId, userId, or both',
    }),
  z.strictObject({ change: z.literal('transfer'), fromLegId: ulidSchema, to: newLegSchema }),
  z.strictObject({ change: z.literal('stop') }),
]);
export type SessionChange = z.input<typeof sessionChangeSchema>;
