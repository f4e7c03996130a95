CREATE TABLE `chunks` (
	`key` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`guild_id` text NOT NULL,
	`user_id` text NOT NULL,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`first_sample` integer NOT NULL,
	`samples` integer NOT NULL,
	`lost_packets` integer NOT NULL,
	`stored_at` integer NOT NULL,
	FOREIGN KEY (`session_id`) REFERENCES `sessions`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `chunks_session` ON `chunks` (`session_id`,`user_id`,`first_sample`);--> statement-breakpoint
CREATE TABLE `guilds` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `legs` (
	`session_id` text NOT NULL,
	`guild_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`leg_id` text,
	`identity_id` text,
	`state` text NOT NULL,
	`dave_version` integer,
	PRIMARY KEY(`session_id`, `guild_id`, `channel_id`),
	FOREIGN KEY (`session_id`) REFERENCES `sessions`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `legs_guild` ON `legs` (`guild_id`,`session_id`);--> statement-breakpoint
CREATE TABLE `refresh_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`guilds` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`mode` text NOT NULL,
	`state` text NOT NULL,
	`end_reason` text,
	`node_id` text,
	`requested_at` integer NOT NULL,
	`time_zero` integer,
	`ended_at` integer,
	`recording` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sign_in_codes` (
	`hash` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`guilds` text NOT NULL,
	`expires_at` integer NOT NULL
);
