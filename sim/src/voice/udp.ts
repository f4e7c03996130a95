import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Where a client's datagrams come from. */
export interface Address {
  address: string;
  port: number;
}

/** Discovery: type 1 asks, type 2 answers; 2 bytes type, 2 length (70), 4 SSRC, 64 address, 2 port. */
const discoveryBytes = 74;
const keepAliveBytes = 8;

export type Datagram =
  | { kind: 'discovery'; ssrc: number }
  | { kind: 'keepAlive' }
  | { kind: 'rtp'; ssrc: number }
  | { kind: 'unknown' };

/** Tells what a datagram is by its form alone. */
export function classify(datagram: Buffer): Datagram {
  const first = datagram[0] ?? 0;
  if (datagram.length === discoveryBytes && datagram.readUInt16BE(0) === 1) {
    return datagram.readUInt16BE(2) === 70
      ? { kind: 'discovery', ssrc: datagram.readUInt32BE(4) }
      : { kind: 'unknown' };
  }
  // 4 bytes: the keep-alive of some clients, an RTP header cut short; 8 bytes: a counter.
  if (datagram.length === keepAliveBytes || datagram.length === 4) return { kind: 'keepAlive' };
  if (datagram.length >= 12 && first >> 6 === 2) return { kind: 'rtp', ssrc: datagram.readUInt32BE(8) };
  return { kind: 'unknown' };
}

/** The answer to a discovery: the address from which the client was seen. */
export function discoveryReply(ssrc: number, { address, port }: Address): Buffer {
  const reply = Buffer.alloc(discoveryBytes);
  reply.writeUInt16BE(2, 0);
  reply.writeUInt16BE(70, 2);
  reply.writeUInt32BE(ssrc, 4);
  reply.write(address, 8, 63, 'ascii');
  reply.writeUInt16BE(port, 72);
  return reply;
}

/** The UDP port of the voice server. Every datagram out goes through {@link send}. */
export class UdpPort {
  readonly #socket: Socket = createSocket('udp4');
  readonly #onUnsent: () => void;

  /** `onUnsent` is called for each datagram that the system refused to send (too long, no route). */
  constructor(onUnsent: () => void) {
    this.#onUnsent = onUnsent;
  }

  async listen(host: string, onDatagram: (datagram: Buffer, from: RemoteInfo) => void): Promise<Address> {
    this.#socket.on('message', onDatagram);
    this.#socket.bind(0, host);
    await once(this.#socket, 'listening');
    // A burst of several rooms must not be lost while a commit is worked on.
    this.#socket.setRecvBufferSize(4 << 20);
    return this.#socket.address();
  }

  send(datagram: Buffer, to: Address): void {
    this.#socket.send(datagram, to.port, to.address, (error) => {
      if (error) this.#onUnsent();
    });
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}
