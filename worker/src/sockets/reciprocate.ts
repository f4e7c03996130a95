/** Codes that only stand for something that was not sent; sending one is an error. */
const reserved: ReadonlySet<number> = new Set([1005, 1006, 1015]);

/**
 * Answers a peer's Close. Without it the peer waits in CLOSING until the object sleeps, and reports 1006. After a Close of
 * our own this does nothing.
 */
export function reciprocate(socket: WebSocket, code: number): void {
  socket.close(reserved.has(code) ? 1000 : code);
}
