import { parseSettings } from '@patchbay/shared/settings';
import { z } from 'zod';
import type { Fleet } from './fleet/fleet.ts';
import type { Guild } from './guild/guild.ts';
import type { Hub } from './hub/hub.ts';
import type { Matchmaker } from './matchmaker/matchmaker.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Panel } from './panel/panel.ts';
import type { Session } from './session/session.ts';

/** What the runtime hands to the Worker: bindings of `wrangler.toml` and the variables that {@link settingsOf} reads. */
export interface Env {
  MATCHMAKER: DurableObjectNamespace<Matchmaker>;
  SESSION: DurableObjectNamespace<Session>;
  GUILD: DurableObjectNamespace<Guild>;
  HUB: DurableObjectNamespace<Hub>;
  FLEET: DurableObjectNamespace<Fleet>;
  PANEL: DurableObjectNamespace<Panel>;
  METRICS: DurableObjectNamespace<Metrics>;
  DB?: D1Database;
  ASSETS?: Fetcher;
}

const milliseconds = (fallback: number) => z.coerce.number().int().nonnegative().default(fallback);
/** An unset variable and an empty one mean the same. */
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));

export const settingsSchema = z.object({
  DISCORD_APPLICATION_ID: z.string().regex(/^\d{1,20}$/, 'must be the id of the Discord application'),
  DISCORD_PUBLIC_KEY: z.string().regex(/^[0-9a-f]{64}$/i, 'must be the 64 hex digits of the application public key'),
  DISCORD_API_URL: z.url().default('https://discord.com/api'),
  /** Token of the main identity: without it there are no panels. */
  DISCORD_TOKEN: optionalText,
  /** One secret, or two during a rotation; each signs for the voice nodes. */
  HUB_SECRET: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((secrets) => secrets.length <= 2, 'must be one secret, or two separated by a comma')
    .refine((secrets) => secrets.every((secret) => secret.length >= 32), 'must have at least 32 characters each'),
  JWT_SECRET: z.string().min(32, 'must have at least 32 characters'),
  LIBSQL_URL: optionalText,
  LIBSQL_AUTH_TOKEN: optionalText,
  /** Bearer token of `/metrics`; without it the route refuses. */
  METRICS_TOKEN: optionalText,
  /**
   * How long a command may take before Discord is told "thinking" and the answer is edited in later; Discord itself waits three
   * seconds. 0 = every answer is edited in.
   */
  ANSWER_MS: milliseconds(2_000),
  /** How long a side may be without people before its call ends. */
  END_GRACE_MS: milliseconds(2_000),
  /** How long the legs may take to connect. */
  CONNECT_TIMEOUT_MS: milliseconds(20_000),
  /** How long the node may take to confirm an end. */
  END_TIMEOUT_MS: milliseconds(30_000),
  /** Rest of a channel whose setting is `cooldown`. */
  COOLDOWN_MS: milliseconds(60_000),
  /** Rest of a channel whose session failed, so that a fault does not make it call in a circle. */
  FAILURE_REST_MS: milliseconds(10_000),
  /** So many calls that failed to start within the window pause a server … */
  BREAKER_FAILURES: z.coerce.number().int().min(1).default(5),
  BREAKER_WINDOW_MS: milliseconds(600_000),
  /** … for so long at first, and twice as long each further time, an hour at most. */
  BREAKER_PAUSE_MS: milliseconds(60_000),
  /** So long two servers that just talked are not called together again; after it only when there is nobody else. */
  REMATCH_REST_MS: milliseconds(30_000),
  /** How long a claim of two tickets may stay unconfirmed. */
  CLAIM_MS: milliseconds(10_000),
  /** Time of a call in seconds; 0 = until nobody is left. */
  CALL_LIMIT_SECONDS: z.coerce.number().int().nonnegative().default(0),
  /** Sockets of one hub object; a server with more viewers gets further ones. */
  HUB_SHARD_SOCKETS: z.coerce.number().int().min(1).max(30_000).default(5_000),
  /** Sockets from one address on one hub: people behind one router share it. */
  HUB_ADDRESS_SOCKETS: z.coerce.number().int().min(1).default(500),
  /** Those among them that have not authenticated yet. */
  HUB_ADDRESS_WAITING: z.coerce.number().int().min(1).default(20),
  /** Sockets that have not authenticated yet, of one hub; beyond it the oldest gives way. */
  HUB_WAITING: z.coerce.number().int().min(1).default(500),
  /** Sockets of one user on one hub. */
  HUB_USER_SOCKETS: z.coerce.number().int().min(1).default(20),
  /** How often the roles of a viewer are asked for, where the voice node cannot report them. */
  VIEWER_CHECK_MS: milliseconds(300_000),
  /** How often a hub adds its counters to those of `/metrics`. */
  METRICS_FLUSH_MS: milliseconds(5_000),
  /** Seconds before that end at which both sides are warned; 0 = no warning. */
  CALL_WARN_SECONDS: z.coerce.number().int().nonnegative().default(60),
});
export type Settings = z.output<typeof settingsSchema>;

const read = new WeakMap<object, Settings>();

/**
 * The settings of this Worker, read once per isolate.
 *
 * @throws {PatchbayError} `settings_invalid`, naming each wrong variable
 */
export function settingsOf(env: Env): Settings {
  const known = read.get(env);
  if (known) return known;
  const settings = parseSettings(settingsSchema, env as unknown as Record<string, string | undefined>);
  read.set(env, settings);
  return settings;
}

/** The only fleet of a deployment. */
export const fleetOf = (env: Env) => env.FLEET.getByName('fleet');
export const guildOf = (env: Env, guildId: string) => env.GUILD.getByName(guildId);
export const sessionOf = (env: Env, sessionId: string) => env.SESSION.getByName(sessionId);
export const matchmakerOf = (env: Env, pool: string) => env.MATCHMAKER.getByName(pool);
/** The panel of one voice channel. */
export const panelOf = (env: Env, guildId: string, channelId: string) => env.PANEL.getByName(`${guildId}:${channelId}`);
/** Shard 0 alone until a guild has more viewers than one hub takes. */
export const hubOf = (env: Env, guildId: string, shard = 0) => env.HUB.getByName(`${guildId}:${shard}`);
/** Where counters are added up. */
export const metricsOf = (env: Env) => env.METRICS.getByName('metrics');
