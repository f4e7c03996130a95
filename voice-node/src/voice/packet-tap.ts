/**
 * Receives packets without Node streams: takes the place of the library's `onUdpMessage`. A stream would lose the RTP header,
 * and the library destroys it for good at the first packet that does not decrypt.
 */
import type { EventEmitter } from 'node:events';
import type { VoiceConnection } from '@discordjs/voice';
import type { VoicePacket } from '../audio/packet.ts';
import type { Logger } from '../ops/logger.ts';
import { type DaveState, isCiphertext } from './dave.ts';
import { EarlyPackets } from './early-packets.ts';

const RTP_HEADER_BYTES = 12;
/** AES-GCM or Poly1305 tag and the 4-byte counter behind it. */
const TRAILER_BYTES = 16 + 4;
const OPUS_PAYLOAD_TYPE = 120;

export interface TapCounters {
  received: number;
  /** Not RTP version 2 with Opus. */
  foreign: number;
  /** Transport or end-to-end decryption failed. */
  undecryptable: number;
  /** Still encrypted when the library handed it out. */
  ciphertext: number;
  /** From one of the node's own identities. */
  own: number;
}

interface DaveSession extends DaveState {
  reinitializing: boolean;
  lastTransitionId?: number;
  recoverFromInvalidTransition(transitionId: number): void;
}

/** The private parts of 0.19.2's VoiceReceiver; `voice/library-contract.test.ts` fails when an upgrade changes them. */
interface Receiver {
  onUdpMessage(datagram: Buffer): void;
  parsePacket(datagram: Buffer, mode: string, nonce: Buffer, key: Uint8Array, userId: string): Buffer | null;
  connectionData: { encryptionMode?: string; nonceBuffer?: Buffer; secretKey?: Uint8Array };
  ssrcMap: {
    get(ssrc: number): { userId: string } | undefined;
    on(event: 'create', listener: (data: { userId: string; audioSSRC: number }) => void): unknown;
  };
}

export interface PacketTapOptions {
  connection: VoiceConnection;
  /** User ids whose packets are never handed on: the node's own identities. */
  ownIdentities: ReadonlySet<string>;
  /** Instant of arrival of the datagram in hand, ms since the epoch. */
  arrivedAt: () => number;
  onPacket: (packet: VoicePacket) => void;
  logger: Logger;
}

export class PacketTap {
  readonly counters: TapCounters = { received: 0, foreign: 0, undecryptable: 0, ciphertext: 0, own: 0 };
  readonly #options: PacketTapOptions;
  readonly #receiver: Receiver;
  readonly #early = new EarlyPackets();

  /** Attach right after `joinVoiceChannel`, before the library binds its own method to a socket. */
  constructor(options: PacketTapOptions) {
    this.#options = options;
    this.#receiver = options.connection.receiver as unknown as Receiver;
    this.#receiver.onUdpMessage = (datagram) => this.#datagram(datagram, options.arrivedAt());
    this.#receiver.ssrcMap.on('create', ({ userId, audioSSRC }) => {
      for (const { datagram, arrivedAt } of this.#early.take(audioSSRC, options.arrivedAt())) {
        this.#parse(datagram, audioSSRC, userId, arrivedAt);
      }
    });
  }

  /** Takes its place on the connection's socket anew. */
  resubscribe(): void {
    const udp = (this.#networkingState() as { udp?: EventEmitter } | undefined)?.udp;
    udp?.off('message', this.#receiver.onUdpMessage);
    this.#receiver.onUdpMessage = (datagram) => this.#datagram(datagram, this.#options.arrivedAt());
    udp?.on('message', this.#receiver.onUdpMessage);
  }

  /** Asks to be added to the encryption's group anew; nothing in a room without one. */
  reinitialise(): void {
    const dave = this.#dave();
    dave?.recoverFromInvalidTransition(dave.lastTransitionId ?? 0);
  }

  #datagram(datagram: Buffer, arrivedAt: number): void {
    if (datagram.length <= RTP_HEADER_BYTES + TRAILER_BYTES) return;
    if (datagram.readUInt8(0) >> 6 !== 2 || (datagram.readUInt8(1) & 0x7f) !== OPUS_PAYLOAD_TYPE) {
      this.counters.foreign += 1;
      return;
    }
    const ssrc = datagram.readUInt32BE(8);
    const user = this.#receiver.ssrcMap.get(ssrc);
    if (user) this.#parse(datagram, ssrc, user.userId, arrivedAt);
    else this.#early.hold(ssrc, { datagram, arrivedAt });
  }

  #dave(): DaveSession | undefined {
    return (this.#networkingState() as { dave?: DaveSession } | undefined)?.dave;
  }

  #networkingState(): unknown {
    const { state } = this.#options.connection;
    return 'networking' in state ? state.networking.state : undefined;
  }

  #parse(datagram: Buffer, ssrc: number, userId: string, arrivedAt: number): void {
    const { counters } = this;
    if (this.#options.ownIdentities.has(userId)) {
      counters.own += 1;
      return;
    }
    const { encryptionMode, nonceBuffer, secretKey } = this.#receiver.connectionData;
    if (!encryptionMode || !nonceBuffer || !secretKey) return;
    let opus: Buffer | null;
    try {
      opus = this.#receiver.parsePacket(datagram, encryptionMode, nonceBuffer, secretKey, userId);
    } catch (error) {
      counters.undecryptable += 1;
      this.#recover(error);
      return;
    }
    if (!opus || opus.length === 0) {
      counters.undecryptable += 1;
      return;
    }
    if (isCiphertext(this.#dave(), opus)) {
      counters.ciphertext += 1;
      return;
    }
    counters.received += 1;
    this.#options.onPacket({
      userId,
      ssrc,
      sequence: datagram.readUInt16BE(2),
      timestamp: datagram.readUInt32BE(4),
      arrivedAt,
      opus,
    });
  }

  /**
   * The library gives up on a user after 36 DAVE failures in a row when no transition has an id to invalidate; asking to be
   * added again is right there too. A datagram that fails the transport's tag is a forgery or damage: dropped.
   */
  #recover(error: unknown): void {
    const dave = this.#dave() as
      | (DaveSession & { consecutiveFailures?: number; failureTolerance?: number })
      | undefined;
    if (!dave || (dave.consecutiveFailures ?? 0) <= (dave.failureTolerance ?? 36)) return;
    this.#options.logger.warn(
      { err: error },
      'too many frames in a row did not decrypt; asking to join the group again',
    );
    dave.recoverFromInvalidTransition(dave.lastTransitionId ?? 0);
  }
}
