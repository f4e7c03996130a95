/**
 * Receives a server's live events from Patchbay's hub and keeps the picture of who is where. Resumes by sequence after a lost
 * connection, tells what was missed, drops what it has seen, and never repeats a token that was refused (docs/client.md).
 *
 * @example
 * const client = new VoiceEventsClient({ url: 'https://patchbay.example', guildId, getToken });
 * client.on('voice.left', ({ payload }) => console.log(payload.userId, payload.cause.kind));
 * client.connect();
 */
import { addressesOf } from './addresses.ts';
import { backoffMs, MAX_ATTEMPTS } from './backoff.ts';
import { Connection } from './connection.ts';
import { NOT_YOUR_GUILD, TOKEN_REFUSED, VoiceEventsError } from './errors.ts';
import { isHidden, isOffline, watchPage } from './page.ts';
import { missedEvents, nextPresence, type Presence } from './presence.ts';
import type { AnyVoiceEvent, ServerMessage, VoiceEvent, VoiceEventName } from './protocol.ts';
import { type RejoinAnswer, requestRejoin } from './rejoin.ts';
import { renewalDelay, within } from './token.ts';

/** `waiting`: connection lost, trying again soon. `offline`: the machine has no network; goes on when it is back. */
export type ConnectionState = 'connecting' | 'live' | 'waiting' | 'offline' | 'closed';

export interface VoiceEventsOptions {
  /** Patchbay's address, `https://…`; the hub's own, `wss://…/api/ws`, does as well. */
  url: string;
  guildId: string;
  /**
   * Called before each connection, each renewal and each rejoin. Give a token that is still good for a while. A
   * `VoiceEventsError` thrown here ends the attempts at once; anything else is tried again.
   */
  getToken: () => Promise<string>;
  onEvent?: (event: AnyVoiceEvent) => void;
  onState?: (state: ConnectionState) => void;
  /** The client has given up; `connect` tries again. */
  onError?: (error: VoiceEventsError) => void;
}

/** Everything that is known; replaced, never changed. */
export interface View {
  state: ConnectionState;
  /** Unknown before the first snapshot; the last known picture while the connection is lost. */
  presence: Presence | undefined;
  /** Why the client gave up. */
  error: VoiceEventsError | undefined;
}

/** Ids kept to drop what a replay repeats. */
const REMEMBERED_IDS = 2_000;
/** A connection that lived so long counts as good: attempts are counted from the start again. ms. */
const GOOD_MS = 10_000;
const TOKEN_LIMIT_MS = 15_000;
/** Sent with the sequence of the last durable event, so that their order says nothing. */
const EPHEMERAL = ['voice.speaking', 'session.stats', 'caption.partial', 'presence.snapshot'];

type Listener = (event: never) => void;

export class VoiceEventsClient {
  readonly #options: VoiceEventsOptions;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #watchers = new Set<() => void>();
  readonly #seen = new Set<string>();
  #view: View = { state: 'closed', presence: undefined, error: undefined };
  #connection: Connection | undefined;
  /** Grows with each attempt: what an abandoned one brings late is ignored. */
  #run = 0;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #unwatchPage: (() => void) | undefined;
  #epoch = '';
  /** Where to resume; unknown until a snapshot was taken in whole. */
  #since: { epoch: string; seq: number } | undefined;
  /** The token in use. */
  #token = '';
  /** The token that was refused last: it is not sent again. */
  #refused = '';

  constructor(options: VoiceEventsOptions) {
    this.#options = options;
  }

  /** State of the connection, picture, and error. The same object until something changes. */
  get view(): View {
    return this.#view;
  }

  /** Connects, and stays connected until `close`. */
  connect(): void {
    if (this.#unwatchPage) return;
    this.#unwatchPage = watchPage({
      onOnline: () => this.#wake(),
      onVisible: () => this.#wake(),
      onOffline: () => this.#halt('offline'),
    });
    this.#attempt = 0;
    this.#refused = '';
    void this.#open();
  }

  /** Disconnects. */
  close(): void {
    if (this.#unwatchPage) this.#stop();
  }

  /** Calls `listener` for each event of that name; the answer ends that. */
  on<N extends VoiceEventName>(name: N, listener: (event: VoiceEvent<N>) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Calls `watcher` whenever `view` has changed; the answer ends that. Fits React's `useSyncExternalStore`. */
  subscribe(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Asks for the way back into a voice channel. Success is told by `voice.joined`.
   *
   * @throws {VoiceEventsError} with a `RejoinErrorCode`
   */
  rejoin(channelId: string): Promise<RejoinAnswer> {
    const { url, guildId, getToken } = this.#options;
    return requestRejoin(addressesOf(url, guildId).rejoin, getToken, channelId);
  }

  async #open(): Promise<void> {
    const offline = isOffline();
    this.#halt(offline ? 'offline' : 'connecting');
    if (offline) return;
    const run = this.#run;
    let token: string;
    try {
      token = await within(this.#options.getToken(), TOKEN_LIMIT_MS);
    } catch (error) {
      if (run !== this.#run) return;
      if (error instanceof VoiceEventsError) this.#stop(error);
      else this.#again(error instanceof Error ? error.message : 'no token could be had');
      return;
    }
    if (run !== this.#run) return;
    if (token === this.#refused) {
      this.#stop(new VoiceEventsError('token_refused', 'The token was refused. Sign in again.'));
      return;
    }
    this.#token = token;
    try {
      const connection = new Connection(addressesOf(this.#options.url, this.#options.guildId).hub, {
        onOpen: () => this.#authenticate(connection),
        onMessage: (message) => this.#message(message),
        onEnd: (code, reason, error) => this.#ended(connection, code, reason, error),
      });
      this.#connection = connection;
    } catch (error) {
      // No address of a server, or `ws:` from a page of `https:`.
      this.#stop(new VoiceEventsError('address_refused', `Patchbay's address cannot be used: ${error}`));
    }
  }

  #authenticate(connection: Connection): void {
    connection.send({ type: 'auth', token: this.#token, since: this.#since });
  }

  #message(message: ServerMessage): void {
    const { type, event, epoch = '' } = message;
    if (type === 'ack' && event === 'auth.ok') {
      this.#epoch = epoch;
      // Another epoch: what was counted before means nothing now. The hub sends a resync and a snapshot.
      if (this.#since?.epoch !== epoch) this.#since = undefined;
      this.#show({ state: 'live', error: undefined });
      this.#renewLater();
    } else if (type === 'event' && event === 'resync') {
      this.#epoch = epoch;
      this.#since = undefined;
    } else if (type === 'event' && message.id !== undefined) {
      this.#event(message as AnyVoiceEvent);
    }
  }

  #event(event: AnyVoiceEvent): void {
    const old = this.#since !== undefined && event.seq < this.#since.seq && !EPHEMERAL.includes(event.event);
    if (old || this.#seen.has(event.id)) return;
    this.#seen.add(event.id);
    if (this.#seen.size > REMEMBERED_IDS) for (const id of this.#seen) if (this.#seen.delete(id)) break;
    const before = this.#view.presence;
    if (event.event === 'presence.snapshot') this.#since = { epoch: this.#epoch, seq: event.seq };
    else if (this.#since) this.#since.seq = Math.max(this.#since.seq, event.seq);
    const presence = nextPresence(before, event);
    if (presence !== before) this.#show({ presence });
    this.#tell(event);
    if (!before || event.event !== 'presence.snapshot') return;
    for (const [index, missed] of missedEvents(before, event.payload).entries()) {
      const { seq, at } = event;
      this.#tell({ ...missed, id: `${event.id}:${index}`, seq, at, derived: true } as AnyVoiceEvent);
    }
  }

  /** A listener that throws does not keep the others from hearing; its error ends where uncaught errors end. */
  #tell(event: AnyVoiceEvent): void {
    for (const listener of [this.#options.onEvent, ...(this.#listeners.get(event.event) ?? [])]) {
      try {
        listener?.(event as never);
      } catch (error) {
        (globalThis.reportError ?? console.error)(error);
      }
    }
  }

  #ended(connection: Connection, code: number, reason: string, error?: ServerMessage): void {
    const { liveSince } = connection;
    const good = liveSince > 0 && Date.now() - liveSince > GOOD_MS;
    if (good) {
      this.#attempt = 0;
      this.#refused = '';
    }
    if (code === NOT_YOUR_GUILD) {
      this.#stop(new VoiceEventsError('not_your_guild', error?.message ?? 'The token does not open this server.'));
    } else if (code !== TOKEN_REFUSED) {
      this.#again(reason || `connection closed (${code})`);
    } else if (!this.#refused && (liveSince || (error?.code ?? reason) === 'token_expired')) {
      // It ran out: that is no refusal, and the next one is fresh. Once: a second refusal in a row is one.
      this.#refused = this.#token;
      void this.#open();
    } else {
      this.#stop(new VoiceEventsError('token_refused', error?.message ?? 'The token was refused. Sign in again.'));
    }
  }

  /** Sends a fresh token on the living connection, so that it need not be closed when the old one ends. */
  #renewLater(): void {
    clearTimeout(this.#renewal);
    const delay = renewalDelay(this.#token);
    const connection = this.#connection;
    if (delay === undefined) return;
    this.#renewal = setTimeout(async () => {
      const token = await this.#options.getToken().catch(() => this.#token);
      // No other token, or none at all: the hub closes with 4001 when this one ends, and that is when it is asked for again.
      if (connection !== this.#connection || !connection || token === this.#token) return;
      this.#token = token;
      this.#authenticate(connection);
    }, delay);
  }

  /** The network is back, or somebody looks: no more waiting; a connection that seems alive has to prove it. */
  #wake(): void {
    if (this.#connection) this.#connection.check();
    else if (this.#view.state !== 'connecting') {
      this.#attempt = 0;
      void this.#open();
    }
  }

  #again(reason: string): void {
    if (isOffline()) this.#halt('offline');
    else if (this.#attempt < MAX_ATTEMPTS) {
      this.#halt('waiting');
      // Nobody looks: no hurry.
      this.#timer = setTimeout(() => void this.#open(), backoffMs(isHidden() ? MAX_ATTEMPTS - 1 : this.#attempt));
      this.#attempt += 1;
    } else if (isHidden()) this.#halt('waiting');
    else this.#stop(new VoiceEventsError('connection_lost', `Patchbay cannot be reached: ${reason}.`));
  }

  /** Abandons what is under way. */
  #halt(state: ConnectionState): void {
    this.#run += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    this.#connection?.drop();
    this.#connection = undefined;
    this.#show({ state });
  }

  #stop(error?: VoiceEventsError): void {
    this.#unwatchPage?.();
    this.#unwatchPage = undefined;
    this.#show({ error });
    this.#halt('closed');
    if (error) this.#options.onError?.(error);
  }

  #show(change: Partial<View>): void {
    const before = this.#view;
    this.#view = { ...before, ...change };
    for (const watcher of this.#watchers) watcher();
    if (before.state !== this.#view.state) this.#options.onState?.(this.#view.state);
  }
}
