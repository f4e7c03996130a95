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