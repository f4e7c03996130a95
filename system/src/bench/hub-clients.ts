/**
 * Many browsers in one process of its own, so that their work is not the server's. Reads commands as JSON lines: `open` N sockets
 * (with tokens, when the server asks for them), `expect` so many frames on each; says when it is done, and when the last frame came.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

type Command =
  | { command: 'open'; url: string; count: number; tokens?: string[] }
  | { command: 'expect'; frames: number }
  | { command: 'close' };

/** Sockets that connect at a time. */
const AT_ONCE = 50;

const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const sockets: WebSocket[] = [];
let expected = 0;
let received = 0;

async function open({ url, count, tokens }: Extract<Command, { command: 'open' }>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await connect(url, tokens?.[index]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  say({ opened: sockets.length });
}

async function connect(url: string, token: string | undefined): Promise<void> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  sockets.push(socket);
  await once(socket, 'open');
  if (token !== undefined) {
    const pictured = new Promise<void>((resolve) => {
      // The answer and the picture may come in one read of the socket.
      const look = (data: Buffer) => {
        if (!data.includes('"presence.snapshot"')) return;
        socket.off('message', look);
        resolve();
      };
      socket.on('message', look);
    });
    socket.send(JSON.stringify({ v: 1, type: 'auth', token }));
    await pictured;
  }
  socket.on('message', (data: Buffer) => {
    // A probe is the only frame that is answered and not counted.
    if (data.length < 80 && data.includes('"probe"')) {
      const { n } = JSON.parse(data.toString()) as { n: number };
      socket.send(JSON.stringify({ v: 1, type: 'ack', n }));
      return;
    }
    received += 1;
    if (received === expected) say({ done: performance.timeOrigin + performance.now() });
  });
  socket.on('close', (code) => say({ closed: code }));
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line) as Command;
  if (command.command === 'open') void open(command);
  if (command.command === 'expect') {
    expected = command.frames * sockets.length;
    received = 0;
    say({ expecting: expected });
  }
  if (command.command === 'close') process.exit(0);
});
say({ ready: true });
