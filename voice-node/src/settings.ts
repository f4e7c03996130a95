import { PatchbayError } from '@patchbay/shared/errors';
import { nodeIdSchema } from '@patchbay/shared/ids';
import { parseSettings } from '@patchbay/shared/settings';
import { z } from 'zod';

const url = z.url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' });
const port = z.coerce.number().int().min(0).max(65_535);
/** An empty line in `.env` counts as not set. */
const optional = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const schema = z.object({
  DISCORD_TOKENS: z
    .string({ error: 'must hold at least one bot token; several are separated by commas' })
    .transform((list) =>
      list
        .split(',')
        .map((token) => token.trim().replace(/^Bot /, ''))
        .filter((token) => token !== ''),
    )
    .refine((tokens) => tokens.length > 0, 'must hold at least one bot token; several are separated by commas')
    .refine((tokens) => new Set(tokens).size === tokens.length, 'holds the same token twice'),
  DISCORD_API_URL: optional(url).transform((value) => (value ?? 'https://discord.com/api').replace(/\/+$/, '')),
  HUB_URL: url.transform((value) => value.replace(/\/+$/, '')),
  HUB_SECRET: z.string({ error: 'must be set, the same as on the Worker' }).min(32, 'must have 32 characters or more'),
  NODE_ID: optional(nodeIdSchema).transform((value) => value ?? 'node-1'),
  S3_ENDPOINT: optional(url),
  S3_BUCKET: optional(z.string().min(1)),
  S3_REGION: optional(z.string().min(1)).transform((value) => value ?? 'auto'),
  S3_ACCESS_KEY_ID: optional(z.string().min(1)),
  S3_SECRET_ACCESS_KEY: optional(z.string().min(1)),
  S3_CHECKSUMS: optional(z.enum(['WHEN_SUPPORTED', 'WHEN_REQUIRED'])).transform((value) => value ?? 'WHEN_SUPPORTED'),
  S3_SSE: optional(z.enum(['AES256', 'aws:kms'], { error: 'must be AES256 or aws:kms' })),
  S3_SSE_KMS_KEY_ID: optional(z.string().min(1)),
  DATA_DIR: optional(z.string().min(1)).transform((value) => value ?? './data'),
  LOG_LEVEL: optional(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])).transform(
    (value) => value ?? 'info',
  ),
  JOIN_ATTEMPTS: optional(z.coerce.number().int().min(1).max(100)).transform((value) => value ?? 5),
  HEALTH_PORT: optional(port).transform((value) => value ?? 0),
  BRIDGE_PASS_THROUGH: optional(z.enum(['true', 'false'], { error: 'must be true or false' })).transform(
    (value) => value !== 'false',
  ),
  MESSAGE_CONTENT: optional(z.enum(['yes', 'no'], { error: 'must be yes or no' })).transform(
    (value) => value === 'yes',
  ),
  FRAGMENT_MP3: optional(z.enum(['yes', 'no'], { error: 'must be yes or no' })).transform((value) => value === 'yes'),
  GUILD_MEMBERS_INTENT: optional(z.enum(['true', 'false'], { error: 'must be true or false' })).transform(
    (value) => value === 'true',
  ),
  SMTP_URL: optional(z.url({ protocol: /^smtps?$/, error: 'must be smtp://… or smtps://…' })),
  MAIL_FROM: optional(z.string().min(3).max(320)),
  DISK_WARN_MB: optional(z.coerce.number().int().min(0)).transform((value) => value ?? 2_048),
  DISK_STOP_MB: optional(z.coerce.number().int().min(1)).transform((value) => value ?? 200),
  DEEPGRAM_API_KEY: optional(z.string().min(1)),
  DEEPGRAM_URL: optional(
    z.url({ protocol: /^(wss?|https?)$/, error: 'must be a URL that starts with wss:// or https://' }),
  ).transform((value) => (value ?? 'wss://api.deepgram.com').replace(/\/+$/, '')),
  DEEPGRAM_CONNECTIONS: optional(z.coerce.number().int().min(0).max(10_000)).transform((value) => value ?? 100),
  CAPTION_CHANNELS: optional(
    z.coerce
      .number()
      .int()
      .min(1, 'must be 1 to 20: the service takes no more channels on a connection')
      .max(20, 'must be 1 to 20: the service takes no more channels on a connection'),
  ).transform((value) => value ?? 1),
  CAPTION_MODEL: optional(z.string().regex(/^[a-z0-9-]+$/, 'must be a model of Deepgram, such as nova-3')).transform(
    (value) => value ?? 'nova-3',
  ),
  LEG_CAPACITY: optional(z.coerce.number().int().min(1).max(1_000)).transform((value) => value ?? 50),
});

/** Where recordings are stored. */
export interface StorageSettings {
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  checksums: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED';
  /** Absent: objects are encrypted as the bucket is set up. */
  encryption?: { algorithm: 'AES256' | 'aws:kms'; kmsKeyId?: string };
}

/** The transcription service. */
export interface CaptionSettings {
  apiKey: string;
  /** Without a slash at the end. */
  url: string;
  model: string;
  /** The most connections of this node, whatever share of the deployment's the Worker gives it; it has none before it has a share. */
  connections: number;
  /** Channels of each connection; the service bills each. */
  channels: number;
}

/** How mails are sent. */
export interface MailSettings {
  /** `smtp://user:password@host:port`, or `smtps://`. */
  smtpUrl: string;
  from: string;
}

export interface Settings {
  discordTokens: string[];
  /** Without a slash at the end and without the version: `https://discord.com/api`. */
  discordApiUrl: string;
  /** Origin of the Worker. */
  hubUrl: string;
  hubSecret: string;
  nodeId: string;
  /** Absent: nothing can be recorded, for the reason in `recordingOff`. */
  storage?: StorageSettings;
  recordingOff?: string;
  /** Absent: captions are off, for the reason in `captionsOff`. */
  captions?: CaptionSettings;
  captionsOff: string;
  dataDir: string;
  logLevel: string;
  /** Tries to join a channel in a row before the leg is given up. */
  joinAttempts: number;
  /**
   * Asks Discord for the privileged intent Message Content, which the text relay needs. A bot that was not given it in the
   * developer portal is thrown out (4014), hence false unless it is set.
   */
  messageContent: boolean;
  /** 0 = any free port. */
  healthPort: number;
  /** Room on the disk of `dataDir` below which there is a warning (or below an hour of recording, if that is more), and below which recording stops. */
  disk: { warnBytes: number; stopBytes: number };
  /** Fragments of recordings as MP3 beside Ogg Opus. */
  fragmentMp3: boolean;
  /** Legs that this node is willing to hold. */
  legCapacity: number;
  /**
   * Diagnostic. False: a voice alone is decoded, mixed and encoded too, instead of being passed through untouched. Adds delay
   * and CPU time; the bench sets it to show how much.
   */
  passThrough: boolean;
  /** Absent: the node sends no mails. */
  mail?: MailSettings;
  /** Every application of `discordTokens` has the privileged intent Server Members: changes of roles are known at once. */
  membersIntent: boolean;
}

/**
 * Reads the node's settings from environment variables.
 *
 * @throws {PatchbayError} `settings_invalid`, naming each wrong variable and no value
 */
export function readSettings(variables: Record<string, string | undefined>): Settings {
  const read = parseSettings(schema, variables);
  const settings: Settings = {
    discordTokens: read.DISCORD_TOKENS,
    discordApiUrl: read.DISCORD_API_URL,
    hubUrl: read.HUB_URL,
    // During a rotation the Worker takes two secrets; a node signs with the first.
    hubSecret: (read.HUB_SECRET.split(',')[0] ?? '').trim(),
    nodeId: read.NODE_ID,
    captionsOff: CAPTIONS_OFF,
    dataDir: read.DATA_DIR,
    logLevel: read.LOG_LEVEL,
    joinAttempts: read.JOIN_ATTEMPTS,
    healthPort: read.HEALTH_PORT,
    legCapacity: read.LEG_CAPACITY,
    fragmentMp3: read.FRAGMENT_MP3,
    disk: { warnBytes: read.DISK_WARN_MB * 2 ** 20, stopBytes: read.DISK_STOP_MB * 2 ** 20 },
    passThrough: read.BRIDGE_PASS_THROUGH,
    messageContent: read.MESSAGE_CONTENT,
    membersIntent: read.GUILD_MEMBERS_INTENT,
  };
  const { SMTP_URL: smtpUrl, MAIL_FROM: from } = read;
  if (smtpUrl !== undefined)
    settings.mail = { smtpUrl, from: from ?? `Patchbay <patchbay@${new URL(smtpUrl).hostname}>` };
  const storage = storageOf(read);
  if (typeof storage === 'string') settings.recordingOff = `Recording is off: ${storage}`;
  else settings.storage = storage;
  if (read.DEEPGRAM_API_KEY) {
    settings.captions = {
      apiKey: read.DEEPGRAM_API_KEY,
      url: read.DEEPGRAM_URL,
      model: read.CAPTION_MODEL,
      connections: read.DEEPGRAM_CONNECTIONS,
      channels: read.CAPTION_CHANNELS,
    };
  }
  return settings;
}

const CAPTIONS_OFF =
  'Captions are off on this voice node: it has no key of a transcription service. Set DEEPGRAM_API_KEY and start it again.';

const storageSchema = schema.pick({
  S3_ENDPOINT: true,
  S3_BUCKET: true,
  S3_REGION: true,
  S3_ACCESS_KEY_ID: true,
  S3_SECRET_ACCESS_KEY: true,
  S3_CHECKSUMS: true,
  S3_SSE: true,
  S3_SSE_KMS_KEY_ID: true,
});

/**
 * The settings of the bucket alone.
 *
 * @throws {PatchbayError} `settings_invalid`, naming what is missing and no value
 */
export function readStorage(variables: Record<string, string | undefined>): StorageSettings {
  const storage = storageOf(parseSettings(storageSchema, variables));
  if (typeof storage === 'string') throw new PatchbayError('settings_invalid', `Wrong settings: ${storage}`);
  return storage;
}

/** A sentence that names what is missing, where something is. */
function storageOf(read: z.output<typeof storageSchema>): StorageSettings | string {
  const { S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_SSE, S3_SSE_KMS_KEY_ID } = read;
  // Without it a bucket would take its own key, silently.
  if (S3_SSE_KMS_KEY_ID && S3_SSE !== 'aws:kms') return 'S3_SSE_KMS_KEY_ID needs S3_SSE=aws:kms.';
  const kmsKeyId = S3_SSE_KMS_KEY_ID === undefined ? {} : { kmsKeyId: S3_SSE_KMS_KEY_ID };
  if (S3_ENDPOINT && S3_BUCKET && S3_ACCESS_KEY_ID && S3_SECRET_ACCESS_KEY) {
    return {
      endpoint: S3_ENDPOINT,
      bucket: S3_BUCKET,
      region: read.S3_REGION,
      accessKeyId: S3_ACCESS_KEY_ID,
      secretAccessKey: S3_SECRET_ACCESS_KEY,
      checksums: read.S3_CHECKSUMS,
      ...(S3_SSE ? { encryption: { algorithm: S3_SSE, ...kmsKeyId } } : {}),
    };
  }
  const missing = Object.entries({ S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY })
    .filter(([, value]) => value === undefined)
    .map(([name]) => name);
  return `set ${missing.join(', ')} to store recordings.`;
}
