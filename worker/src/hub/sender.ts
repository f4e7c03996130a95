import { hubCloseCodes, type ServerMessage } from '@patchbay/shared/hub-protocol';
import type { Client, Clients } from './clients.ts';
import type { HubCounters } from './counters.ts';
import { HUB_BYTES, probeBytes } from './window.ts';

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

  constructor(clients: Clients, counters: HubCounters) {
    this.#clients = clients;
    this.#counters = counters;
  }

  send(client: Client, message: ServerMessage): void {
    this.sendFrame(client, frameOf(message));
  }

  /** Answers whether it went out. */
  sendFrame(client: Client, { text, bytes }: Frame): boolean {
    const { socket, window } = client;
    if (client.stage === 'closing' || socket.readyState !== WebSocket.OPEN) return false;
    const before = window.owed;
    if (!window.take(bytes)) {
      this.#cut(client);
      return false;
    }
    socket.send(text);
    const n = window.probe(probeBytes(this.#clients.size));
    if (n !== null) socket.send(JSON.stringify({ v: 1, type: 'probe', n } satisfies ServerMessage));
    this.#owed += window.owed - before;
    if (this.#owed > HUB_BYTES / 2) this.#cutFarthest();
    return true;
  }

  /** Takes an answer to a probe; `false` when it answers none. */
  acknowledge(client: Client, n: number): boolean {
    const before = client.window.owed;
    const known = client.window.acknowledge(n);
    this.#owed += client.window.owed - before;
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
    if (client.stage !== 'closing') this.#owed -= client.window.owed;
  }

  #cut(client: Client): void {
    this.#counters.count('hub_refused_total', { code: 'too_far_behind' });
    this.close(client, hubCloseCodes.tooFarBehind, 'too_far_behind');
  }

  #cutFarthest(): void {
    const farthest = this.#clients.ready().reduce<Client | null>((most, client) => {
      return most && most.window.owed >= client.window.owed ? most : client;
    }, null);
    if (farthest) this.#cut(farthest);
  }
}
