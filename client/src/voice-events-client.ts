/**
 * Receives a guild's live events from Patchbay's hub (protocol version 1, see docs/protocol.md). Resumes by sequence after a
 * lost connection, drops what it has seen, acknowledges probes, and never repeats a token that was refused.
 *
 * @example
 * const client = new VoiceEventsClient({ url: 'wss://patchbay.example/api/ws', guildId, getToken, onEvent: console.log });
 * client.connect();
 */
import { backoffMs, MAX_ATTEMPTS } from './backoff.ts';

/** One event as the hub sends it. */
export interface VoiceEvent {
  event: string;
  id: string;
  seq: number;
  at: number;
  payload: unknown;
}

export type ConnectionState = 'connecting' | 'live' | 'waiting' | 'closed';

export class VoiceEventsError extends Error {
  /** As sent by the hub, or `connection_lost` after five attempts, or `token_refused`, `not_your_guild`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'VoiceEventsError';
    this.code = code;
  }
}

export interface VoiceEventsOptions {
  /** The hub's address without a query, `ws:` or `wss:`. */
  url: string;
  guildId: string;
  /** Called before each connection: a fresh token each time. */
  getToken: () => Promise<string>;
  onEvent: (event: VoiceEvent) => void;
  onState?: (state: ConnectionState) => void;
  /** The client has given up; call `connect` to try again. */
  onError?: (error: VoiceEventsError) => void;
}

/** Close codes after which the same try would fail again. */
const finalCodes: Record<number, [code: string, message: string]> = {
  4001: ['token_refused', 'The token was refused or has expired; sign in again.'],
  4003: ['not_your_guild', 'The token does not open this server.'],
};

/** Ids kept to drop what a replay repeats. */
const REMEMBERED_IDS = 2_000;

export class VoiceEventsClient {
  readonly #options: VoiceEventsOptions;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #epoch: string | undefined;
  #seq = 0;
  #seen = new Set<string>();
  #wanted = false;

  constructor(options: VoiceEventsOptions) {
    this.#options = options;
  }

  /** Connects, and stays connected until `close`. */
  connect(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#attempt = 0;
    void this.#open();
  }

  /** Disconnects for good. */
  close(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#socket?.close(1000, 'closed by the page');
    this.#socket = undefined;
    this.#options.onState?.('closed');
  }

  async #open(): Promise<void> {
    this.#options.onState?.('connecting');
    let token: string;
    try {
      token = await this.#options.getToken();
    } catch (cause) {
      this.#again(cause instanceof Error ? cause.message : 'no token could be had');
      return;
    }
    if (!this.#wanted) return;
    const socket = new WebSocket(`${this.#options.url}?guild=${encodeURIComponent(this.#options.guildId)}`);
    this.#socket = socket;
    socket.onopen = () => {
      const since = this.#epoch === undefined ? {} : { since: { epoch: this.#epoch, seq: this.#seq } };
      socket.send(JSON.stringify({ v: 1, type: 'auth', token, ...since }));
    };
    socket.onmessage = ({ data }) => this.#message(socket, String(data));
    socket.onclose = ({ code, reason }) => {
      if (this.#socket !== socket || !this.#wanted) return;
      this.#socket = undefined;
      const final = finalCodes[code];
      // A token runs out in the middle of a live connection: that is no refusal, the next one is fresh.
      if (final && !(code === 4001 && this.#attempt === 0 && this.#epoch !== undefined)) this.#giveUp(...final);
      else this.#again(reason || `connection closed (${code})`);
    };
  }

  #message(socket: WebSocket, data: string): void {
    let message: { type?: string; event?: string; n?: number; epoch?: string; seq?: number; id?: string };
    try {
      message = JSON.parse(data);
    } catch {
      socket.close(1002, 'not JSON');
      return;
    }
    if (message.type === 'probe') {
      socket.send(JSON.stringify({ v: 1, type: 'ack', n: message.n }));
    } else if (message.type === 'ack' && message.event === 'auth.ok') {
      this.#attempt = 0;
      // Another epoch: what was counted before means nothing now. The hub sends a resync and a snapshot.
      if (message.epoch !== this.#epoch) this.#seq = 0;
      this.#epoch = message.epoch;
      this.#options.onState?.('live');
    } else if (message.type === 'event' && message.event === 'resync') {
      this.#epoch = message.epoch;
      this.#seq = message.seq ?? 0;
    } else if (message.type === 'event' && message.id !== undefined) {
      this.#event(message as VoiceEvent);
    }
  }

  #event(event: VoiceEvent): void {
    if (this.#seen.has(event.id)) return;
    this.#seen.add(event.id);
    if (this.#seen.size > REMEMBERED_IDS) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    this.#seq = Math.max(this.#seq, event.seq);
    this.#options.onEvent(event);
  }

  #again(reason: string): void {
    if (!this.#wanted) return;
    if (this.#attempt >= MAX_ATTEMPTS) {
      this.#giveUp('connection_lost', `Patchbay cannot be reached: ${reason}.`);
      return;
    }
    this.#options.onState?.('waiting');
    this.#timer = setTimeout(() => void this.#open(), backoffMs(this.#attempt));
    this.#attempt += 1;
  }

  #giveUp(code: string, message: string): void {
    this.#wanted = false;
    this.#options.onState?.('closed');
    this.#options.onError?.(new VoiceEventsError(code, message));
  }
}
