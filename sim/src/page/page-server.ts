import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import type { People } from '../members/people.ts';
import type { World } from '../world/world.ts';
import { pageApp } from './app.ts';
import { refusalOf } from './guard.ts';
import { PageSound } from './sound.ts';

/** The page at the simulator's port: a Discord-like view of the world, to live in while a bot is being written. */
export class PageServer {
  readonly app: Hono;
  readonly #world: World;
  readonly #people: People;
  readonly #sockets = new WebSocketServer({ noServer: true });

  /** `control`: the control server's application, which the page uses under its own origin. */
  constructor(world: World, people: People, control: Hono) {
    this.#world = world;
    this.#people = people;
    this.app = pageApp(control);
  }

  /** Takes a websocket upgrade to `/page/sound?userId=…`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refuse = (status: string, message: string) =>
      socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${message}\n`);
    const refusal = refusalOf(request.headers);
    if (refusal !== undefined) return void refuse('403 Forbidden', refusal);
    const url = new URL(request.url ?? '/', 'http://page');
    if (url.pathname !== '/page/sound') return void refuse('404 Not Found', 'the page has one socket: /page/sound');
    const userId = url.searchParams.get('userId') ?? '';
    const user = this.#world.users.get(userId);
    if (!user || user.bot) return void refuse('400 Bad Request', `"${userId}" is no person; name one with userId`);
    this.#sockets.handleUpgrade(
      request,
      socket,
      head,
      (webSocket) => new PageSound(this.#world, this.#people, userId, webSocket),
    );
  }

  close(): void {
    for (const client of this.#sockets.clients) client.terminate();
    this.#sockets.close();
  }
}
