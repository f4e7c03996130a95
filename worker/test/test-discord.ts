/** As much of Discord as the Worker asks about viewers: members of guilds and their roles. */
import { request as ask, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export class TestDiscord {
  /** Everybody is a member without roles, unless it is said here; `null` = no member. Keys: `guild:user`. */
  readonly members = new Map<string, string[] | null>();
  /** What was asked for, as `guild:user`. */
  readonly asked: string[] = [];
  /** What was posted. */
  readonly said: { channelId: string; content: string }[] = [];
  /** Channels in which the bot may not write. */
  readonly closed = new Set<string>();
  /** An outage: every request is answered with 503. */
  down = false;
  /** Where everything else is asked, such as `http://127.0.0.1:4000/api`; left out: 404. */
  elsewhere: string | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<TestDiscord> {
    const server = createServer((request, response) => {
      const [, guildId, userId] = /\/guilds\/(\d+)\/members\/(\d+)$/.exec(request.url ?? '') ?? [];
      if (!guildId && discord.elsewhere && !discord.down) {
        passOn(discord.elsewhere, request, response);
        return;
      }
      const [, channelId] = /\/channels\/(\d+)\/messages$/.exec(request.url ?? '') ?? [];
      if (channelId && request.method === 'POST' && !discord.down) {
        void discord.#take(channelId, request, response);
        return;
      }
      if (!guildId || discord.down) {
        response.writeHead(discord.down ? 503 : 404, { 'content-type': 'application/json' }).end('{"code":0}');
        return;
      }
      const key = `${guildId}:${userId}`;
      discord.asked.push(key);
      const roles = discord.members.has(key) ? discord.members.get(key) : [];
      response.setHeader('content-type', 'application/json');
      if (roles) response.end(JSON.stringify({ user: { id: userId }, roles }));
      else response.writeHead(404).end('{"message":"Unknown Member","code":10007}');
    });
    const discord = new TestDiscord(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return discord;
  }

  async #take(channelId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await request.toArray()).join('')) as { content?: string };
    response.setHeader('content-type', 'application/json');
    if (this.closed.has(channelId)) response.writeHead(403).end('{"message":"Missing Permissions","code":50013}');
    else {
      this.said.push({ channelId, content: body.content ?? '' });
      response.end('{"id":"1"}');
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Hands a request on as it is, and its answer back. */
function passOn(base: string, from: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(base);
  const url = new URL((from.url ?? '').replace(/^\/api/, pathname), base);
  const { host: _, ...headers } = from.headers;
  const onward = ask(url.href, { method: from.method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.writeHead(502).end());
  from.pipe(onward);
}
