export type WorldErrorCode =
  | 'unknown_application'
  | 'unknown_user'
  | 'unknown_guild'
  | 'unknown_member'
  | 'unknown_role'
  | 'unknown_channel'
  | 'unknown_message'
  | 'unknown_webhook'
  | 'unknown_permission'
  | 'banned'
  | 'not_a_voice_channel'
  | 'not_a_text_channel'
  | 'not_in_voice'
  | 'not_a_bot'
  | 'not_a_person';

/** The world refuses: the thing does not exist or the step makes no sense. `message` says what to do. */
export class WorldError extends Error {
  readonly code: WorldErrorCode;
  constructor(code: WorldErrorCode, message: string) {
    super(message);
    this.name = 'WorldError';
    this.code = code;
  }
}
