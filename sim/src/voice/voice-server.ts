import { EventEmitter } from 'node:events';
import type { LightMember } from './light-member.ts';

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
}

/** Events of a voice server. */
export interface VoiceServerEvents {
  /** A websocket has identified and selected its UDP protocol. */
  clientReady: [{ guildId: string; channelId: string; userId: string; ssrc: number }];
  /** A client's voice session has ended (closed for good, replaced or dismissed). */
  clientGone: [{ guildId: string; channelId: string; userId: string }];
  /** The MLS group of a room has reached a new epoch. */
  epoch: [{ channelId: string; epoch: bigint; members: string[] }];
  /** Somebody announced op 5. `speaking` is the flag field, 0 for silence. */
  speaking: [{ channelId: string; userId: string; speaking: number }];
}

/** Discord's voice gateway v8 with UDP and DAVE v1, for clients on this machine. */
export class VoiceServer {
  readonly counters: VoiceCounters = {
    plaintextFramesInDaveRooms: 0,
    datagrams: 0,
    undecryptable: 0,
    ignored: 0,
    forwarded: 0,
  };
  readonly events = new EventEmitter<VoiceServerEvents>();
  readonly options: VoiceServerOptions;

  constructor(options: VoiceServerOptions = {}) {
    this.options = options;
  }

  /** Opens the websocket and UDP ports. The certificate is self-signed (CA:TRUE, SAN localhost and 127.0.0.1). */
  async listen(): Promise<{ endpoint: string; certificatePem: string }> {
    throw new Error('not listening yet');
  }

  /** Closes every client (1001), the ports and the rooms. */
  async close(): Promise<void> {
    throw new Error('not listening yet');
  }

  /** Allows one voice session per (guild, user); a grant for another channel replaces the old one. */
  admit(_grant: VoiceGrant): void {
    throw new Error('not listening yet');
  }

  /** Whether a voice websocket of this user is live in this channel. */
  isConnected(_guildId: string, _userId: string, _channelId: string): boolean {
    throw new Error('not listening yet');
  }

  /** Ends the user's voice session: closes the websocket with `closeCode` (4014 by default) and forgets the grant. */
  dismiss(_guildId: string, _userId: string, _closeCode = 4014): void {
    throw new Error('not listening yet');
  }

  /** Adds a simulated human, who lives in this process with a DAVE session of their own. */
  addMember(_member: { guildId: string; channelId: string; userId: string }): LightMember {
    throw new Error('not listening yet');
  }
}
