/**
 * A rejection handler that does nothing, for the few places where failing is fine. The reason is required, so that nobody has
 * to guess.
 *
 * @example socket.close().catch(ignore('the process ends anyway'));
 */
export function ignore(reason: string): () => undefined {
  if (reason === '') throw new TypeError('Say why this may fail.');
  return () => undefined;
}
