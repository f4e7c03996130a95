CREATE TABLE `consents` (
	`id` text PRIMARY KEY NOT NULL,
	`guild_id` text NOT NULL,
	`user_id` text NOT NULL,
	`action` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `consents_user` ON `consents` (`guild_id`,`user_id`,`at`);--> statement-breakpoint
CREATE TABLE `notices` (
	`session_id` text NOT NULL,
	`guild_id` text NOT NULL,
	`user_id` text NOT NULL,
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`session_id`, `guild_id`, `user_id`, `kind`)
);
--> statement-breakpoint
CREATE INDEX `notices_user` ON `notices` (`user_id`,`at`);--> statement-breakpoint
CREATE TABLE `recording_audit` (
	`id` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`actor_id` text NOT NULL,
	`action` text NOT NULL,
	`key` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `recording_audit_session` ON `recording_audit` (`session_id`,`at`);--> statement-breakpoint
CREATE TABLE `recording_notes` (
	`id` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`guild_id` text NOT NULL,
	`user_id` text NOT NULL,
	`at` integer NOT NULL,
	`body` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `recording_notes_session` ON `recording_notes` (`session_id`,`at`);--> statement-breakpoint
CREATE TABLE `recording_objects` (
	`key` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`guild_id` text,
	`user_id` text,
	`kind` text NOT NULL,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`first_sample` integer,
	`samples` integer,
	`loudness` real,
	`true_peak` real,
	`at_limit` text,
	`stored_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `recording_objects_session` ON `recording_objects` (`session_id`);--> statement-breakpoint
CREATE TABLE `recording_people` (
	`session_id` text NOT NULL,
	`guild_id` text NOT NULL,
	`user_id` text NOT NULL,
	`display_name` text NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	`lost_packets` integer,
	`spoken_samples` integer,
	`missing_samples` integer,
	PRIMARY KEY(`session_id`, `guild_id`, `user_id`)
);
--> statement-breakpoint
CREATE INDEX `recording_people_user` ON `recording_people` (`user_id`,`first_at`);--> statement-breakpoint
CREATE TABLE `recording_sides` (
	`session_id` text NOT NULL,
	`guild_id` text NOT NULL,
	`guild_name` text NOT NULL,
	`channel_id` text NOT NULL,
	`channel_name` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`sights` text NOT NULL,
	PRIMARY KEY(`session_id`, `guild_id`, `channel_id`)
);
--> statement-breakpoint
CREATE INDEX `recording_sides_channel` ON `recording_sides` (`channel_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `recording_sides_guild` ON `recording_sides` (`guild_id`,`started_at`);--> statement-breakpoint
CREATE TABLE `recordings` (
	`id` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`time_zero` integer,
	`samples` integer,
	`loudness` real,
	`true_peak` real,
	`outage_samples` integer,
	`chunks_expire_at` integer,
	`expires_at` integer
);
--> statement-breakpoint
CREATE INDEX `recordings_started` ON `recordings` (`started_at`);--> statement-breakpoint
CREATE TABLE `transcript_audit` (
	`id` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`guild_id` text NOT NULL,
	`actor_id` text NOT NULL,
	`key` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `transcript_audit_session` ON `transcript_audit` (`session_id`,`at`);