/** How a claim went. */
export type Outcome =
  | { kind: 'confirm' }
  /** `blamed` tickets back off; `gone` ones are no longer wanted by their guild; the others keep their place. */
  | { kind: 'abort'; blamed: string[]; gone: string[] };

/** How long a ticket whose side could not start rests at first; twice as long each further time. Milliseconds. */
export const BLAMED_REST_MS = 10_000;
/** The longest rest of a side that cannot start. Milliseconds. */
export const BLAMED_REST_MAX_MS = 300_000;
/** When nobody is to blame (no node, say), all rest for a moment, so that they are not matched in a circle. Milliseconds. */
export const BLAMELESS_REST_MS = 3_000;

/**
 * When a ticket of an aborted claim may be matched again, in milliseconds; 0 = at once.
 *
 * @param failures how often it was blamed before
 */
export function notBefore(
  ticketId: string,
  outcome: Extract<Outcome, { kind: 'abort' }>,
  failures: number,
  now: number,
): number {
  if (outcome.blamed.includes(ticketId)) return now + Math.min(BLAMED_REST_MS * 2 ** failures, BLAMED_REST_MAX_MS);
  return outcome.blamed.length + outcome.gone.length > 0 ? 0 : now + BLAMELESS_REST_MS;
}
