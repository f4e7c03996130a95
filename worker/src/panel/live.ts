/** When live facts may be edited into a panel. Pure. They never hold a state back, and cost one edit in five seconds at most. */
import { isDue, type PanelRecord } from './plan.ts';
import type { PanelMessage } from './render.ts';

/** Edits for live facts alone come at least so far apart, ms. */
export const LIVE_SPACING_MS = 5_000;

/**
 * When the message is to be edited to one with the fingerprint `wanted` for its live facts alone, ms since the epoch: not before
 * `notBefore`. Undefined: there is nothing to edit, or the state has an edit of its own to come, which brings them along.
 */
export function liveDueAt(record: PanelRecord, notBefore: number, wanted: string): number | undefined {
  if (record.messageId === undefined || record.problem !== undefined || isDue(record)) return undefined;
  if (wanted === record.shownAs) return undefined;
  return Math.max(record.notBefore, notBefore);
}

/** Tells messages apart without keeping what people said: FNV-1a of 32 bits. */
export function fingerprint(message: PanelMessage): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(JSON.stringify(message))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(36);
}
