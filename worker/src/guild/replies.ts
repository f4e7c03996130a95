/** What a person's request came to. The sentence for each code is in `interactions/texts`, in the reader's language. */

/** Refusals: nothing happened. */
export const refusals = [
  'not_in_voice',
  'channel_busy',
  'too_few_people',
  'guild_paused',
  'no_identity',
  'no_identity_here',
  'nothing_to_stop',
  'no_call',
  'bot_not_here',
  'not_reportable',
  'reported_lately',
  'not_set_up',
  'server_unknown',
  'block_self',
  'not_blocked',
  'pool_private',
  'warn_after_limit',
  'policy_without_custom',
  'seat_outside',
  'wrong_mode',
  'wrong_pool',
  'wrong_language',
  'wrong_region',
  'wrong_priority',
  'wrong_record',
  'wrong_anonymous',
  'wrong_policy',
  'wrong_matrix',
  'wrong_seat',
  'wrong_after',
  'wrong_cooldownSeconds',
  'wrong_limitSeconds',
  'wrong_warnSeconds',
  'wrong_leastPeople',
  'wrong_panel',
  'wrong_relay',
  'wrong_sealReports',
  'wrong_chunkDays',
  'wrong_recordingDays',
  'wrong_mailTo',
  'wrong_recordRules',
  'wrong_recordLimitSeconds',
  'wrong_staffRole',
  'recorded_already',
  'nobody_to_record',
  'not_recorded',
  'too_many_notes',
  'record_rule_unknown',
  'too_many_record_rules',
  'not_in_call',
  'not_the_desk',
  'caller_gone',
  'nothing_to_monitor',
  'not_listening',
  'listens_already',
  'only_listens',
  'monitors_not_allowed',
  'session_over',
  'session_full',
  'transfer_abroad',
  'not_joined',
  'captioned_already',
  'nobody_to_caption',
  'not_captioned',
  'thread_without_text',
  'keyterm_wrong',
  'keyterms_full',
] as const;
export const successes = [
  'queued',
  'waiting',
  'stopping',
  'withdrawn',
  'next',
  'left_call',
  'left_queue',
  'bot_leaving',
  'reported',
  'reported_sealing',
  'sealing_on',
  'sealing_off',
  'configured',
  'changed',
  'defaults_changed',
  'blocked',
  'unblocked',
  'channel_reset',
  'guild_reset',
  'on_hold',
  'resumed',
  'transferred',
  'invited',
  'listening',
  'listening_stopped',
  'monitor_stopped',
  'monitor_configured',
  'monitors_allowed',
  'monitors_denied',
  'record_starting',
  'record_stopping',
  'noted',
  'record_rule_added',
  'record_rule_removed',
  'opted_out',
  'opted_out_already',
  'opted_in',
  'not_opted_out',
  'captions_started',
  'captions_stopped',
  'captions_changed',
  'own_language',
  'own_language_reset',
] as const;
export type RefusalCode = (typeof refusals)[number];
export type ReplyCode = RefusalCode | (typeof successes)[number];

/** A voice channel that one of the bot's identities is in, and what for. */
export interface Holder {
  channelId: string;
  purpose: 'call' | 'recording' | 'captions';
}

export interface Reply {
  ok: boolean;
  code: ReplyCode;
  /** What the sentence names: `{channel}`, `{place}` and the like. Instants in seconds since the epoch. */
  values: Record<string, string | number>;
  /** With `no_identity`: who has the identities. */
  holders?: Holder[];
}

export const accept = (code: (typeof successes)[number], values: Reply['values'] = {}): Reply => ({
  ok: true,
  code,
  values,
});
export const refuse = (code: RefusalCode, values: Reply['values'] = {}): Reply => ({ ok: false, code, values });

const isRefusal = (code: string): code is RefusalCode => refusals.some((known) => known === code);

/** A refusal of a session, which has more codes than people can cause: those become `not_joined`. */
export const refuseAs = (code: string, values: Reply['values'] = {}): Reply =>
  refuse(isRefusal(code) ? code : 'not_joined', values);
