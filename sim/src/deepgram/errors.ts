/** A refusal in Deepgram's own form. https://developers.deepgram.com/docs/errors */
export class DeepgramError extends Error {
  readonly status: number;
  /** Deepgram's `err_code`. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'DeepgramError';
    this.status = status;
    this.code = code;
  }

  body(requestId: string): { err_code: string; err_msg: string; request_id: string } {
    return { err_code: this.code, err_msg: this.message, request_id: requestId };
  }
}

export const refusals = {
  credentials: () => new DeepgramError(401, 'INVALID_AUTH', 'Invalid credentials.'),
  query: (field: string, why: string) => new DeepgramError(400, 'INVALID_QUERY_PARAMETER', `${field}: ${why}`),
  audio: (why: string) =>
    new DeepgramError(400, 'Bad Request', `Bad Request: failed to process audio: corrupt or unsupported data (${why})`),
  body: (why: string) => new DeepgramError(400, 'PAYLOAD_ERROR', why),
  remote: (why: string) => new DeepgramError(400, 'REMOTE_CONTENT_ERROR', why),
  tooMany: () =>
    new DeepgramError(429, 'TOO_MANY_REQUESTS', 'Too many requests. Please try again later, or raise your limit.'),
  path: (path: string) => new DeepgramError(404, 'NOT_FOUND', `There is nothing at ${path}; use /v1/listen.`),
  failing: (status: number) => new DeepgramError(status, 'INTERNAL_SERVER_ERROR', 'The server could not answer.'),
} as const;
