import { snowflake } from '@patchbay/shared/ids';
import { parseSettings } from '@patchbay/shared/settings';
import { z } from 'zod';
import { issuersSchema } from './auth/issuers.ts';
import { originsSchema } from './auth/origins.ts';
import type { SignIn } from './auth/sign-in/sign-in.ts';
import type { Captions } from './captions/captions.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { Guild } from './guild/guild.ts';
import type { Hub } from './hub/hub.ts';
import type { Matchmaker } from './matchmaker/matchmaker.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Panel } from './panel/panel.ts';
import type { Recording } from './recording/recording.ts';
import type { Report } from './report/report.ts';
import type { Session } from './session/session.ts';

/** What the runtime hands to the Worker: bindings of `wrangler.toml` and the variables that {@link settingsOf} reads. */
export interface Env {
  MATCHMAKER: DurableObjectNamespace<Matchmaker>;
  SESSION: DurableObjectNamespace<Session>;
  GUILD: DurableObjectNamespace<Guild>;
  HUB: DurableObjectNamespace<Hub>;
  FLEET: DurableObjectNamespace<Fleet>;
  PANEL: DurableObjectNamespace<Panel>;
  SIGN_IN: DurableObjectNamespace<SignIn>;
  METRICS: DurableObjectNamespace<Metrics>;
  REPORT: DurableObjectNamespace<Report>;
  RECORDING: DurableObjectNamespace<Recording>;
  CAPTIONS: DurableObjectNamespace<Captions>;
  DB?: D1Database;
  ASSETS?: Fetcher;
}

const milliseconds = (fallback: number) => z.coerce.number().int().nonnegative().default(fallback);
/** An unset variable and an empty one mean the same. */
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));

/** May be a fraction. */
const days = (fallback: number) =>
  z.preprocess((value) => (value === '' ? undefined : value), z.coerce.number().min(0).max(3_650).default(fallback));

const variables = z.object({
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
  /** For "Sign in with Discord"; without it only the operator's one-time codes sign people in. */
  DISCORD_CLIENT_SECRET: optionalText,
  /** How long Discord may take to answer one call. */
  DISCORD_TIMEOUT_MS: milliseconds(5_000),
  /** A sign-in that is not used for so long ends. */
  SIGN_IN_MS: milliseconds(30 * 24 * 3_600_000),
  /** So long the last cookie works once more: two tabs renew at once, or the answer got lost on its way. */
  REFRESH_GRACE_MS: milliseconds(10_000),
  /** Backends of games that mint tokens: see docs/operations.md. */
  TOKEN_ISSUERS: issuersSchema,
  /** Pages of other origins that may open the hub and ask for a rejoin, separated by commas. */
  ALLOWED_ORIGINS: originsSchema,
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
  /**
   * The same for a channel that is recorded or captioned by itself: nobody waits at the other end, and the node has its JOIN_ATTEMPTS,
   * of ten seconds and a growing pause each.
   */
  ALONE_CONNECT_TIMEOUT_MS: milliseconds(120_000),
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
  /** Time of a recording in seconds; 0 = until nobody is left. A server's own limit goes before it. */
  RECORD_LIMIT_SECONDS: z.coerce.number().int().nonnegative().default(0),
  /** User ids of the people who may read reports, separated by commas. Without any, reports seal nothing. */
  REPORT_READERS: z
    .string()
    .default('')
    .transform((list) => list.split(',').flatMap((id) => id.trim() || []))
    .pipe(z.array(snowflake, 'must be Discord user ids, separated by commas')),
  /** Reports and what they sealed are deleted after so many days; may be a fraction. */
  REPORT_RETENTION_DAYS: z.preprocess(
    (value) => (value === '' ? undefined : value),
    z.coerce.number().positive('must be more than 0').max(3_650).default(30),
  ),
  /** A recording's chunks are deleted so many days after its master was made; may be a fraction, 0 = kept as long as the master. */
  CHUNK_RETENTION_DAYS: days(7),
  /** Everything of a recording is deleted so many days after its end; 0 = never. Servers may set their own. */
  RECORDING_RETENTION_DAYS: days(90),
  /** How long after its end the voice nodes of a recording may take to store their parts, until it is finalised without them. */
  RECORDING_SEAL_MS: milliseconds(600_000),
  /** Address of this Worker, for links in mails. */
  PUBLIC_URL: optionalText.pipe(z.url().optional()),
  /** How long a voice node may take to store what a report seals until the reporter is told that it did not work. */
  SEAL_TIMEOUT_MS: milliseconds(60_000),
  /** The bucket of the voice nodes: for links to what reports sealed, and for deleting it. Without all four, reports seal nothing. */
  S3_ENDPOINT: optionalText.pipe(z.url().optional()),
  S3_BUCKET: optionalText,
  S3_REGION: optionalText.transform((text) => text ?? 'auto'),
  S3_ACCESS_KEY_ID: optionalText,
  S3_SECRET_ACCESS_KEY: optionalText,
  /** Connections to the transcription service that all voice nodes together may hold; the service counts them by project. */
  DEEPGRAM_CONNECTIONS: z.coerce.number().int().min(1).max(10_000).default(100),
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

/** A secret that signs two things would let one pass for the other. */
export const settingsSchema = variables.superRefine(({ TOKEN_ISSUERS, JWT_SECRET, HUB_SECRET }, context) => {
  for (const [index, issuer] of TOKEN_ISSUERS.entries()) {
    if (issuer.algorithm !== 'HS256' || ![JWT_SECRET, ...HUB_SECRET].includes(issuer.secret)) continue;
    const message = 'is a secret of the Worker itself: make another one';
    context.addIssue({ code: 'custom', path: ['TOKEN_ISSUERS', index, 'secret'], message });
  }
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

/** Reports seal what was said only where somebody can read it, and where it can be deleted. */
export const canSeal = (settings: Settings): boolean =>
  settings.REPORT_READERS.length > 0 &&
  [settings.S3_ENDPOINT, settings.S3_BUCKET, settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_ACCESS_KEY].every(Boolean);

/** The only fleet of a deployment. */
export const fleetOf = (env: Env) => env.FLEET.getByName('fleet');
export const guildOf = (env: Env, guildId: string) => env.GUILD.getByName(guildId);
export const sessionOf = (env: Env, sessionId: string) => env.SESSION.getByName(sessionId);
export const matchmakerOf = (env: Env, pool: string) => env.MATCHMAKER.getByName(pool);
/** The panel of one voice channel. */
export const panelOf = (env: Env, guildId: string, channelId: string) => env.PANEL.getByName(`${guildId}:${channelId}`);
/** The captions of one voice channel in Discord. */
export const captionsOf = (env: Env, guildId: string, channelId: string) =>
  env.CAPTIONS.getByName(`${guildId}:${channelId}`);
/** One sign-in of one browser. */
export const signInOf = (env: Env, id: string) => env.SIGN_IN.getByName(id);
/** Where the counters of the deployment are added up. */
export const metricsOf = (env: Env) => env.METRICS.getByName('metrics');
export const reportOf = (env: Env, reportId: string) => env.REPORT.getByName(reportId);
/** What is stored of a session's recording. */
export const recordingOf = (env: Env, sessionId: string) => env.RECORDING.getByName(sessionId);
/** Shard 0 alone until a guild has more viewers than one hub takes. */
export const hubOf = (env: Env, guildId: string, shard = 0) => env.HUB.getByName(`${guildId}:${shard}`);
