/** Limits of what clients may do. Pure. */

/** Messages of one socket, one user and one address are counted over this time. */
export const MESSAGE_WINDOW_MS = 10_000;
/** More messages than this within the window close the socket that sent the last one. */
export const MESSAGES = { socket: 60, user: 240, address: 3_000 } as const;
/** Longest message, in characters: a token, and room. */
export const MAX_MESSAGE_LENGTH = 8 * 1024;

/** Counts what happens within a window of fixed length. */
export class Rate {
  #since = 0;
  #count = 0;

  /** Counts one more; `true` while there are not too many. */
  allows(limit: number, now: number): boolean {
    if (now - this.#since >= MESSAGE_WINDOW_MS) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= limit;
  }
}

/**
 * Who counts as one address. Cloudflare says whose request it is; a network of IPv6 is handed out by /64, so one customer has that
 * many addresses. Empty when nobody said it (a local run): then there is no limit by address.
 */
export function addressOf(header: string | null): string {
  const address = (header ?? '').trim().toLowerCase();
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head.split(':').filter((part) => part !== '');
  const right = (tail ?? '').split(':').filter((part) => part !== '');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = [...left, ...zeros, ...right].map((part) => part.replace(/^0+(?=.)/, ''));
  return `${groups.slice(0, 4).join(':')}::/64`;
}
