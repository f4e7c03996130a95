/** An answer in S3's own form. */
export class S3Error extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = 'S3Error';
    this.code = code;
    this.status = status;
  }
}

export const refusals = {
  accessDenied: (why: string) => new S3Error('AccessDenied', 403, why),
  badDigest: (what: string) =>
    new S3Error('BadDigest', 400, `The ${what} you specified did not match what was received.`),
  bucketExists: () =>
    new S3Error('BucketAlreadyOwnedByYou', 409, 'The bucket exists already, and it is yours; use it as it is.'),
  bucketNotEmpty: () =>
    new S3Error('BucketNotEmpty', 409, 'The bucket you tried to delete is not empty; delete its objects first.'),
  invalidKey: () => new S3Error('InvalidAccessKeyId', 403, 'The access key id does not exist in our records.'),
  malformed: (why: string) => new S3Error('InvalidRequest', 400, why),
  noBucket: () => new S3Error('NoSuchBucket', 404, 'The specified bucket does not exist.'),
  noKey: () => new S3Error('NoSuchKey', 404, 'The specified key does not exist.'),
  noUpload: () => new S3Error('NoSuchUpload', 404, 'The specified multipart upload does not exist.'),
  preconditionFailed: () =>
    new S3Error('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold.'),
  range: () => new S3Error('InvalidRange', 416, 'The requested range is not satisfiable.'),
  signature: () =>
    new S3Error(
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the one you provided.',
    ),
  skewed: () =>
    new S3Error('RequestTimeTooSkewed', 403, 'The difference between the request time and ours is too large.'),
  unsupported: (what: string) => new S3Error('NotImplemented', 501, `${what} is not implemented here.`),
} as const;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text made safe for XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** One element with text, or with elements already written. */
export function element(name: string, content: string | number): string {
  return `<${name}>${content}</${name}>`;
}

/** A whole document in S3's namespace. */
export function document(name: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`;
}
