import { ApiError } from './errors.ts';

/** 50035 that points at one field. */
export function formError(path: readonly string[], code: string, message: string): ApiError {
  const leaf: unknown = { _errors: [{ code, message }] };
  const tree = path.reduceRight((inner, key) => ({ [key]: inner }), leaf);
  return new ApiError(400, 50035, 'Invalid Form Body', tree);
}
