import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Clients } from './clients.ts';
import { HubCounters } from './counters.ts';
import { Sender } from './sender.ts';
import { STALLED_MS } from './window.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** As much of a socket as is sent to. */
class Socket {
  readyState: number = WebSocket.OPEN;
  readonly sent: { type: string; n?: number }[] = [];
  closed: number | undefined;
  serializeAttachment(): void {
    this.closed = undefined;
  }
  send(text: string): void {
    this.sent.push(text.startsWith('{') ? JSON.parse(text) : { type: 'text' });
  }
  close(code: number): void {
    this.closed = code;
    this.readyState = WebSocket.CLOSING;
  }
}

function crowd(count: number) {
  const clients = new Clients([]);
  const sender = new Sender(clients, new HubCounters(() => undefined));
  const sockets = Array.from({ length: count }, (_, index) => {
    const socket = new Socket();
    const client = clients.add(socket as unknown as WebSocket, { guildId: '1', address: '', closeAt: 1 });
    clients.identify(client, { userId: String(index), scope: 'guild', roles: [] });
    return { socket, client };
  });
  const frame = { text: 'x', bytes: 100_000 };
  /** Until so much is on its way that whatever can wait should. */
  const fill = () => {
    while (!sender.isCrowded) for (const { client } of sockets) sender.sendFrame(client, frame);
  };
  const answer = ({ socket, client }: (typeof sockets)[number]) => {
    for (const { type, n } of socket.sent.splice(0)) if (type === 'probe') sender.acknowledge(client, n ?? 0);
  };
  return { sender, sockets, fill, answer };
}

test('a burst waits for those who read, and nobody is cut', async () => {
  const { sender, sockets, fill, answer } = crowd(100);
  fill();
  let there = false;
  const room = sender.room().then(() => {
    there = true;
  });
  await vi.advanceTimersByTimeAsync(10);
  expect(there).toBe(false);
  for (const each of sockets.slice(0, 50)) answer(each);
  await room;
  expect(sockets.every(({ socket }) => socket.closed === undefined)).toBe(true);
});

test('those who stand still are cut when their time is over, as many as it takes; the others are not', async () => {
  const { sender, sockets, fill, answer } = crowd(100);
  const [reading, standing] = [sockets.slice(0, 2), sockets.slice(2)];
  fill();
  const room = sender.room();
  for (const each of reading) answer(each);
  await vi.advanceTimersByTimeAsync(STALLED_MS);
  await room;
  expect(sender.isCrowded).toBe(false);
  expect(reading.every(({ socket }) => socket.closed === undefined)).toBe(true);
  const cut = standing.filter(({ socket }) => socket.closed === 4008);
  expect(cut.length).toBeGreaterThan(0);
  expect(cut.length).toBeLessThan(standing.length);
});
