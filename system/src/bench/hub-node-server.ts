/**
 * What most would write: one Node process that takes signed events over HTTP, as a voice node sends them, and passes each to all
 * its WebSockets. It keeps nothing, numbers nothing and filters nothing. `POST /publish` sends texts as they are.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NodeMessage, WorkerMessage } from '@patchbay/shared/control-messages';
import { eventBatchSchema } from '@patchbay/shared/events';
import { verify } from '@patchbay/shared/signing';
import { type WebSocket, WebSocketServer } from 'ws';

const secrets = [process.env.HUB_SECRET ?? ''];
const browsers = new Set<WebSocket>();
const sockets = new WebSocketServer({ noServer: true });

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function toAll(text: string): void {
  for (const socket of browsers) if (socket.readyState === socket.OPEN) socket.send(text);
}

const server = createServer(async (request, response) => {
  const path = request.url ?? '';
  const body = await bodyOf(request);
  if (path === '/publish') {
    for (const text of JSON.parse(body.toString()) as string[]) toAll(text);
    response.end();
    return;
  }
  const headers = new Headers(request.headers as Record<string, string>);
  const verified = await verify(secrets, { method: 'POST', path, headers, body });
  const batch = eventBatchSchema.safeParse(verified.ok ? JSON.parse(body.toString()) : undefined);
  if (!batch.success) {
    response.writeHead(401).end();
    return;
  }
  const accepted: Record<string, number> = {};
  for (const event of batch.data.events) {
    accepted[event.guildId] = event.seq;
    toAll(JSON.stringify({ v: 1, type: 'event', event: event.type, id: event.id, seq: event.seq, payload: event }));
  }
  response.end(JSON.stringify({ accepted }));
});

server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (accepted) => {
    if (request.url?.startsWith('/api/internal/')) welcome(accepted);
    else {
      browsers.add(accepted);
      accepted.on('close', () => browsers.delete(accepted));
    }
  });
});

/** The control socket of a voice node, as far as it needs one to start. */
function welcome(socket: WebSocket): void {
  socket.on('message', (data) => {
    const text = String(data);
    if (text === 'ping') {
      socket.send('pong');
      return;
    }
    const message = JSON.parse(text) as NodeMessage;
    if (message.type !== 'hello') return;
    const identities = message.identities.map(({ identityId }) => ({ identityId, epoch: 1 }));
    socket.send(JSON.stringify({ v: 1, type: 'welcome', identities } satisfies WorkerMessage));
  });
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
