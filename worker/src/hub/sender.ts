import { hubCloseCodes, type ServerMessage } from '@patchbay/shared/hub-protocol';
import type { Client, Clients } from './clients.ts';
import type { HubCounters } from './counters.ts';
import { OWED_BYTES, probeBytes, STALLED_MS } from './window.ts';

const encoder = new TextEncoder();

/** A message in words: made once, sent to many. */
export interface Frame {
  text: string;
  bytes: number;
}

export function frameOf(message: ServerMessage): Frame {
  const text = JSON.stringify(message);
  return { text, bytes: encoder.encode(text).length };
}

/** Sends to clients, within what each of them and the whole hub may have on its way. */
export class Sender {
  readonly #clients: Clients;
  readonly #counters: HubCounters;
  /** Bytes on their way to clients that owe an answer. */
  #owed = 0;
  /** Who waits for room. */
  #waiting: (() => void)[] = [];

  constructor(clients: Clients, counters: HubCounters) {
    this.#clients = clients;
    this.#counters = counters;
  }

  send(client: Client, message: ServerMessage): void {
    this.sendFrame(client, frameOf(message));
  }

  /** Answers whether it went out. Called for each client of each event: nothing here is done twice. */
  sendFrame(client: Client, { text, bytes }: Frame): boolean {
    if (client.stage === 'closing') return false;
    const { window } = client;
    if (!window.take(bytes)) {
      this.#cut(client);
      return false;
    }
    if (!this.#put(client, text)) return false;
    if (window.isAsked) this.#owed += bytes;
    const n = window.probe(probeBytes(this.#clients.size));
    if (n === null) return true;
    // Its first open question: from now on all that is on its way counts.
    if (window.openProbes === 1) this.#owed += window.owed;
    return this.#put(client, JSON.stringify({ v: 1, type: 'probe', n } satisfies ServerMessage));
  }

  /** A socket whose peer has closed it stays in the list for a moment, and takes nothing any more. */
  #put({ socket }: Client, text: string): boolean {
    try {
      socket.send(text);
      return true;
    } catch (error) {
      if (socket.readyState === WebSocket.OPEN) throw error;
      return false;
    }
  }

  /** Is so much on its way that whatever can wait should? */
  get isCrowded(): boolean {
    return this.#owed > OWED_BYTES;
  }

  /**
   * Resolves when there is room again. Clients that read what they get make it soon; those that do not answer while the hub waits
   * for them are cut, the farthest behind first, so that they hold up the others for a moment at most.
   */
  async room(): Promise<void> {
    while (this.isCrowded) {
      const since = Date.now();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      const timer = setTimeout(resolve, STALLED_MS);
      await promise;
      clearTimeout(timer);
      // Those that were asked before the wait had all of it: their answers were not held up by our own work.
      if (Date.now() - since >= STALLED_MS) this.#cutStalled(since);
    }
  }

  /** Takes an answer to a probe; `false` when it answers none. */
  acknowledge(client: Client, n: number): boolean {
    const before = client.window.owed;
    const known = client.window.acknowledge(n);
    this.#owed += client.window.owed - before;
    this.#wake();
    return known;
  }

  /** Says why, and closes. */
  refuse(client: Client, closeCode: number, code: string, message: string): void {
    this.#counters.count('hub_refused_total', { code });
    this.send(client, { v: 1, type: 'error', code, message });
    this.close(client, closeCode, code);
  }

  close(client: Client, closeCode: number, reason: string): void {
    if (client.stage === 'closing') return;
    this.forget(client);
    this.#clients.closing(client);
    if (client.socket.readyState !== WebSocket.OPEN) return;
    client.socket.close(closeCode, reason);
    this.#counters.count('hub_closed_total', { code: closeCode });
  }

  /** A client is gone: what was on its way to it is not counted any more. */
  forget(client: Client): void {
    if (client.stage === 'closing') return;
    this.#owed -= client.window.owed;
    this.#wake();
  }

  #cut(client: Client): void {
    this.#counters.count('hub_refused_total', { code: 'too_far_behind' });
    this.close(client, hubCloseCodes.tooFarBehind, 'too_far_behind');
  }

  /** Cuts those that owe an answer since then or longer, until there is room. */
  #cutStalled(since: number): void {
    const stalled = this.#clients
      .ready()
      .filter(({ window }) => (window.owesSince ?? Number.POSITIVE_INFINITY) <= since);
    stalled.sort((left, right) => right.window.owed - left.window.owed);
    for (const client of stalled) {
      if (!this.isCrowded) return;
      this.#cut(client);
    }
  }

  #wake(): void {
    if (this.isCrowded) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
