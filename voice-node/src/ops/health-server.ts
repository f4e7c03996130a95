import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Health {
  healthy: boolean;
  [detail: string]: unknown;
}

/** A tiny HTTP server with one page, `/healthz`: 200 while the node can do its work, 503 otherwise. */
export class HealthServer {
  readonly #server: Server;

  constructor(health: () => Health) {
    this.#server = createServer((request, response) => {
      if (request.url !== '/healthz') {
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { code: 'not_found', message: 'There is only /healthz here.' } }));
        return;
      }
      const state = health();
      response.writeHead(state.healthy ? 200 : 503, { 'content-type': 'application/json' });
      response.end(JSON.stringify(state));
    });
  }

  /** Listens on all interfaces (Docker checks from inside the container) and answers with the page's address. */
  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/healthz`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
