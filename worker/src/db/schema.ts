/** The relational projection: lists, history, sign-in. Live truth is in the Durable Objects. Instants in milliseconds. */
import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { RecordedSight } from '../recording/access.ts';

export const guilds = sqliteTable('guilds', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  updatedAt: integer('updated_at').notNull(),
});

export const sessions = sqliteTable('sessions', {
  id: text('id').primaryKey(),
  mode: text('mode').notNull(),
  state: text('state').notNull(),
  endReason: text('end_reason'),
  nodeId: text('node_id'),
  requestedAt: integer('requested_at').notNull(),
  timeZero: integer('time_zero'),
  endedAt: integer('ended_at'),
  recording: integer('recording', { mode: 'boolean' }).notNull(),
});

/** One use of a leg by one session: several sessions may use the same leg. */
export const legs = sqliteTable(
  'legs',
  {
    sessionId: text('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    guildId: text('guild_id').notNull(),
    channelId: text('channel_id').notNull(),
    legId: text('leg_id'),
    identityId: text('identity_id'),
    state: text('state').notNull(),
    daveVersion: integer('dave_version'),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.guildId, table.channelId] }),
    index('legs_guild').on(table.guildId, table.sessionId),
  ],
);

export const chunks = sqliteTable(
  'chunks',
  {
    key: text('key').primaryKey(),
    sessionId: text('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    guildId: text('guild_id').notNull(),
    userId: text('user_id').notNull(),
    bytes: integer('bytes').notNull(),
    sha256: text('sha256').notNull(),
    /** Samples at 48 kHz from time zero. */
    firstSample: integer('first_sample').notNull(),
    samples: integer('samples').notNull(),
    lostPackets: integer('lost_packets').notNull(),
    storedAt: integer('stored_at').notNull(),
  },
  (table) => [index('chunks_session').on(table.sessionId, table.userId, table.firstSample)],
);

/** What was set up: one row per channel, and one with an empty channel id for a server's defaults. */
export const settings = sqliteTable(
  'settings',
  {
    guildId: text('guild_id').notNull(),
    channelId: text('channel_id').notNull(),
    body: text('body', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.guildId, table.channelId] })],
);

/** Calls that people reported, and who was on the other sides. */
export const reports = sqliteTable(
  'reports',
  {
    id: text('id').primaryKey(),
    sessionId: text('session_id').notNull(),
    guildId: text('guild_id').notNull(),
    channelId: text('channel_id').notNull(),
    userId: text('user_id').notNull(),
    reason: text('reason').notNull(),
    partners: text('partners', { mode: 'json' }).$type<{ guildId: string; name: string }[]>().notNull(),
    at: integer('at').notNull(),
    /** `kept` (nothing to seal), `sealing`, `sealed` or `failed`. */
    state: text('state').notNull().default('kept'),
    /** Code of the failure. */
    failure: text('failure'),
    /** The report whose folder in the bucket holds the objects: this one, or an earlier one of the same ten seconds. */
    sealId: text('seal_id'),
    sealedFrom: integer('sealed_from'),
    sealedTo: integer('sealed_to'),
    objects: text('objects', { mode: 'json' }).$type<
      { key: string; bytes: number; sha256: string; userId?: string | undefined }[]
    >(),
    /** Objects and row are deleted then; null for reports of before there was a retention. */
    expiresAt: integer('expires_at'),
  },
  (table) => [index('reports_guild').on(table.guildId, table.at), index('reports_at').on(table.at)],
);

/** Who got links to what was sealed, and when it was deleted. Outlives the reports. */
export const reportAudit = sqliteTable(
  'report_audit',
  {
    id: text('id').primaryKey(),
    reportId: text('report_id').notNull(),
    /** The reader's user id, or `retention`. */
    actorId: text('actor_id').notNull(),
    action: text('action', { enum: ['link', 'erased'] }).notNull(),
    /** The object; empty when all of the report was meant. */
    key: text('key').notNull(),
    at: integer('at').notNull(),
  },
  (table) => [index('report_audit_report').on(table.reportId, table.at)],
);

/** One-time codes, by the SHA-256 of the code. */
export const signInCodes = sqliteTable('sign_in_codes', {
  hash: text('hash').primaryKey(),
  userId: text('user_id').notNull(),
  guilds: text('guilds', { mode: 'json' }).$type<string[]>().notNull(),
  expiresAt: integer('expires_at').notNull(),
});

/** What was recorded of a session, of all sides together. */
export const recordings = sqliteTable(
  'recordings',
  {
    /** The session's. */
    id: text('id').primaryKey(),
    /** `running`, `finalising`, `ready`, `incomplete`, `failed`, `empty`. */
    state: text('state').notNull(),
    startedAt: integer('started_at').notNull(),
    endedAt: integer('ended_at'),
    timeZero: integer('time_zero'),
    /** Length of the master, at 48 kHz. */
    samples: integer('samples'),
    /** LUFS and dBTP of the master. */
    loudness: real('loudness'),
    truePeak: real('true_peak'),
    outageSamples: integer('outage_samples'),
    /** When the chunks, and when everything is deleted; as of the last look at the servers' settings. */
    chunksExpireAt: integer('chunks_expire_at'),
    expiresAt: integer('expires_at'),
  },
  (table) => [index('recordings_started').on(table.startedAt)],
);

/** A channel that was recorded, and who could view it at the beginning and at the end. */
export const recordingSides = sqliteTable(
  'recording_sides',
  {
    sessionId: text('session_id').notNull(),
    guildId: text('guild_id').notNull(),
    guildName: text('guild_name').notNull(),
    channelId: text('channel_id').notNull(),
    channelName: text('channel_name').notNull(),
    startedAt: integer('started_at').notNull(),
    endedAt: integer('ended_at'),
    sights: text('sights', { mode: 'json' }).$type<RecordedSight[]>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.guildId, table.channelId] }),
    index('recording_sides_channel').on(table.channelId, table.startedAt),
    index('recording_sides_guild').on(table.guildId, table.startedAt),
  ],
);

/** Who was in a recorded channel, by the name they had then; with what is known of their track. */
export const recordingPeople = sqliteTable(
  'recording_people',
  {
    sessionId: text('session_id').notNull(),
    guildId: text('guild_id').notNull(),
    userId: text('user_id').notNull(),
    displayName: text('display_name').notNull(),
    firstAt: integer('first_at').notNull(),
    lastAt: integer('last_at').notNull(),
    lostPackets: integer('lost_packets'),
    /** Samples at 48 kHz. */
    spokenSamples: integer('spoken_samples'),
    missingSamples: integer('missing_samples'),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.guildId, table.userId] }),
    index('recording_people_user').on(table.userId, table.firstAt),
  ],
);

/** What finalising made: fragments, master, transcripts. */
export const recordingObjects = sqliteTable(
  'recording_objects',
  {
    key: text('key').primaryKey(),
    sessionId: text('session_id').notNull(),
    /** Null: of all sides. */
    guildId: text('guild_id'),
    userId: text('user_id'),
    kind: text('kind').notNull(),
    bytes: integer('bytes').notNull(),
    sha256: text('sha256').notNull(),
    /** Samples at 48 kHz from time zero. */
    firstSample: integer('first_sample'),
    samples: integer('samples'),
    loudness: real('loudness'),
    truePeak: real('true_peak'),
    atLimit: text('at_limit'),
    storedAt: integer('stored_at').notNull(),
  },
  (table) => [index('recording_objects_session').on(table.sessionId)],
);

/** What people noted while it was recorded. */
export const recordingNotes = sqliteTable(
  'recording_notes',
  {
    id: text('id').primaryKey(),
    sessionId: text('session_id').notNull(),
    guildId: text('guild_id').notNull(),
    userId: text('user_id').notNull(),
    at: integer('at').notNull(),
    body: text('body').notNull(),
  },
  (table) => [index('recording_notes_session').on(table.sessionId, table.at)],
);

/** Who got links, who rebuilt, who deleted what. Outlives the recordings. */
export const recordingAudit = sqliteTable(
  'recording_audit',
  {
    id: text('id').primaryKey(),
    sessionId: text('session_id').notNull(),
    /** A user id, `operator` or `retention`. */
    actorId: text('actor_id').notNull(),
    action: text('action', { enum: ['link', 'erased', 'recovered'] }).notNull(),
    /** The object, or the folder that was deleted. */
    key: text('key').notNull(),
    at: integer('at').notNull(),
  },
  (table) => [index('recording_audit_session').on(table.sessionId, table.at)],
);

/** Who opted out of being recorded in a server, or back in, and when. */
export const consents = sqliteTable(
  'consents',
  {
    id: text('id').primaryKey(),
    guildId: text('guild_id').notNull(),
    userId: text('user_id').notNull(),
    action: text('action', { enum: ['optout', 'optin'] }).notNull(),
    at: integer('at').notNull(),
  },
  (table) => [index('consents_user').on(table.guildId, table.userId, table.at)],
);

/** Who was shown which notice of a recording, and when first. */
export const notices = sqliteTable(
  'notices',
  {
    sessionId: text('session_id').notNull(),
    guildId: text('guild_id').notNull(),
    userId: text('user_id').notNull(),
    kind: text('kind', { enum: ['nickname', 'panel', 'spoken'] }).notNull(),
    at: integer('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.guildId, table.userId, table.kind] }),
    index('notices_user').on(table.userId, table.at),
  ],
);

/** Who got links to which transcript. */
export const transcriptAudit = sqliteTable(
  'transcript_audit',
  {
    id: text('id').primaryKey(),
    sessionId: text('session_id').notNull(),
    guildId: text('guild_id').notNull(),
    actorId: text('actor_id').notNull(),
    key: text('key').notNull(),
    at: integer('at').notNull(),
  },
  (table) => [index('transcript_audit_session').on(table.sessionId, table.at)],
);
