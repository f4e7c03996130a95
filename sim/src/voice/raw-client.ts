import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface RawMessage {
  op: number;
  d: Record<string, unknown>;
  seq?: number;
}

/** For tests: a voice websocket that says only what it is told to say. */
export async function rawClient(endpoint: string, path = '/?v=8') {
  const socket = new WebSocket(`wss://${endpoint}${path}`);
  const closed = once(socket, 'close').then(([code]) => code as number);
  const messages: RawMessage[] = [];
  /** Binary messages: sequence, opcode, payload. */
  const binary: { seq: number; op: number; payload: Buffer }[] = [];
  const waiters: (() => void)[] = [];
  socket.on('message', (data, isBinary) => {
    if (!isBinary) messages.push(JSON.parse(data.toString()));
    else if (Buffer.isBuffer(data))
      binary.push({ seq: data.readUInt16BE(0), op: data[2] ?? 0, payload: data.subarray(3) });
    for (const wake of waiters.splice(0)) wake();
  });
  /** The first message of this opcode that fits. */
  const receive = async (op: number, fits: (message: RawMessage) => boolean = () => true) => {
    for (;;) {
      const found = messages.find((message) => message.op === op && fits(message));
      if (found) return found;
      await new Promise<void>((resolve) => waiters.push(resolve));
    }
  };
  await Promise.race([once(socket, 'open'), closed]);
  const send = (op: number, d: unknown) => socket.send(JSON.stringify({ op, d }));
  /** Op 0 to 4. */
  const enter = async (identity: object, select: object = {}, mode = 'aead_aes256_gcm_rtpsize', port = 9) => {
    send(0, identity);
    const ready = await receive(2);
    send(1, { protocol: 'udp', data: { address: '127.0.0.1', port, mode }, ...select });
    return { ready: ready.d, description: await receive(4) };
  };
  return { socket, closed, messages, binary, receive, send, enter };
}
