/** Guards the UDP socket of a voice connection: its buffer, and whose datagrams count. */

import type { RemoteInfo, Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { now } from '../ops/clock.ts';

/** 0.5 s of 100 speakers; the system caps it by `net.core.rmem_max`. With the default, a stall of 150 ms loses 10 %. Bytes. */
export const RECEIVE_BUFFER_BYTES = 8 << 20;

/** The parts of @discordjs/voice's VoiceUDPSocket in use. */
export interface VoiceUdp {
  socket: Socket;
  remote: { ip: string; port: number };
  onMessage(buffer: Buffer): void;
  send(buffer: Buffer): void;
  emit(event: 'message', buffer: Buffer): boolean;
  emit(event: 'error', error: Error): boolean;
}

export function isFrom(remote: { ip: string; port: number }, sender: { address: string; port: number }): boolean {
  return sender.port === remote.port && (isIP(remote.ip) === 0 || sender.address === remote.ip);
}

/**
 * Lets only the voice server's datagrams through; anybody else could otherwise fill the memory that holds early packets.
 * The instant of arrival of the datagram that is being handled is in `arrivedAt`.
 */
export function guardDatagrams(udp: VoiceUdp): { readonly arrivedAt: number; readonly strangers: number } {
  const seen = { arrivedAt: 0, strangers: 0 };
  let trusted = false;
  guardSend(udp);
  // Ahead of the library's own listener, which does not hand on the sender. Both run in one emit.
  udp.socket.prependListener('message', (_message: Buffer, sender: RemoteInfo) => {
    seen.arrivedAt = now();
    trusted = isFrom(udp.remote, sender);
    if (!trusted) seen.strangers += 1;
  });
  udp.onMessage = (buffer) => {
    if (trusted) udp.emit('message', buffer);
  };
  return seen;
}

/**
 * The library's first keep-alive goes out a moment after the socket was made, and throws where the leg has closed meanwhile: an
 * uncaught exception, which ends the process with all of its calls.
 */
function guardSend(udp: VoiceUdp): void {
  const send = udp.send.bind(udp);
  udp.send = (buffer) => {
    try {
      send(buffer);
    } catch (error) {
      // To nobody: the socket is closed.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
    }
  };
}

/**
 * Ties the socket to the voice server, once that has answered: a packet then costs no look-up of an address and no turn of the event
 * loop, and the kernel keeps strangers out. Until it is tied the socket sends as before.
 */
export function connectDatagrams(udp: VoiceUdp): void {
  const { socket, remote } = udp;
  // A tied socket is told that nobody listens there: that is the voice websocket's to say, and would come fifty times a second.
  socket.removeAllListeners('error');
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ECONNREFUSED') udp.emit('error', error);
  });
  socket.connect(remote.port, remote.ip, (error?: Error) => {
    if (error) return;
    udp.send = (buffer) => {
      socket.send(buffer);
    };
    guardSend(udp);
  });
}
