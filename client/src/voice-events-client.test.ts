// @vitest-environment node
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { VoiceEventsClient, type VoiceEventsError } from './voice-events-client.ts';

let server: WebSocketServer;
let url: string;
beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/ws`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function accept(): Promise<{ socket: WebSocket; auth: Record<string, unknown> }> {
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  const [data] = await once(socket, 'message');
  return { socket, auth: JSON.parse(String(data)) };
}

const event = (seq: number) =>
  JSON.stringify({ v: 1, type: 'event', event: 'voice.left', id: `id-${seq}`, seq, at: 0, payload: {} });

test('authenticates, delivers each event once, answers probes, and resumes where it was', async () => {
  const seen: number[] = [];
  const client = new VoiceEventsClient({
    url,
    guildId: '7',
    getToken: async () => 'token',
    onEvent: ({ seq }) => seen.push(seq),
  });
  client.connect();
  const first = await accept();
  expect(first.auth).toEqual({ v: 1, type: 'auth', token: 'token' });
  first.socket.send(JSON.stringify({ v: 1, type: 'ack', event: 'auth.ok', epoch: 'e', seq: 4 }));
  for (const seq of [5, 6, 6]) first.socket.send(event(seq));
  first.socket.send(JSON.stringify({ v: 1, type: 'probe', n: 9 }));
  const [answer] = await once(first.socket, 'message');
  expect(JSON.parse(String(answer))).toEqual({ v: 1, type: 'ack', n: 9 });
  first.socket.terminate();
  const second = await accept();
  expect(second.auth).toMatchObject({ since: { epoch: 'e', seq: 6 } });
  expect(seen).toEqual([5, 6]);
  client.close();
});

test('a refused token is not tried again', async () => {
  const errors: VoiceEventsError[] = [];
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  const failed = new Promise<void>((resolve) => {
    const client = new VoiceEventsClient({
      url,
      guildId: '7',
      getToken: async () => 'bad',
      onEvent: () => undefined,
      onError: (error) => {
        errors.push(error);
        resolve();
      },
    });
    client.connect();
  });
  const { socket } = await accept();
  socket.close(4001, 'token refused');
  await failed;
  expect(errors.map(({ code }) => code)).toEqual(['token_refused']);
  expect(connections).toBe(1);
});
