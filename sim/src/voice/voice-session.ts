import type { WebSocket } from 'ws';
import type { Clock } from '../time/clock.ts';
import type { FaultTable } from './faults/fault-table.ts';
import type { LegLines } from './faults/leg-lines.ts';
import { OrderedDelay } from './faults/ordered-delay.ts';
import { Opcode } from './opcodes.ts';
import type { DaveVersion, Participant, RoutedPacket } from './participant.ts';
import type { Room } from './room.ts';
import type { TransportCipher } from './transport-cipher.ts';
import type { Address } from './udp.ts';
import { type VideoStreams, type Wants, wantsNothing } from './video/streams.ts';

/** What the main gateway promises a voice websocket: who may connect, where, with which token. */
export interface VoiceGrant {
  guildId: string;
  channelId: string;
  userId: string;
  /** Session id of the main gateway (Discord uses the same one for voice). */
  sessionId: string;
  token: string;
}

export interface VoiceSessionOptions {
  grant: VoiceGrant;
  room: Room;
  /** Of the audio; the two after it are those of video and its retransmission. */
  ssrc: number;
  maxDaveVersion: DaveVersion;
  clock: Clock;
  faults: FaultTable;
  lines: LegLines;
  sendDatagram(datagram: Buffer, to: Address): void;
  /** A packet of somebody went out to the client. */
  onDelivered?(session: VoiceSession, packet: RoutedPacket): void;
}

/**
 * The voice session of one client: lives over several websockets (resume). JSON and binary messages share one sequence;
 * what the client has not acknowledged is kept for op 7.
 */
export class VoiceSession implements Participant {
  readonly grant: VoiceGrant;
  readonly room: Room;
  readonly ssrc: number;
  readonly maxDaveVersion: DaveVersion;
  /** Delays of what the client sends. */
  readonly incoming: OrderedDelay;
  readonly lines: LegLines;
  readonly #options: VoiceSessionOptions;
  readonly #outgoing: OrderedDelay;
  socket: WebSocket | undefined;
  cipher: TransportCipher | undefined;
  /** Where the client's datagrams come from, known from discovery. */
  address: Address | undefined;
  /** Runs while the session waits for a resume. */
  expiry: NodeJS.Timeout | undefined;
  /** Video codecs that the client named in op 1. */
  codecs: readonly string[] | undefined;
  video: VideoStreams | undefined;
  wants: Wants = wantsNothing;
  /** The last datagram that went to the client, for replays. */
  lastDatagram: Buffer | undefined;
  #sequence = 0;
  #unacknowledged: { sequence: number; data: string | Buffer }[] = [];

  constructor(options: VoiceSessionOptions) {
    this.#options = options;
    this.grant = options.grant;
    this.room = options.room;
    this.ssrc = options.ssrc;
    this.maxDaveVersion = options.maxDaveVersion;
    this.lines = options.lines;
    const { guildId, userId } = options.grant;
    const delayMs = () => options.faults.socket(guildId, userId).delayMs;
    this.incoming = new OrderedDelay(options.clock, delayMs);
    this.#outgoing = new OrderedDelay(options.clock, delayMs);
  }

  get userId(): string {
    return this.grant.userId;
  }

  sendJson(opcode: number, data: unknown) {
    const { lateSpeakingMs, lateClientsConnectMs } = this.#faults();
    const late =
      opcode === Opcode.Speaking ? lateSpeakingMs : opcode === Opcode.ClientsConnect ? lateClientsConnectMs : 0;
    const send = () => {
      const sequence = this.#nextSequence();
      this.#send(sequence, JSON.stringify({ op: opcode, d: data, seq: sequence }));
    };
    if (late === 0) return send();
    const { clock } = this.#options;
    clock.at(clock.now() + late, send);
  }

  sendBinary(opcode: number, payload: Buffer): void {
    const sequence = this.#nextSequence();
    const head = Buffer.alloc(3);
    head.writeUInt16BE(sequence, 0);
    head[2] = opcode;
    this.#send(sequence, Buffer.concat([head, payload]));
  }

  /** A message without a sequence, that is not repeated after a resume (op 2, 6, 8, 9). */
  transmit(socket: WebSocket, opcode: number, data: unknown): void {
    this.#outgoing.push(() => transmit(socket, JSON.stringify({ op: opcode, d: data })));
  }

  deliver(packet: RoutedPacket): void {
    this.lines.pass('toClient', () => {
      if (!this.cipher || !this.address) return;
      this.sendDatagram(this.cipher.seal(packet));
      this.#options.onDelivered?.(this, packet);
    });
  }

  /** A datagram as it is, past all faults. */
  sendDatagram(datagram: Buffer): void {
    if (!this.address) return;
    this.lastDatagram = datagram;
    this.#options.sendDatagram(datagram, this.address);
  }

  /** The client has everything up to and including this sequence. */
  acknowledge(sequence: number): void {
    const index = this.#unacknowledged.findIndex((message) => message.sequence === sequence);
    if (index >= 0) this.#unacknowledged.splice(0, index + 1);
  }

  /** Op 7: goes on with another websocket, in the order that the faults ask for. */
  resume(socket: WebSocket, acknowledged: number): void {
    clearTimeout(this.expiry);
    this.acknowledge(acknowledged);
    this.socket = socket;
    const { resumed } = this.#faults();
    if (resumed === 'first') this.transmit(socket, Opcode.Resumed, null);
    for (const { data } of this.#unacknowledged) this.#outgoing.push(() => transmit(socket, data));
    if (resumed === 'last') this.transmit(socket, Opcode.Resumed, null);
  }

  /** The session has ended: what is on its way is lost. */
  close(): void {
    clearTimeout(this.expiry);
    this.lines.close();
    this.incoming.clear();
    this.#outgoing.clear();
  }

  #faults() {
    return this.#options.faults.socket(this.grant.guildId, this.grant.userId);
  }

  #nextSequence(): number {
    // 16 bits on the wire; 0 is skipped, since clients take it for "none".
    this.#sequence = (this.#sequence % 0xffff) + 1;
    return this.#sequence;
  }

  #send(sequence: number, data: string | Buffer): void {
    this.#unacknowledged.push({ sequence, data });
    const { socket } = this;
    if (socket) this.#outgoing.push(() => transmit(socket, data));
  }
}

/** The one place that writes to voice websockets. A websocket that is closing takes nothing more; resume repeats it. */
export function transmit(socket: WebSocket, data: string | Buffer): void {
  if (socket.readyState === socket.OPEN) socket.send(data);
}
