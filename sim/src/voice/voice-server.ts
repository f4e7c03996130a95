import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { WebSocket, WebSocketServer } from 'ws';
import type { z } from 'zod';
import { type Clock, realClock } from '../time/clock.ts';
import { createCertificate } from './certificate.ts';
import { newCounters, type VoiceCounters } from './counters.ts';
import { Datagrams } from './datagrams.ts';
import { DeliveryLedger } from './delivery-ledger.ts';
import { FaultTable } from './faults/fault-table.ts';
import { LegLines } from './faults/leg-lines.ts';
import { InProcessMember } from './in-process-member.ts';
import type { LightMember } from './light-member.ts';
import type { identify } from './messages.ts';
import { CloseCode, VoiceCloseError } from './opcodes.ts';
import type { DaveVersion } from './participant.ts';
import type { Room } from './room.ts';
import { Rooms } from './rooms.ts';
import { type EncryptionMode, encryptionModes } from './transport-cipher.ts';
import { UdpPort } from './udp.ts';
import { type VoiceGrant, VoiceSession } from './voice-session.ts';
import { VoiceSessions } from './voice-sessions.ts';
import { serveVoiceSocket } from './voice-socket.ts';

export type { VoiceCounters } from './counters.ts';
export type { VoiceGrant } from './voice-session.ts';

/** How a voice server behaves; every field has a default. */
export interface VoiceServerOptions {
  /** Host to listen on, and the host named in the endpoint. Default `localhost`. */
  host?: string;
  /** Port of the websocket; 0 (default) takes a free one. */
  port?: number;
  /** Highest DAVE version of the rooms. Default 1. */
  daveVersion?: DaveVersion;
  /**
   * Refuse clients without DAVE (4017), as Discord does since 2026? Default true. If not, a room with such a client goes
   * over to version 0 and comes back when they have left.
   */
  requireDave?: boolean;
  /** Whether the first group of a room is announced with transition id 0 (default) or with a counted one. */
  firstTransitionId?: 'zero' | 'counted';
  /** Transport modes on offer, preferred first. Default: AES-GCM, then XChaCha. */
  modes?: readonly EncryptionMode[];
  /** Interval that op 8 asks for, in ms; three of them without a heartbeat close the websocket. Default 13,750. */
  heartbeatMs?: number;
  /** How long a session waits for op 7 after its websocket broke, in ms. Default 15,000. */
  resumeWindowMs?: number;
  /** Without a valid commit for this long a group is built anew, in ms. Default 5,000. */
  commitTimeoutMs?: number;
  clock?: Clock;
}

/** Events of a voice server. */
export interface VoiceServerEvents {
  /** A websocket has identified and selected its UDP protocol. */
  clientReady: [{ guildId: string; channelId: string; userId: string; ssrc: number }];
  /** A client goes on with its session on another websocket (op 7). */
  clientResumed: [{ guildId: string; channelId: string; userId: string }];
  /** An answer to IP discovery was lost, as a fault asked for. */
  discoveryLost: [{ guildId: string; channelId: string; userId: string }];
  /** A client's voice session has ended (closed for good, replaced or dismissed). */
  clientGone: [{ guildId: string; channelId: string; userId: string }];
  /** A new epoch of a room's group is announced to all, and executed; a client is in it once it has read that. */
  epoch: [{ channelId: string; epoch: bigint; members: string[] }];
  /** A room went over to another version of DAVE. */
  daveVersion: [{ channelId: string; version: DaveVersion }];
  /** Somebody announced op 5. `speaking` is the flag field, 0 for silence. */
  speaking: [{ channelId: string; userId: string; speaking: number }];
}

export interface NewMember {
  guildId: string;
  channelId: string;
  userId: string;
  /** Default 1. */
  maxDaveVersion?: DaveVersion | undefined;
  skewPpm?: number | undefined;
}

const keyOf = (guildId: string, userId: string) => `${guildId}/${userId}`;

/** Discord's voice gateway v8 with UDP and DAVE v1, for clients on this machine. */
export class VoiceServer {
  readonly counters: VoiceCounters = newCounters();
  readonly events = new EventEmitter<VoiceServerEvents>();
  readonly faults = new FaultTable();
  readonly ledger = new DeliveryLedger();
  readonly sessions: VoiceSessions;
  readonly #options: Required<VoiceServerOptions>;
  readonly #members = new Map<string, InProcessMember>();
  readonly #rooms: Rooms;
  readonly #udp = new UdpPort(() => this.counters.unsent++);
  #https: Server | undefined;
  #sockets: WebSocketServer | undefined;
  /** Never used twice: clients keep the user of an SSRC. */
  #nextSsrc = randomInt(1, 1_000_000);
  #legs = 0;

  constructor(options: VoiceServerOptions = {}) {
    this.#options = {
      host: 'localhost',
      port: 0,
      daveVersion: 1,
      requireDave: true,
      firstTransitionId: 'zero',
      modes: encryptionModes,
      heartbeatMs: 13_750,
      resumeWindowMs: 15_000,
      commitTimeoutMs: 5_000,
      clock: realClock,
      ...options,
    };
    this.#rooms = new Rooms(this.#options, this.events, this.counters);
    this.sessions = new VoiceSessions({
      resumeWindowMs: this.#options.resumeWindowMs,
      make: (grant, data) => this.#makeSession(grant, data),
      onEnd: ({ grant: { guildId, channelId, userId }, room }) => {
        this.#closeIfEmpty(room);
        this.events.emit('clientGone', { guildId, channelId, userId });
      },
    });
  }

  /** Opens the websocket and UDP ports. The certificate is self-signed (CA:TRUE, SAN localhost and 127.0.0.1). */
  async listen(): Promise<{ endpoint: string; certificatePem: string }> {
    const { host, port } = this.#options;
    const bindTo = host === 'localhost' ? '127.0.0.1' : host;
    const datagrams = new Datagrams({
      udp: this.#udp,
      sessions: this.sessions,
      faults: this.faults,
      counters: this.counters,
      onDiscoveryLost: (session) => this.events.emit('discoveryLost', placeOf(session)),
    });
    const udpAddress = await this.#udp.listen(bindTo, (datagram, from) => datagrams.take(datagram, from));
    const { keyPem, certificatePem } = createCertificate();
    this.#https = createServer({ key: keyPem, cert: certificatePem });
    this.#sockets = new WebSocketServer({ server: this.#https });
    this.#sockets.on('connection', (socket, request) => {
      const version = new URL(request.url ?? '/', 'wss://localhost').searchParams.get('v');
      if (version !== '8') return socket.close(CloseCode.UnknownProtocol, 'connect with ?v=8');
      serveVoiceSocket(socket, {
        udpAddress,
        modes: this.#options.modes,
        heartbeatMs: this.#options.heartbeatMs,
        sessions: this.sessions,
        entered: (session) => this.events.emit('clientReady', { ...placeOf(session), ssrc: session.ssrc }),
        resumed: (session) => this.events.emit('clientResumed', placeOf(session)),
      });
    });
    this.#https.listen(port, bindTo);
    await once(this.#https, 'listening');
    const bound = this.#https.address();
    if (bound === null || typeof bound === 'string') throw new Error('voice websocket has no TCP address');
    return { endpoint: `${host}:${bound.port}`, certificatePem };
  }

  /** Closes every client (1001), the ports and the rooms. */
  async close(): Promise<void> {
    for (const session of this.sessions.all()) this.sessions.end(session, 1001);
    for (const member of [...this.#members.values()]) await member.leave();
    this.#rooms.close();
    for (const socket of this.#sockets?.clients ?? []) socket.terminate();
    this.#sockets?.close();
    if (this.#https?.listening) {
      const closed = once(this.#https, 'close');
      this.#https.close();
      await closed;
      await this.#udp.close();
    }
  }

  /** Allows one voice session per (guild, user); a grant for another channel replaces the old one. */
  admit(grant: VoiceGrant): void {
    this.sessions.admit(grant);
  }

  /** Whether a voice websocket of this user is live in this channel. */
  isConnected(guildId: string, userId: string, channelId: string): boolean {
    const session = this.sessions.get(guildId, userId);
    return session?.grant.channelId === channelId && session.socket?.readyState === WebSocket.OPEN;
  }

  /** Ends the user's voice session: closes the websocket with `closeCode` and forgets the grant. */
  dismiss(guildId: string, userId: string, closeCode: number = CloseCode.Disconnected): void {
    this.sessions.dismiss(guildId, userId, closeCode);
  }

  /** Adds a simulated human, who lives in this process. */
  addMember({ guildId, channelId, userId, maxDaveVersion = 1, skewPpm }: NewMember): LightMember {
    const key = keyOf(guildId, userId);
    if (this.#members.has(key))
      throw new Error(`member ${userId} is in guild ${guildId} already: let them leave first`);
    const room = this.#rooms.open(channelId);
    const member = new InProcessMember({
      userId,
      ssrc: this.takeSsrc(),
      room,
      maxDaveVersion,
      skewPpm,
      lines: this.#newLines(guildId, userId),
      onLeave: () => {
        this.#members.delete(key);
        this.#closeIfEmpty(room);
      },
    });
    this.#members.set(key, member);
    member.enter();
    return member;
  }

  /** A channel with somebody in it, for tests that make something go wrong there. */
  roomOf(channelId: string): Room {
    return this.#rooms.get(channelId);
  }

  /** An SSRC that nobody has; the two after it are free as well. */
  takeSsrc(): number {
    this.#nextSsrc += 4;
    return this.#nextSsrc;
  }

  #newLines(guildId: string, userId: string): LegLines {
    this.#legs += 1;
    return new LegLines(this.#options.clock, this.faults, { guildId, userId, ordinal: this.#legs });
  }

  #closeIfEmpty(room: Room): void {
    // Somebody who has identified will enter this very room.
    if (room.size === 0 && !this.sessions.inRoom(room)) this.#rooms.drop(room);
  }

  #makeSession(grant: VoiceGrant, data: z.output<typeof identify>): VoiceSession {
    const { requireDave, daveVersion, clock } = this.#options;
    if (requireDave && data.max_dave_protocol_version < daveVersion) {
      throw new VoiceCloseError(CloseCode.DaveRequired, `this room needs DAVE version ${daveVersion}`);
    }
    return new VoiceSession({
      grant,
      room: this.#rooms.open(grant.channelId),
      ssrc: this.takeSsrc(),
      maxDaveVersion: data.max_dave_protocol_version === 0 ? 0 : 1,
      clock,
      faults: this.faults,
      lines: this.#newLines(grant.guildId, grant.userId),
      sendDatagram: (datagram, to) => {
        this.counters.forwarded++;
        this.#udp.send(datagram, to);
      },
      onDelivered: (session, packet) =>
        this.ledger.note(grant, session, packet, session.socket?.readyState === WebSocket.OPEN, clock.wall()),
    });
  }
}

function placeOf({ grant: { guildId, channelId, userId } }: VoiceSession) {
  return { guildId, channelId, userId };
}
