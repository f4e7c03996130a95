import type { RemoteInfo } from 'node:dgram';
import type { VoiceCounters } from './counters.ts';
import type { FaultTable } from './faults/fault-table.ts';
import { isDaveFrame, opusPayloadType, payloadOf, readHeader, silenceFrame } from './rtp.ts';
import { type Address, classify, discoveryReply, type UdpPort } from './udp.ts';
import type { VoiceSession } from './voice-session.ts';
import type { VoiceSessions } from './voice-sessions.ts';

export interface DatagramsOptions {
  udp: UdpPort;
  sessions: VoiceSessions;
  faults: FaultTable;
  counters: VoiceCounters;
  onDiscoveryLost(session: VoiceSession): void;
}

/** What happens to each datagram that reaches the voice server. */
export class Datagrams {
  readonly #options: DatagramsOptions;

  constructor(options: DatagramsOptions) {
    this.#options = options;
  }

  take(datagram: Buffer, from: RemoteInfo) {
    const { udp, sessions, faults, counters, onDiscoveryLost } = this.#options;
    counters.datagrams++;
    const kind = classify(datagram);
    if (kind.kind === 'keepAlive') {
      if (datagram.length === 8) udp.send(datagram, from);
      return;
    }
    const session = kind.kind === 'unknown' ? undefined : sessions.bySsrc(kind.ssrc);
    if (!session) {
      counters.ignored++;
      return;
    }
    const address: Address = { address: from.address, port: from.port };
    if (kind.kind === 'rtp') return session.lines.pass('fromClient', () => this.#takeRtp(session, datagram, address));
    session.address = address;
    const { guildId, userId } = session.grant;
    if (faults.loseDiscoveryAnswer(guildId, userId)) onDiscoveryLost(session);
    else udp.send(discoveryReply(session.ssrc, address), address);
  }

  #takeRtp(session: VoiceSession, datagram: Buffer, address: Address) {
    const { room } = session;
    const packet = session.cipher?.open(datagram);
    const payload = packet && payloadOf(packet);
    if (!packet || !payload) {
      this.#options.counters.undecryptable++;
      return;
    }
    session.address = address;
    const { ssrc, payloadType } = readHeader(packet.header);
    const routed = { ...packet, fromUserId: session.userId, receivedAt: room.clock.wall() };
    const layer = session.video?.layers.find((candidate) => candidate.ssrc === ssrc);
    if (layer) return room.forwardVideo(session, layer, routed);
    if (
      payloadType === opusPayloadType &&
      room.mustBeEncrypted &&
      !isDaveFrame(payload) &&
      !payload.equals(silenceFrame)
    ) {
      this.#options.counters.plaintextFramesInDaveRooms++;
    }
    room.forward(session, routed);
  }
}
