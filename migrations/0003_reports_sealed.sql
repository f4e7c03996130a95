CREATE TABLE `report_audit` (
	`id` text PRIMARY KEY NOT NULL,
	`report_id` text NOT NULL,
	`actor_id` text NOT NULL,
	`action` text NOT NULL,
	`key` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `report_audit_report` ON `report_audit` (`report_id`,`at`);--> statement-breakpoint
ALTER TABLE `reports` ADD `state` text DEFAULT 'kept' NOT NULL;--> statement-breakpoint
ALTER TABLE `reports` ADD `failure` text;--> statement-breakpoint
ALTER TABLE `reports` ADD `seal_id` text;--> statement-breakpoint
ALTER TABLE `reports` ADD `sealed_from` integer;--> statement-breakpoint
ALTER TABLE `reports` ADD `sealed_to` integer;--> statement-breakpoint
ALTER TABLE `reports` ADD `objects` text;--> statement-breakpoint
ALTER TABLE `reports` ADD `expires_at` integer;--> statement-breakpoint
CREATE INDEX `reports_at` ON `reports` (`at`);