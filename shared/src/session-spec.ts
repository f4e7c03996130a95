import { z } from 'zod';
import { instant, snowflake, ulidSchema } from './ids.ts';

/** How a session came to its routing matrix. */
export const modeSchema = z.enum(['bridge', 'support', 'monitor', 'custom']);
export type Mode = z.infer<typeof modeSchema>;

/** What a leg is in its session: a speaking and listening party, or one that only listens. */
export const legRoleSchema = z.enum(['party', 'staff', 'monitor', 'recorder']);

/** How one side takes part in the text relay. */
export const relaySideSchema = z.strictObject({
  /** The others do not read the names of this side's people. */
  anonymous: z.boolean(),
  /** In which the node's own words reach this side. */
  language: z.enum(['en', 'it']),
});
export type RelaySide = z.infer<typeof relaySideSchema>;

/** One identity connected to one voice channel, as asked for by the control plane. */
export const legSpecSchema = z.strictObject({
  legId: ulidSchema,
  guildId: snowflake,
  channelId: snowflake,
  /** The bot's user id: which identity of the node serves this leg. */
  identityId: snowflake,
  /** Fences out an earlier owner of the identity: a node refuses a leg with an epoch older than the one it knows. */
  epoch: z.int().nonnegative(),
  role: legRoleSchema,
  /** Of the node's own words to the leg's people; English when absent. */
  language: z.enum(['en', 'it']).optional(),
  /** How the side is called in front of the others, such as the server's name. */
  label: z.string().max(128).optional(),
  /**
   * What people write in the text chat of the channel goes to the legs that hear them and have this too, and theirs comes
   * here. Absent: this side sends and gets no text.
   */
  relay: relaySideSchema.optional(),
});
export type LegSpec = z.infer<typeof legSpecSchema>;

/** `[fromLeg, toLeg]`: the people of `fromLeg`'s channel are heard in `toLeg`'s channel. */
export const routeSchema = z.tuple([ulidSchema, ulidSchema]);
export type Route = z.infer<typeof routeSchema>;

/** The loudest that a voice can be made: 6 dB louder. */
export const MOST_VOLUME = 2;

/** How loud voices are heard: those of a leg's people, of one person on every leg, or of one person on one leg. */
export const volumeSchema = z
  .strictObject({
    legId: ulidSchema.optional(),
    userId: snowflake.optional(),
    /** 0 is not heard at all, 1 is as spoken. All that applies to a voice is multiplied. */
    volume: z.number().min(0).max(MOST_VOLUME),
  })
  .refine(({ legId, userId }) => legId !== undefined || userId !== undefined, {
    error: 'names nobody: give a leg, a user, or both',
  });
export type Volume = z.infer<typeof volumeSchema>;

/** What is to be recorded. */
export const recordSpecSchema = z.strictObject({
  /** Legs whose participants are recorded: only those of guilds that allow it. */
  legs: z.array(ulidSchema).min(1),
  /** The session is there for its recording: without a visible notice it ends with `notice_refused`. */
  required: z.boolean().optional(),
});
export type RecordSpec = z.infer<typeof recordSpecSchema>;

/** What is captioned, and how. */
export const captionsSpecSchema = z.strictObject({
  /** Only legs of guilds that allow it, and no monitors. */
  legs: z
    .array(
      z.strictObject({
        legId: ulidSchema,
        /** BCP 47, or `multi`. */
        language: z.string().regex(/^[a-zA-Z-]{2,16}$/),
        /** Names and jargon that are recognised better. */
        keyterms: z.array(z.string().min(1).max(64)).max(100),
        /** Which fragments go through the prerecorded service afterwards: those whose live captions were broken, or all. */
        prerecorded: z.enum(['gaps', 'all']),
      }),
    )
    .min(1)
    .max(8),
  /** Languages that people chose for themselves, by user id. */
  languages: z.record(snowflake, z.string().regex(/^[a-zA-Z-]{2,16}$/)).optional(),
});
export type CaptionsSpec = z.infer<typeof captionsSpecSchema>;

/** Whose last ten seconds are kept in memory, so that a report can seal them. */
export const sealableSpecSchema = z.strictObject({
  /** Only legs of guilds that allow it, and no monitors. */
  legs: z.array(ulidSchema).min(1),
});

/** What the control plane asks a node to run; sent whole at every change, with a higher `revision`. */
export const sessionSpecSchema = z
  .strictObject({
    id: ulidSchema,
    /** Grows by one at every change. A node ignores a revision that is not above the one it runs. */
    revision: z.int().positive(),
    mode: modeSchema,
    /** Milliseconds since the epoch; every position in every file is counted from it. */
    timeZero: instant,
    legs: z.array(legSpecSchema).min(1).max(8),
    routes: z.array(routeSchema),
    /** Legs on hold: `routes` leave them out already; they hear the hold tone meanwhile. */
    holds: z.array(ulidSchema).optional(),
    /** Whose voices are louder or softer than spoken; all others are as spoken. */
    volumes: z.array(volumeSchema).max(64).optional(),
    record: recordSpecSchema.optional(),
    captions: captionsSpecSchema.optional(),
    /** Absent: a report of this session seals nothing. */
    sealable: sealableSpecSchema.optional(),
    /**
     * Users whose packets are dropped before anything that stores or transcribes. A node without a current list does neither,
     * hence it is required beside `record`, `captions` and `sealable`.
     */
    optedOut: z.array(snowflake).optional(),
    /** When they asked for it, ms since the epoch on the Worker's clock: what was captured since is erased. Absent: long ago. */
    optedOutAt: z.record(snowflake, instant).optional(),
    limits: z.strictObject({
      /** Seconds until the session ends by itself; 0 = until nobody is left. */
      seconds: z.int().nonnegative(),
      /** Seconds before that end at which everybody is warned; absent or 0 = no warning. */
      warnSeconds: z.int().nonnegative().optional(),
    }),
  })
  .superRefine((spec, context) => {
    const legs = new Set(spec.legs.map((leg) => leg.legId));
    if (legs.size !== spec.legs.length) {
      context.addIssue({ code: 'custom', path: ['legs'], message: 'has the same legId twice' });
    }
    for (const [index, [from, to]] of spec.routes.entries()) {
      if (!legs.has(from) || !legs.has(to)) {
        context.addIssue({ code: 'custom', path: ['routes', index], message: 'names a leg that the session has not' });
      } else if (from === to) {
        context.addIssue({ code: 'custom', path: ['routes', index], message: 'routes a leg to itself' });
      }
    }
    for (const [index, legId] of (spec.holds ?? []).entries()) {
      if (!legs.has(legId)) {
        context.addIssue({ code: 'custom', path: ['holds', index], message: 'names no leg of the session' });
      }
    }
    for (const [index, { legId }] of (spec.volumes ?? []).entries()) {
      if (legId !== undefined && !legs.has(legId)) {
        context.addIssue({ code: 'custom', path: ['volumes', index], message: 'names no leg of the session' });
      }
    }
    for (const [index, { legId }] of (spec.captions?.legs ?? []).entries()) {
      if (!legs.has(legId)) {
        context.addIssue({ code: 'custom', path: ['captions', 'legs', index], message: 'names no leg of the session' });
      }
    }
    if (spec.captions && !spec.optedOut) {
      context.addIssue({ code: 'custom', path: ['optedOut'], message: 'must be there beside captions' });
    }
    for (const feature of ['record', 'sealable'] as const) {
      if (spec[feature] && !spec.optedOut) {
        context.addIssue({ code: 'custom', path: ['optedOut'], message: `must be there beside ${feature}` });
      }
      for (const [index, legId] of (spec[feature]?.legs ?? []).entries()) {
        if (!legs.has(legId)) {
          context.addIssue({ code: 'custom', path: [feature, 'legs', index], message: 'names no leg of the session' });
        }
      }
    }
  });
export type SessionSpec = z.infer<typeof sessionSpecSchema>;

/** The life of a session: `requested → placing → connecting → active ⇄ degraded → ending → ended(reason)`. */
export const sessionStateSchema = z.enum([
  'requested',
  'placing',
  'connecting',
  'active',
  'degraded',
  'ending',
  'ended',
]);
export type SessionState = z.infer<typeof sessionStateSchema>;
