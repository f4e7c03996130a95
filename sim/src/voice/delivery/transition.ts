/** A change that a room's clients prepare (op 21, 29, 30), confirm (op 23) and then carry out together (op 22). */
export interface Transition {
  /** 0: at once, without confirmations. */
  id: number;
  /** Who has not confirmed yet. */
  waiting: Set<string>;
  /** Takes force on the server, right after op 22 went out. */
  execute(): void;
}

/** Clients that do not confirm (op 23) are not waited for any longer than this, in ms. */
const timeoutMs = 1_000;

/** The one transition that is under way in a room, and the numbering of them. */
export class Transitions {
  readonly #announce: (transitionId: number) => void;
  readonly #onDone: () => void;
  #current: { transition: Transition; timer: NodeJS.Timeout } | undefined;
  #lastId = 0;

  /** `announce` sends op 22 to whom it concerns; `onDone` is called when the way is free for the next change. */
  constructor(announce: (transitionId: number) => void, onDone: () => void) {
    this.#announce = announce;
    this.#onDone = onDone;
  }

  get pending(): boolean {
    return this.#current !== undefined;
  }

  nextId(): number {
    this.#lastId = (this.#lastId % 0xffff) + 1;
    return this.#lastId;
  }

  begin(transition: Transition): void {
    this.#current = { transition, timer: setTimeout(() => this.#execute(), timeoutMs).unref() };
    if (transition.id === 0 || transition.waiting.size === 0) this.#execute();
  }

  /** Op 23. */
  confirm(userId: string, transitionId: number): void {
    if (this.#current?.transition.id === transitionId) this.drop(userId);
  }

  /** Nobody waits for this user any more. */
  drop(userId: string): void {
    const waiting = this.#current?.transition.waiting;
    if (waiting?.delete(userId) && waiting.size === 0) this.#execute();
  }

  close(): void {
    clearTimeout(this.#current?.timer);
    this.#current = undefined;
  }

  #execute(): void {
    if (!this.#current) return;
    const { transition } = this.#current;
    this.close();
    if (transition.id !== 0) this.#announce(transition.id);
    transition.execute();
    this.#onDone();
  }
}
