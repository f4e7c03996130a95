/**
 * The one error type that crosses rooms: a stable `code` for programs and a sentence for people.
 *
 * @example
 * throw new PatchbayError('channel_busy', 'This channel is already in a call. Use /call stop first.');
 */
export class PatchbayError extends Error {
  /** Stable, snake_case, part of the contract: programs branch on it. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PatchbayError';
    this.code = code;
  }
}

/** The body of every refused HTTP request. */
export interface ErrorBody {
  error: { code: string; message: string };
}

/** Turns a code and a sentence into the body that every route answers with when it refuses. */
export function errorBody(code: string, message: string): ErrorBody {
  return { error: { code, message } };
}
