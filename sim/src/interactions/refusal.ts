export type RefusalCode =
  | 'unknown_command'
  | 'not_installed'
  | 'wrong_context'
  | 'missing_user_permissions'
  | 'nsfw_only'
  | 'unknown_option'
  | 'missing_option'
  | 'invalid_option'
  | 'not_autocomplete'
  | 'not_visible'
  | 'unknown_component'
  | 'disabled_component'
  | 'invalid_values'
  | 'no_modal'
  | 'unknown_field'
  | 'missing_field'
  | 'invalid_field'
  | 'no_way_to_application';

/** Discord's own client would not let a person do this; nothing was sent. `message` says what to do instead. */
export class ClientRefusal extends Error {
  readonly code: RefusalCode;
  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'ClientRefusal';
    this.code = code;
  }
}
