/** When live facts may be edited into a panel. Pure. They never hold a state back, and cost one edit in five seconds at most. */
import { isDue, type PanelRecord } from './plan.ts';

/** Edits for live facts alone come at least so far apart, ms. */
export const LIVE_SPACING_MS = 5_000;

/** What is remembered of the message beside its record, in memory alone. */
export interface LivePace {
  /** The message as it was last edited; undefined: not known, after a restart or when two edits overtook each other. */
  shown: string | undefined;
  /** Live facts alone are not edited in before this instant, ms since the epoch. */
  notBefore: number;
}

/**
 * When the message is to be edited to `wanted` for its live facts alone, ms since the epoch. Undefined: there is nothing to edit,
 * or the state has an edit of its own to come, which brings them along.
 */
export function liveDueAt(record: PanelRecord, pace: LivePace, wanted: string): number | undefined {
  if (record.messageId === undefined || record.problem !== undefined || isDue(record)) return undefined;
  if (wanted === pace.shown) return undefined;
  return Math.max(record.notBefore, pace.notBefore);
}
