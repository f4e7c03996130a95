/** A refusal of the control server, on both of its ends. `code` is stable; `message` says what to do. */
export class ControlError extends Error {
  readonly code: string;
  readonly status: 400 | 404 | 409 | 504;
  constructor(code: string, message: string, status: 400 | 404 | 409 | 504 = 400) {
    super(message);
    this.name = 'ControlError';
    this.code = code;
    this.status = status;
  }
}
