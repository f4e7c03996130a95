import { endReasonSchema } from '@patchbay/shared/end-reason';
import { snowflake, ulidSchema } from '@patchbay/shared/ids';
import { sessionStateSchema } from '@patchbay/shared/session-spec';
import { z } from 'zod';

const instant = z.int().nonnegative();

/** How a call ended. */
const ended = z.strictObject({ reason: endReasonSchema, lengthMs: z.int().nonnegative() });

/** Another side of a call, as this side may see it. */
const partner = z.strictObject({
  /** Undefined: the other server does not want its name shown. */
  name: z.string().max(100).optional(),
  held: z.boolean(),
});

/** What a panel shows of one voice channel. Instants in ms since the epoch. */
export const panelStateSchema = z.strictObject({
  channelId: snowflake,
  channelName: z.string().max(100),
  locale: z.enum(['en', 'it']),
  phase: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('waiting'),
      since: instant,
      place: z.int().positive().optional(),
      /** How the call before ended. */
      last: ended.optional(),
      /** The channel is recorded while it waits. */
      recording: z.boolean().optional(),
    }),
    /** The channel is in no call; it is recorded. */
    z.strictObject({
      kind: z.literal('recording'),
      /** It runs: before, the bot is joining. */
      recording: z.boolean(),
      startedAt: instant,
    }),
    z.strictObject({
      kind: z.literal('session'),
      sessionId: ulidSchema,
      state: sessionStateSchema,
      startedAt: instant,
      partners: z.array(partner).max(8),
      /** Are all legs end-to-end encrypted? Undefined while it is not known. */
      encrypted: z.boolean().optional(),
      recording: z.boolean(),
      /** What is said on this side is transcribed. */
      captions: z.boolean().optional(),
      /** Reports can seal the last ten seconds of this side. */
      sealable: z.boolean().optional(),
      /** When a report sealed ten seconds last, of whichever side. */
      sealedAt: instant.optional(),
      /** Who listens in: own channels and other servers by name; without one it does not want to be known. */
      monitors: z.array(z.strictObject({ name: z.string().max(100).optional() })).max(8),
      /** This side is on hold. */
      held: z.boolean().optional(),
      /** This side is a monitor: it listens in, and is heard by nobody. */
      listening: z.boolean().optional(),
    }),
    /** Nothing is going on since the last call. */
    z.strictObject({ kind: z.literal('idle'), last: ended }),
  ]),
});
export type PanelState = z.infer<typeof panelStateSchema>;
export type PanelPhase = PanelState['phase'];

/** What is shown beside the state while a call runs; it is kept in memory alone, and the newest wins. */
export interface PanelLive {
  sessionId: string;
  /** Names of those who speak on the other sides. */
  speaking: string[];
  /** How many more speak there who are not to be named. */
  unnamed: number;
  /** Added delay of what is heard here, ms. */
  delayMs?: number;
}

/** How far the storing or making of a recording is; in memory alone. */
export interface PanelProgress {
  stage: string;
  percent: number;
}
