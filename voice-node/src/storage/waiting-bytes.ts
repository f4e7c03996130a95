/** How much of each session waits to be uploaded, counted from when nothing of it waited. Pure. */
export class WaitingBytes {
  readonly #sessions = new Map<string, { done: number; total: number; files: number }>();

  /** A file waits. */
  add(sessionId: string, bytes: number): void {
    const session = this.#sessions.get(sessionId) ?? { done: 0, total: 0, files: 0 };
    session.total += bytes;
    session.files += 1;
    this.#sessions.set(sessionId, session);
  }

  /** A file is stored. Answers how much of what waited is, in percent; undefined: nothing of the session was known to wait. */
  done(sessionId: string, bytes: number): number | undefined {
    const session = this.#sessions.get(sessionId);
    if (!session) return undefined;
    session.done += bytes;
    session.files -= 1;
    if (session.files > 0) return Math.min(99, (100 * session.done) / Math.max(1, session.total));
    this.#sessions.delete(sessionId);
    return 100;
  }

  /** Does anything of the session wait? */
  has(sessionId: string): boolean {
    return this.#sessions.has(sessionId);
  }
}
