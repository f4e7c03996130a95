/** Bytes on their way to one client; above it the client is cut (workerd has no `bufferedAmount` to look at). */
export const MAX_UNACKNOWLEDGED = 1024 * 1024;
/** After so many bytes the client is asked how far it got. */
export const PROBE_BYTES = 256 * 1024;

/**
 * Counts sent and acknowledged bytes of one socket. An acknowledgement counts only for a probe that was sent, and only
 * forward: a client cannot forge room for itself beyond what it was asked.
 */
export class SendWindow {
  #sent = 0;
  #acknowledged = 0;
  #probed = 0;

  /** May `bytes` more be sent? When not, the client is too far behind. */
  take(bytes: number): boolean {
    if (this.#sent + bytes - this.#acknowledged > MAX_UNACKNOWLEDGED) return false;
    this.#sent += bytes;
    return true;
  }

  /** The number of a probe to send now, or `null`. */
  probe(): number | null {
    if (this.#sent - this.#probed < PROBE_BYTES) return null;
    this.#probed = this.#sent;
    return this.#probed;
  }

  acknowledge(n: number): void {
    if (n <= this.#probed && n > this.#acknowledged) this.#acknowledged = n;
  }
}
