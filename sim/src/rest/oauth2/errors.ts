/** RFC 6749 §5.2: `{ error, error_description }`. */
export type OAuth2ErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type';

export class OAuth2Error extends Error {
  readonly code: OAuth2ErrorCode;
  constructor(code: OAuth2ErrorCode, description: string) {
    super(description);
    this.name = 'OAuth2Error';
    this.code = code;
  }

  get status(): 400 | 401 {
    return this.code === 'invalid_client' ? 401 : 400;
  }

  body() {
    return { error: this.code, error_description: this.message };
  }
}
