/** Bytes on their way to one client; above it the client is cut (workerd has no `bufferedAmount` to look at). */
export const MAX_UNACKNOWLEDGED = 1024 * 1024;
/** After so many bytes the client is asked how far it got, … */
export const PROBE_BYTES = 256 * 1024;
/** … or earlier where there are many clients, but not more often than this. */
const LEAST_PROBE_BYTES = 2 * 1024;
/** Bytes that one hub means to have on their way, of the 128 MB that its object has at all. */
export const HUB_BYTES = 64 * 1024 * 1024;
/** A part of it may be with clients that were not asked yet: so many bytes, and they are all asked. */
const UNASKED_BYTES = HUB_BYTES / 2;
/** The rest may be with clients that owe an answer; above it whatever can wait does. */
export const OWED_BYTES = HUB_BYTES - UNASKED_BYTES;
/** A client that owes an answer for so long, while the hub does nothing but wait for it, stands still. Milliseconds. */
export const STALLED_MS = 5_000;

/** After how many bytes each of so many clients is asked. */
export function probeBytes(clients: number): number {
  const fair = UNASKED_BYTES / Math.max(1, clients);
  return Math.min(PROBE_BYTES, Math.max(LEAST_PROBE_BYTES, fair));
}

/**
 * Counts sent and acknowledged bytes of one socket. Each probe has a number that cannot be guessed: only who read it can
 * acknowledge it, and nobody can forge room for what they did not receive.
 */
export class SendWindow {
  #sent = 0;
  #acknowledged = 0;
  #probed = 0;
  /** Open probes: their number, how much had been sent, and when. Oldest first. */
  readonly #probes = new Map<number, { sent: number; at: number }>();
  readonly #number: () => number;

  /** `number` draws the number of a probe. */
  constructor(number: () => number = drawNumber) {
    this.#number = number;
  }

  /** May `bytes` more be sent? When not, the client is too far behind. */
  take(bytes: number): boolean {
    if (this.#sent + bytes - this.#acknowledged > MAX_UNACKNOWLEDGED) return false;
    this.#sent += bytes;
    return true;
  }

  /** The number of a probe to send now, or `null` when less than `after` bytes went out since the last one. */
  probe(after: number = PROBE_BYTES): number | null {
    if (this.#sent - this.#probed < after) return null;
    this.#probed = this.#sent;
    const n = this.#number();
    this.#probes.set(n, { sent: this.#sent, at: Date.now() });
    return n;
  }

  /** Takes an answer; `false` when no such probe is open: it was never sent, or answered before. */
  acknowledge(n: number): boolean {
    const probe = this.#probes.get(n);
    if (!probe) return false;
    this.#acknowledged = probe.sent;
    for (const [each, { sent }] of this.#probes) if (sent <= probe.sent) this.#probes.delete(each);
    return true;
  }

  /** Does the client owe an answer? */
  get isAsked(): boolean {
    return this.#probes.size > 0;
  }

  get openProbes(): number {
    return this.#probes.size;
  }

  /** Bytes on their way to a client that owes an answer; 0 while it owes none. */
  get owed(): number {
    return this.#probes.size === 0 ? 0 : this.#sent - this.#acknowledged;
  }

  /** Since when an answer has been owed, in ms since the epoch; `undefined`: none is. */
  get owesSince(): number | undefined {
    const [oldest] = this.#probes.values();
    return oldest?.at;
  }
}

/** 53 random bits. */
function drawNumber(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0x1fffff) * 2 ** 32 + low;
}
