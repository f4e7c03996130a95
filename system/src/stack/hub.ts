/** Looks at the Worker from outside as a browser does: signs in and follows a guild's hub. */
import { once } from 'node:events';
import type { HubEventName, HubEvents, ServerMessage } from '@patchbay/shared/hub-protocol';
import { OPERATOR_NODE_ID } from '@patchbay/shared/sign-in';
import { sign } from '@patchbay/shared/signing';
import WebSocket from 'ws';

/** A one-time sign-in code, as the operator mints it. */
export async function mintCode(
  workerUrl: string,
  hubSecret: string,
  userId: string,
  guilds: string[],
): Promise<string> {
  const path = '/api/internal/sign-in-codes';
  const body = JSON.stringify({ userId, guilds });
  const headers = await sign(hubSecret, { method: 'POST', path, nodeId: OPERATOR_NODE_ID, body });
  const response = await fetch(workerUrl + path, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(`No sign-in code: ${response.status} ${await response.text()}`);
  const { code } = (await response.json()) as { code: string };
  return code;
}

/** Exchanges a one-time code for a token. */
export async function exchangeCode(workerUrl: string, code: string): Promise<string> {
  const response = await fetch(`${workerUrl}/api/auth/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  if (!response.ok) throw new Error(`No token: ${response.status} ${await response.text()}`);
  const { token } = (await response.json()) as { token: string };
  return token;
}

type AnyEvent = { [N in HubEventName]: { event: N; payload: HubEvents[N]; seq: number } }[HubEventName];

/** Follows one guild and lets a test wait for what it says. */
export class HubWatcher {
  readonly events: AnyEvent[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();
  #closed: string | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('close', (code, reason) => {
      this.#closed = `The hub closed (${code} ${reason})`;
    });
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as ServerMessage;
      if (message.type === 'probe') socket.send(JSON.stringify({ v: 1, type: 'ack', n: message.n }));
      if (message.type !== 'event' || message.event === 'resync') return;
      this.events.push(message as AnyEvent);
      for (const look of this.#waiting) look();
    });
  }

  /** Connects and authenticates. */
  static async connect(workerUrl: string, guildId: string, token: string): Promise<HubWatcher> {
    const socket = new WebSocket(`${workerUrl.replace(/^http/, 'ws')}/api/ws?guild=${guildId}`);
    const watcher = new HubWatcher(socket);
    await once(socket, 'open');
    socket.send(JSON.stringify({ v: 1, type: 'auth', token }));
    await watcher.until('the first picture of the guild', () => watcher.latest('presence.snapshot'));
    return watcher;
  }

  /** The newest event of a kind. */
  latest<N extends HubEventName>(name: N): HubEvents[N] | undefined {
    return this.events.findLast((event) => event.event === name)?.payload as HubEvents[N] | undefined;
  }

  /** The newest picture of each session, newest session first. */
  sessions(): HubEvents['session.state']['session'][] {
    const sessions = new Map<string, HubEvents['session.state']['session']>();
    for (const { event, payload } of this.events) {
      const views =
        event === 'presence.snapshot' ? payload.sessions : event === 'session.state' ? [payload.session] : [];
      for (const view of views) sessions.set(view.sessionId, view);
    }
    return [...sessions.values()].sort((left, right) => right.startedAt - left.startedAt);
  }

  /** Resolves with what `look` finds, looked at again after each event. */
  until<T>(what: string, look: () => T | undefined | false, timeoutMs = 30_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        this.#socket.off('close', closed);
        finish();
      };
      const closed = (code: number, reason: Buffer) =>
        settle(() => reject(new Error(`The hub closed (${code} ${reason}) before ${what}`)));
      const timer = setTimeout(
        () => settle(() => reject(new Error(`Waited ${timeoutMs / 1000} s for ${what}`))),
        timeoutMs,
      );
      const check = () => {
        const found = look();
        if (found !== undefined && found !== false) settle(() => resolve(found));
      };
      if (this.#closed !== undefined) {
        reject(new Error(`${this.#closed} before ${what}`));
        return;
      }
      this.#waiting.add(check);
      this.#socket.on('close', closed);
      check();
    });
  }

  close(): void {
    this.#socket.close(1000);
  }
}
