/** A leg: one identity connected to one voice channel, guarded. */
import { EventEmitter } from 'node:events';
import { joinVoiceChannel, NetworkingStatusCode, type VoiceConnection } from '@discordjs/voice';
import type { EndReason } from '@patchbay/shared/end-reason';
import {
  type LegPort,
  type OutgoingPacket,
  type PacketListener,
  SILENCE_FRAME,
  type VoicePacket,
} from '../audio/packet.ts';
import type { VoiceAdapters } from '../gateway/voice-adapters.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import { ConnectionGuards } from './connection-guards.ts';
import { type DaveState, isEncryptionSettled, maySend } from './dave.ts';
import { guardBinaryMessages } from './guard-binary.ts';
import { OutgoingRtp } from './outgoing-rtp.ts';
import { JoinPace, pacedAdapter } from './paced-adapter.ts';
import { PacketTap } from './packet-tap.ts';
import { SpeakingTracker } from './speaking.ts';

export type LegState =
  | { kind: 'connecting'; attempt: number }
  | { kind: 'ready'; daveVersion: number }
  /** Was ready before; the library or the guards bring it back. */
  | { kind: 'reconnecting'; attempt: number }
  | { kind: 'closed'; reason: EndReason; message?: string };

export interface LegEvents {
  state: [state: LegState];
  speaking: [userId: string, speaking: boolean];
}

export interface LegOptions {
  legId: string;
  guildId: string;
  channelId: string;
  identityId: string;
  adapters: VoiceAdapters;
  ownIdentities: ReadonlySet<string>;
  joinAttempts: number;
  /** While the main gateway is away, nobody can tell a kick from an outage. */
  isGatewayConnected: () => boolean;
  logger: Logger;
  /** Longest time from a join to a ready connection; IP discovery is one datagram without a time-out of its own. ms */
  readyTimeoutMs?: number;
}

const READY_TIMEOUT_MS = 10_000;
/** Discord tells of a deleted channel a moment before or after it empties it. ms */
const REASON_GRACE_MS = 300;
const STOP_SPEAKING_DEBOUNCE_MS = 100;
const ALONE_CHECK_MS = 250;
/** Discord starts to relay to a client after its first packets. */
const GREETING_FRAMES = 5;
const LEAVE_TIMEOUT_MS = 2_000;

/** The parts of a ready `Networking` in use. */
interface ReadyState {
  code: number;
  dave?: DaveState;
  connectionData: { sequence: number; timestamp: number; connectedClients: Set<string>; ssrc: number };
}

export class Leg extends EventEmitter<LegEvents> implements LegPort {
  readonly legId: string;
  readonly guildId: string;
  readonly channelId: string;
  readonly identityId: string;
  readonly counters = { sent: 0, heldBack: 0, failed: 0 };
  #state: LegState = { kind: 'connecting', attempt: 1 };
  readonly #options: LegOptions;
  readonly #logger: Logger;
  readonly #connection: VoiceConnection;
  readonly #tap: PacketTap;
  readonly #pace: JoinPace;
  readonly #speaking = new SpeakingTracker((userId, speaking) => this.emit('speaking', userId, speaking));
  readonly #listeners = new Set<PacketListener>();
  #rtp: OutgoingRtp | undefined;
  #ssrc = -1;
  #seenInChannel = false;
  #greeting = false;
  #readyTimer: ReturnType<typeof setTimeout> | undefined;
  #aloneTimer: ReturnType<typeof setInterval> | undefined;
  #reasonTimer: ReturnType<typeof setTimeout> | undefined;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;
  #left: (() => void) | undefined;

  constructor(options: LegOptions) {
    super();
    guardBinaryMessages();
    this.#options = options;
    this.legId = options.legId;
    this.guildId = options.guildId;
    this.channelId = options.channelId;
    this.identityId = options.identityId;
    this.#logger = options.logger.child({ legId: options.legId, guildId: options.guildId });
    this.#pace = new JoinPace(options.joinAttempts);
    this.#connection = joinVoiceChannel({
      guildId: options.guildId,
      channelId: options.channelId,
      group: options.identityId,
      selfDeaf: false,
      selfMute: false,
      adapterCreator: pacedAdapter(options.adapters.creator(options.guildId), {
        pace: this.#pace,
        now,
        onGiveUp: () => this.#finish('error', 'The voice channel could not be joined. See the log of the voice node.'),
      }),
    });
    const guards = new ConnectionGuards(this.#connection, this.#logger, () => this.#progress());
    this.#tap = new PacketTap({
      connection: this.#connection,
      ownIdentities: options.ownIdentities,
      arrivedAt: () => guards.arrivedAt,
      onPacket: (packet) => this.#packet(packet),
      logger: this.#logger,
    });
    this.#connection.on('error', (error) => this.#logger.warn({ err: error }, 'the voice connection failed'));
    this.#awaitReady();
  }

  get state(): LegState {
    return this.#state;
  }

  /** Counters of the receiving side. */
  get received(): PacketTap['counters'] {
    return this.#tap.counters;
  }

  onPacket(listener: PacketListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(packet: OutgoingPacket): void {
    if (this.#greeting) {
      // Somebody's voice does what the greeting is for; its numbers must not be fitted to the greeting's.
      this.#greeting = false;
      this.newSender();
    }
    this.#transmit(packet);
  }

  #transmit(packet: OutgoingPacket): void {
    const networking = this.#networking();
    if (this.#state.kind === 'closed' || !networking || !maySend(networking.dave, packet.opus)) {
      this.counters.heldBack += 1;
      return;
    }
    clearTimeout(this.#stopTimer);
    const data = networking.connectionData;
    if (!this.#rtp || this.#ssrc !== data.ssrc) {
      this.#ssrc = data.ssrc;
      this.#rtp = new OutgoingRtp({ sequence: data.sequence, timestamp: data.timestamp, at: now() });
    }
    const { sequence, timestamp } = this.#rtp.map(packet, now());
    data.sequence = sequence;
    data.timestamp = timestamp;
    const { opus } = packet;
    // Announces by op 5 when it was silent, then sends at once.
    try {
      this.#connection.playOpusPacket(Buffer.from(opus.buffer, opus.byteOffset, opus.byteLength));
      this.counters.sent += 1;
    } catch (error) {
      // One packet that cannot be encrypted is one lost packet; thrown on, it would stop the bridge's tick for every leg.
      if (this.counters.failed % 1_000 === 0) this.#logger.error({ err: error }, 'a packet could not be sent');
      this.counters.failed += 1;
    }
  }

  stopSpeaking(): void {
    clearTimeout(this.#stopTimer);
    this.#stopTimer = setTimeout(() => this.#connection.setSpeaking(false), STOP_SPEAKING_DEBOUNCE_MS);
  }

  /** Another sender takes over: its RTP numbers continue where the last one's stopped. */
  newSender(): void {
    this.#rtp?.newSender();
  }

  /** The gateway tells where the identity is now. */
  ownVoiceState(channelId: string | null): void {
    if (channelId === null) this.#left?.();
    if (this.#state.kind === 'closed') return;
    if (channelId === this.channelId) {
      this.#seenInChannel = true;
      this.#clearReason();
      return;
    }
    // Before the join was confirmed this speaks of an earlier leg.
    if (!this.#seenInChannel) return;
    this.#clearReason();
    if (channelId !== null) {
      // At once: the library follows into the other channel, whose people nobody has routed anywhere.
      this.#finish('bot_moved', 'Somebody moved the bot to another voice channel.');
      return;
    }
    this.#reasonTimer = setTimeout(
      () => this.#finish('bot_removed', 'Somebody disconnected the bot from the voice channel.'),
      REASON_GRACE_MS,
    );
  }

  /**
   * The identity has a new gateway session, and Discord has taken it out of voice with the old one: nobody removed it, so it
   * joins again.
   */
  gatewaySessionLost(): void {
    if (this.#state.kind === 'closed' || !this.#seenInChannel) return;
    this.#seenInChannel = false;
    this.#clearReason();
    if (this.#state.kind === 'ready') this.#set({ kind: 'reconnecting', attempt: this.#pace.attempts });
    this.#connection.rejoin();
    this.#awaitReady();
  }

  channelDeleted(): void {
    this.#finish('channel_deleted', 'The voice channel was deleted.');
  }

  /** Leaves the channel. Resolves when the gateway has confirmed it, or after 2 s. */
  async close(reason: EndReason, message?: string): Promise<void> {
    if (this.#state.kind === 'closed') return;
    const left = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LEAVE_TIMEOUT_MS);
      this.#left = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    const wait = this.#seenInChannel;
    this.#finish(reason, message);
    if (wait) await left;
    else this.#left?.();
  }

  #networking(): ReadyState | undefined {
    const { state } = this.#connection;
    if (state.status !== 'ready') return undefined;
    const inner = state.networking.state as unknown as ReadyState;
    return inner.code === NetworkingStatusCode.Ready ? inner : undefined;
  }

  /** Looks at the connection after anything that may have changed it. */
  #progress(): void {
    if (this.#state.kind === 'closed') return;
    const { state } = this.#connection;
    const networking = this.#networking();
    if (!networking) {
      if (this.#state.kind === 'ready') {
        this.#set({ kind: 'reconnecting', attempt: this.#pace.attempts });
        this.#awaitReady();
      }
      if (state.status === 'disconnected' && this.#seenInChannel && !this.#reasonTimer) this.#awaitReason();
      return;
    }
    this.#pace.ready(now());
    if (this.#state.kind === 'ready') return;
    const others = [...networking.connectionData.connectedClients].filter((id) => id !== this.identityId);
    const alone = others.length === 0 && this.#aloneTimer !== undefined;
    if (isEncryptionSettled(networking.dave) || alone) this.#becomeReady(networking);
    else this.#aloneTimer ??= setInterval(() => this.#progress(), ALONE_CHECK_MS);
  }

  /** Close code 4014: the voice state that follows says whether it was a kick or a move. */
  #awaitReason(): void {
    this.#reasonTimer = setTimeout(() => {
      if (this.#options.isGatewayConnected()) {
        this.#finish('bot_removed', 'Discord closed the voice connection and asked not to come back.');
      } else {
        this.#awaitReason();
      }
    }, LEAVE_TIMEOUT_MS);
  }

  #clearReason(): void {
    clearTimeout(this.#reasonTimer);
    this.#reasonTimer = undefined;
  }

  #becomeReady({ dave }: ReadyState): void {
    clearTimeout(this.#readyTimer);
    clearInterval(this.#aloneTimer);
    this.#aloneTimer = undefined;
    this.#clearReason();
    this.#set({ kind: 'ready', daveVersion: dave?.protocolVersion ?? 0 });
    this.#greet();
  }

  /** Five frames of silence, so that Discord starts to relay the channel's voices. */
  #greet(): void {
    this.newSender();
    this.#greeting = true;
    let frame = 0;
    const startedAt = now();
    const next = (): void => {
      if (this.#state.kind !== 'ready' || !this.#greeting) return;
      this.#transmit({ opus: SILENCE_FRAME, sequence: frame, timestamp: frame * 960 });
      frame += 1;
      if (frame < GREETING_FRAMES) setTimeout(next, Math.max(0, startedAt + frame * 20 - now()));
      else {
        this.#greeting = false;
        this.newSender();
        this.stopSpeaking();
      }
    };
    next();
  }

  #awaitReady(): void {
    clearTimeout(this.#readyTimer);
    this.#readyTimer = setTimeout(() => {
      this.#logger.warn({ status: this.#connection.state.status }, 'the voice connection is not ready in time; again');
      this.#connection.rejoin();
      if (this.#state.kind !== 'closed') this.#awaitReady();
    }, this.#options.readyTimeoutMs ?? READY_TIMEOUT_MS);
  }

  #packet(packet: VoicePacket): void {
    this.#speaking.packet(packet);
    for (const listener of this.#listeners) {
      try {
        listener(packet);
      } catch (error) {
        this.#logger.error({ err: error }, 'a listener of voice packets failed');
      }
    }
  }

  #set(state: LegState): void {
    this.#state = state;
    this.#logger.info({ state }, 'leg');
    this.emit('state', state);
  }

  #finish(reason: EndReason, message?: string): void {
    if (this.#state.kind === 'closed') return;
    for (const timer of [this.#readyTimer, this.#reasonTimer, this.#stopTimer]) clearTimeout(timer);
    clearInterval(this.#aloneTimer);
    this.#speaking.close();
    this.#state = { kind: 'closed', reason, ...(message === undefined ? {} : { message }) };
    if (this.#connection.state.status !== 'destroyed') this.#connection.destroy();
    this.#logger.info({ state: this.#state }, 'leg');
    this.emit('state', this.#state);
    this.#listeners.clear();
  }
}
