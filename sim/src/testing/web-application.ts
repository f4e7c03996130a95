/** An application's web server: verifies signatures, keeps what it got, answers with what it is told to. */
import { createPublicKey, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedInteraction {
  id: string;
  token: string;
  type: number;
  data?: Record<string, unknown>;
  [key: string]: unknown;
}

export class WebApplication {
  readonly received: ReceivedInteraction[] = [];
  /** Ed25519 as hex; set when the application exists. */
  publicKey = '';
  answer: (interaction: ReceivedInteraction) => unknown = () => ({ type: 4, data: { content: 'done' } });
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      const timestamp = String(request.headers['x-signature-timestamp']);
      const signature = Buffer.from(String(request.headers['x-signature-ed25519']), 'hex');
      const x = Buffer.from(this.publicKey, 'hex').toString('base64url');
      const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
      const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
      if (!verify(null, Buffer.from(timestamp + body), key, signature) || !fresh)
        return response.writeHead(401).end('invalid request signature');
      const interaction: ReceivedInteraction = JSON.parse(body);
      this.received.push(interaction);
      const reply = await this.answer(interaction);
      // A form carries files beside its `payload_json`.
      const encoded = reply instanceof FormData ? new Response(reply) : Response.json(reply);
      const headers = { 'content-type': encoded.headers.get('content-type') ?? '' };
      response.writeHead(200, headers).end(Buffer.from(await encoded.arrayBuffer()));
    });
  }

  /** Returns the interactions URL. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/interactions`;
  }

  /** What came last. */
  get last(): ReceivedInteraction {
    const last = this.received.at(-1);
    if (!last) throw new Error('the application has received nothing');
    return last;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
