/** Puts the guards on each networking that a voice connection goes through: key object, receive buffer, sender check. */
import { createSecretKey, KeyObject } from 'node:crypto';
import { NetworkingStatusCode, type VoiceConnection } from '@discordjs/voice';
import { VoiceOpcodes } from 'discord-api-types/voice/v8';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import { MLS_PROGRESS, MLS_REFUSED } from './guard-binary.ts';
import { connectDatagrams, guardDatagrams, RECEIVE_BUFFER_BYTES, type VoiceUdp } from './guard-datagrams.ts';

/** Op 5 as Discord sends it to the others of a channel. Bit 0 of `speaking`: by microphone. */
interface SpeakingPacket {
  op: number;
  d: { user_id?: string; speaking?: number };
}

interface VoiceSocket {
  on(event: 'packet', listener: (packet: SpeakingPacket) => void): unknown;
}

interface AnyNetworking {
  state: {
    code: number;
    ws?: VoiceSocket;
    udp?: VoiceUdp;
    connectionData?: { encryptionMode?: string; secretKey?: Uint8Array | KeyObject };
  };
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/**
 * AES with raw key bytes costs five times more per packet on Node 24 than with a key object. XChaCha takes bytes only.
 */
export function useKeyObject(data: { encryptionMode?: string; secretKey?: Uint8Array | KeyObject }): void {
  if (data.encryptionMode !== 'aead_aes256_gcm_rtpsize' || !data.secretKey) return;
  if (!(data.secretKey instanceof KeyObject)) data.secretKey = createSecretKey(data.secretKey);
}

export class ConnectionGuards {
  #datagrams: { readonly arrivedAt: number; readonly strangers: number } | undefined;
  #networking: AnyNetworking | undefined;
  #udp: VoiceUdp | undefined;
  #connected: VoiceUdp | undefined;
  #socket: VoiceSocket | undefined;
  readonly #onAnnounced: (userId: string, speaking: boolean) => void;
  readonly #logger: Logger;

  /**
   * `onProgress` is called whenever the connection or its MLS group may have become ready, `onAnnounced` when Discord says that
   * somebody begins to speak, or stops.
   */
  constructor(
    connection: VoiceConnection,
    logger: Logger,
    onProgress: () => void,
    onAnnounced: (userId: string, speaking: boolean) => void = () => undefined,
  ) {
    this.#logger = logger;
    this.#onAnnounced = onAnnounced;
    connection.on('stateChange', (_before, after) => {
      if ('networking' in after) this.#attach(after.networking as unknown as AnyNetworking, onProgress);
      onProgress();
    });
  }

  /** Instant of arrival of the datagram in hand. */
  get arrivedAt(): number {
    return this.#datagrams?.arrivedAt ?? now();
  }

  #attach(networking: AnyNetworking, onProgress: () => void): void {
    if (networking !== this.#networking) {
      this.#networking = networking;
      networking.on('stateChange', () => {
        this.#inspect(networking);
        onProgress();
      });
      networking.on(MLS_PROGRESS, onProgress);
      networking.on(MLS_REFUSED, (error) =>
        this.#logger.warn({ err: error }, 'an MLS message was refused; asked to join the group again'),
      );
    }
    this.#inspect(networking);
  }

  #inspect({ state }: AnyNetworking): void {
    if (state.ws && state.ws !== this.#socket) {
      this.#socket = state.ws;
      state.ws.on('packet', ({ op, d }) => {
        if (op === VoiceOpcodes.Speaking && d.user_id) this.#onAnnounced(d.user_id, ((d.speaking ?? 0) & 1) !== 0);
      });
    }
    if (state.udp && state.udp !== this.#udp) {
      this.#udp = state.udp;
      this.#datagrams = guardDatagrams(state.udp);
    }
    if (state.code !== NetworkingStatusCode.Ready) return;
    if (state.connectionData) useKeyObject(state.connectionData);
    if (state.udp && state.udp !== this.#connected) {
      this.#connected = state.udp;
      connectDatagrams(state.udp);
    }
    try {
      state.udp?.socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the UDP receive buffer could not be enlarged');
    }
  }
}
