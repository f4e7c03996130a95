import type { WebSocket } from 'ws';
import { Opcode } from './opcodes.ts';
import type { Participant, RoutedPacket } from './participant.ts';
import type { Room } from './room.ts';
import type { TransportCipher } from './transport-cipher.ts';
import type { Address } from './udp.ts';
import type { VoiceGrant } from './voice-server.ts';

/**
 * The voice session of one client: lives over several websockets (resume). JSON and binary messages share one sequence;
 * what the client has not acknowledged is kept for op 7.
 */
export class VoiceSession implements Participant {
  readonly grant: VoiceGrant;
  readonly room: Room;
  readonly ssrc: number;
  readonly #sendDatagram: (datagram: Buffer, to: Address) => void;
  socket: WebSocket | undefined;
  cipher: TransportCipher | undefined;
  /** Where the client's datagrams come from, known from discovery. */
  address: Address | undefined;
  /** Runs while the session waits for a resume. */
  expiry: NodeJS.Timeout | undefined;
  #sequence = 0;
  #unacknowledged: { sequence: number; data: string | Buffer }[] = [];

  constructor(grant: VoiceGrant, room: Room, ssrc: number, sendDatagram: (datagram: Buffer, to: Address) => void) {
    this.grant = grant;
    this.room = room;
    this.ssrc = ssrc;
    this.#sendDatagram = sendDatagram;
  }

  get userId(): string {
    return this.grant.userId;
  }

  sendJson(opcode: number, data: unknown): void {
    const sequence = this.#nextSequence();
    this.#send(sequence, JSON.stringify({ op: opcode, d: data, seq: sequence }));
  }

  sendBinary(opcode: number, payload: Buffer): void {
    const sequence = this.#nextSequence();
    const head = Buffer.alloc(3);
    head.writeUInt16BE(sequence, 0);
    head[2] = opcode;
    this.#send(sequence, Buffer.concat([head, payload]));
  }

  deliver(packet: RoutedPacket): void {
    if (this.cipher && this.address) this.#sendDatagram(this.cipher.seal(packet), this.address);
  }

  /** The client has everything up to and including this sequence. */
  acknowledge(sequence: number): void {
    const index = this.#unacknowledged.findIndex((message) => message.sequence === sequence);
    if (index >= 0) this.#unacknowledged.splice(0, index + 1);
  }

  /**
   * Op 7: goes on with another websocket. Op 9 comes first: clients ignore binary messages before it and would lose an
   * epoch.
   */
  resume(socket: WebSocket, acknowledged: number): void {
    clearTimeout(this.expiry);
    this.acknowledge(acknowledged);
    this.socket = socket;
    transmit(socket, JSON.stringify({ op: Opcode.Resumed, d: null }));
    for (const { data } of this.#unacknowledged) transmit(socket, data);
  }

  #nextSequence(): number {
    // 16 bits on the wire; 0 is skipped, since clients take it for "none".
    this.#sequence = (this.#sequence % 0xffff) + 1;
    return this.#sequence;
  }

  #send(sequence: number, data: string | Buffer): void {
    this.#unacknowledged.push({ sequence, data });
    if (this.socket) transmit(this.socket, data);
  }
}

/** The one place that writes to voice websockets. A websocket that is closing takes nothing more; resume repeats it. */
export function transmit(socket: WebSocket, data: string | Buffer): void {
  if (socket.readyState === socket.OPEN) socket.send(data);
}
