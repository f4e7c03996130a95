import { randomInt } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { WebSocket, WebSocketServer } from 'ws';
import type { z } from 'zod';
import { createCertificate } from './certificate.ts';
import { InProcessMember } from './in-process-member.ts';
import type { LightMember } from './light-member.ts';
import type { identify, resume } from './messages.ts';
import { ExternalSender } from './mls/proposal.ts';
import { CloseCode, VoiceCloseError } from './opcodes.ts';
import { wallClock } from './participant.ts';
import { Room } from './room.ts';
import { isDaveFrame, payloadOf, silenceFrame } from './rtp.ts';
import { type EncryptionMode, encryptionModes } from './transport-cipher.ts';
import { type Address, classify, discoveryReply, UdpPort } from './udp.ts';
import { VoiceSession } from './voice-session.ts';
import { serveVoiceSocket } from './voice-socket.ts';

/** How a voice server behaves; every field has a default. */
export interface VoiceServerOptions {
  /** Host to listen on, and the host named in the endpoint. Default `localhost`. */
  host?: string;
  /** Port of the websocket; 0 (default) takes a free one. */
  port?: number;
  /** DAVE version of the rooms; a client gets min(room, client). Default 1. */
  daveVersion?: 0 | 1;
  /** Whether the first group of a room is announced with transition id 0 (default) or with a counted one. */
  firstTransitionId?: 'zero' | 'counted';
  /** Transport modes on offer, preferred first. Default: AES-GCM, then XChaCha. */
  modes?: readonly EncryptionMode[];
}

/** What the main gateway promises a voice websocket: who may connect, where, with which token. */
export interface VoiceGrant {
  guildId: string;
  channelId: string;
  userId: string;
  /** Session id of the main gateway (Discord uses the same one for voice). */
  sessionId: string;
  token: string;
}

/** Totals since the server began to listen. */
export interface VoiceCounters {
  /** RTP payloads that clients sent into a v1 room without a DAVE frame, other than the silence frame F8FFFE. */
  plaintextFramesInDaveRooms: number;
  /** Datagrams received, of any kind. */
  datagrams: number;
  /** Datagrams of known clients whose transport encryption did not open. */
  undecryptable: number;
  /** Datagrams that were neither discovery, keep-alive nor RTP of a known client. */
  ignored: number;
  /** RTP packets sent to clients. */
  forwarded: number;
  /** Datagrams to clients that the system refused to send. */
  unsent: number;
  /** MLS groups given up and built anew because no valid commit came in time. */
  groupResets: number;
}

/** Events of a voice server. */
export interface VoiceServerEvents {
  /** A websocket has identified and selected its UDP protocol. */
  clientReady: [{ guildId: string; channelId: string; userId: string; ssrc: number }];
  /** A client's voice session has ended (closed for good, replaced or dismissed). */
  clientGone: [{ guildId: string; channelId: string; userId: string }];
  /** A new epoch of a room's group is announced to all, and executed; a client is in it once it has read that. */
  epoch: [{ channelId: string; epoch: bigint; members: string[] }];
  /** Somebody announced op 5. `speaking` is the flag field, 0 for silence. */
  speaking: [{ channelId: string; userId: string; speaking: number }];
}

/** How long a session waits for op 7 after its websocket broke, in ms. */
const resumeWindowMs = 15_000;

const keyOf = (guildId: string, userId: string) => `${guildId}/${userId}`;

/** Discord's voice gateway v8 with UDP and DAVE v1, for clients on this machine. */
export class VoiceServer {
  readonly counters: VoiceCounters = {
    plaintextFramesInDaveRooms: 0,
    datagrams: 0,
    undecryptable: 0,
    ignored: 0,
    forwarded: 0,
    unsent: 0,
    groupResets: 0,
  };
  readonly events = new EventEmitter<VoiceServerEvents>();
  readonly #options: Required<VoiceServerOptions>;
  readonly #sender = new ExternalSender();
  readonly #grants = new Map<string, VoiceGrant>();
  readonly #sessions = new Map<string, VoiceSession>();
  readonly #sessionsBySsrc = new Map<number, VoiceSession>();
  readonly #members = new Map<string, InProcessMember>();
  readonly #rooms = new Map<string, Room>();
  readonly #udp = new UdpPort(() => this.counters.unsent++);
  #https: Server | undefined;
  #sockets: WebSocketServer | undefined;
  /** Never used twice: clients keep the user of an SSRC. */
  #nextSsrc = randomInt(1, 1_000_000);

  constructor(options: VoiceServerOptions = {}) {
    const {
      host = 'localhost',
      port = 0,
      daveVersion = 1,
      firstTransitionId = 'zero',
      modes = encryptionModes,
    } = options;
    this.#options = { host, port, daveVersion, firstTransitionId, modes };
  }

  /** Opens the websocket and UDP ports. The certificate is self-signed (CA:TRUE, SAN localhost and 127.0.0.1). */
  async listen(): Promise<{ endpoint: string; certificatePem: string }> {
    const { host, port } = this.#options;
    const bindTo = host === 'localhost' ? '127.0.0.1' : host;
    const udpAddress = await this.#udp.listen(bindTo, (datagram, from) => this.#onDatagram(datagram, from));
    const { keyPem, certificatePem } = createCertificate();
    this.#https = createServer({ key: keyPem, cert: certificatePem });
    this.#sockets = new WebSocketServer({ server: this.#https });
    this.#sockets.on('connection', (socket, request) => {
      const version = new URL(request.url ?? '/', 'wss://localhost').searchParams.get('v');
      if (version !== '8') return socket.close(CloseCode.UnknownProtocol, 'connect with ?v=8');
      serveVoiceSocket(socket, {
        udpAddress,
        modes: this.#options.modes,
        identify: (data) => this.#identify(data),
        findSession: (data) => this.#findSession(data),
        enter: (session) => this.#enter(session),
        socketClosed: (session, closed, code) => this.#socketClosed(session, closed, code),
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
    for (const session of [...this.#sessions.values()]) this.#end(session, 1001);
    for (const member of [...this.#members.values()]) await member.leave();
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
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
    const key = keyOf(grant.guildId, grant.userId);
    const session = this.#sessions.get(key);
    if (session && session.grant.channelId !== grant.channelId) this.#end(session, CloseCode.Disconnected);
    this.#grants.set(key, grant);
  }

  /** Whether a voice websocket of this user is live in this channel. */
  isConnected(guildId: string, userId: string, channelId: string): boolean {
    const session = this.#sessions.get(keyOf(guildId, userId));
    return session?.grant.channelId === channelId && session.socket?.readyState === WebSocket.OPEN;
  }

  /** Ends the user's voice session: closes the websocket with `closeCode` and forgets the grant. */
  dismiss(guildId: string, userId: string, closeCode: number = CloseCode.Disconnected): void {
    const key = keyOf(guildId, userId);
    this.#grants.delete(key);
    const session = this.#sessions.get(key);
    if (session) this.#end(session, closeCode);
  }

  /** Adds a simulated human, who lives in this process with a DAVE session of their own. */
  addMember({ guildId, channelId, userId }: { guildId: string; channelId: string; userId: string }): LightMember {
    const key = keyOf(guildId, userId);
    if (this.#members.has(key))
      throw new Error(`member ${userId} is in guild ${guildId} already: let them leave first`);
    const room = this.#room(channelId);
    const member = new InProcessMember(userId, this.#nextSsrc++, room, () => {
      this.#members.delete(key);
      this.#closeIfEmpty(room);
    });
    this.#members.set(key, member);
    member.enter();
    return member;
  }

  /** A channel with somebody in it, for tests that make something go wrong there. */
  roomOf(channelId: string): Room {
    const room = this.#rooms.get(channelId);
    if (!room) throw new Error(`nobody is in channel ${channelId}: add a member first`);
    return room;
  }

  #room(channelId: string): Room {
    const existing = this.#rooms.get(channelId);
    if (existing) return existing;
    const { daveVersion, firstTransitionId } = this.#options;
    const room = new Room({
      channelId,
      daveVersion,
      firstTransitionId,
      sender: this.#sender,
      onEpoch: (epoch, members) => this.events.emit('epoch', { channelId, epoch, members }),
      onReset: () => this.counters.groupResets++,
      onSpeaking: (userId, speaking) => this.events.emit('speaking', { channelId, userId, speaking }),
    });
    this.#rooms.set(channelId, room);
    return room;
  }

  #closeIfEmpty(room: Room): void {
    if (room.size > 0 || this.#rooms.get(room.channelId) !== room) return;
    // Somebody who has identified will enter this very room.
    if ([...this.#sessions.values()].some((session) => session.room === room)) return;
    room.close();
    this.#rooms.delete(room.channelId);
  }

  #identify(data: z.output<typeof identify>): VoiceSession {
    const key = keyOf(data.server_id, data.user_id);
    const grant = this.#grants.get(key);
    if (!grant || grant.token !== data.token) {
      throw new VoiceCloseError(CloseCode.AuthenticationFailed, 'token is not of a current VOICE_SERVER_UPDATE');
    }
    if (grant.sessionId !== data.session_id) {
      throw new VoiceCloseError(CloseCode.SessionNoLongerValid, 'session_id is not that of the main gateway');
    }
    if (data.max_dave_protocol_version < this.#options.daveVersion) {
      throw new VoiceCloseError(CloseCode.DaveRequired, `this room needs DAVE version ${this.#options.daveVersion}`);
    }
    const old = this.#sessions.get(key);
    if (old) this.#end(old, CloseCode.SessionNoLongerValid);
    const session = new VoiceSession(grant, this.#room(grant.channelId), this.#nextSsrc++, (datagram, to) => {
      this.counters.forwarded++;
      this.#udp.send(datagram, to);
    });
    this.#sessions.set(key, session);
    this.#sessionsBySsrc.set(session.ssrc, session);
    return session;
  }

  #findSession(data: z.output<typeof resume>): VoiceSession {
    for (const session of this.#sessions.values()) {
      const { guildId, sessionId, token } = session.grant;
      if (guildId !== data.server_id || sessionId !== data.session_id) continue;
      if (token !== data.token)
        throw new VoiceCloseError(CloseCode.AuthenticationFailed, 'token is not of this session');
      if (session.cipher) {
        session.socket?.terminate();
        return session;
      }
    }
    throw new VoiceCloseError(CloseCode.SessionNoLongerValid, 'no such session: identify again');
  }

  #enter(session: VoiceSession): void {
    session.room.join(session);
    const { guildId, channelId, userId } = session.grant;
    this.events.emit('clientReady', { guildId, channelId, userId, ssrc: session.ssrc });
  }

  #socketClosed(session: VoiceSession, socket: WebSocket, code: number): void {
    if (session.socket !== socket) return;
    session.socket = undefined;
    // 1000: the client left. A session that never selected its protocol has nothing to resume.
    if (code === 1000 || !session.cipher) this.#end(session);
    else session.expiry = setTimeout(() => this.#end(session), resumeWindowMs).unref();
  }

  /** Ends a session for good; `closeCode` for a websocket that is still open. */
  #end(session: VoiceSession, closeCode?: number): void {
    const { guildId, channelId, userId } = session.grant;
    const key = keyOf(guildId, userId);
    if (this.#sessions.get(key) !== session) return;
    this.#sessions.delete(key);
    this.#sessionsBySsrc.delete(session.ssrc);
    clearTimeout(session.expiry);
    const { socket } = session;
    session.socket = undefined;
    if (closeCode !== undefined) socket?.close(closeCode);
    session.room.leave(userId, session);
    this.#closeIfEmpty(session.room);
    this.events.emit('clientGone', { guildId, channelId, userId });
  }

  #onDatagram(datagram: Buffer, from: RemoteInfo): void {
    this.counters.datagrams++;
    const kind = classify(datagram);
    if (kind.kind === 'keepAlive') {
      if (datagram.length === 8) this.#udp.send(datagram, from);
      return;
    }
    const session = kind.kind === 'unknown' ? undefined : this.#sessionsBySsrc.get(kind.ssrc);
    if (!session) {
      this.counters.ignored++;
      return;
    }
    const address: Address = { address: from.address, port: from.port };
    if (kind.kind === 'discovery') {
      session.address = address;
      this.#udp.send(discoveryReply(session.ssrc, address), address);
    } else {
      this.#onRtp(session, datagram, address);
    }
  }

  #onRtp(session: VoiceSession, datagram: Buffer, address: Address): void {
    const receivedAt = wallClock();
    const packet = session.cipher?.open(datagram);
    const payload = packet && payloadOf(packet);
    if (!packet || !payload) {
      this.counters.undecryptable++;
      return;
    }
    session.address = address;
    if (session.room.daveVersion === 1 && !isDaveFrame(payload) && !payload.equals(silenceFrame)) {
      this.counters.plaintextFramesInDaveRooms++;
    }
    session.room.forward(session, { ...packet, fromUserId: session.userId, receivedAt });
  }
}
