/** A leg: one identity connected to one voice channel, guarded. */
import { EventEmitter } from 'node:events';
import { joinVoiceChannel, type VoiceConnection } from '@discordjs/voice';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { LegPort, OutgoingPacket, PacketListener, VoicePacket } from '../audio/packet.ts';
import { now } from '../ops/clock.ts';
import type { Logger } from '../ops/logger.ts';
import { ConnectionGuards } from './connection-guards.ts';
import { isEncryptionSettled } from './dave.ts';
import { guardBinaryMessages } from './guard-binary.ts';
import { type CloseVerdict, guardClose } from './guard-close.ts';
import { LegSender } from './leg-sender.ts';
import { LEAVE_TIMEOUT_MS, type LegEvents, type LegOptions, type LegState, READY_TIMEOUT_MS } from './leg-state.ts';
import { JoinPace, pacedAdapter } from './paced-adapter.ts';
import { PacketTap } from './packet-tap.ts';
import { Presence } from './presence.ts';
import { type ReadyNetworking, readyNetworking } from './ready-networking.ts';
import { SpeakingTracker } from './speaking.ts';

export type { LegEvents, LegOptions, LegState } from './leg-state.ts';

const ALONE_CHECK_MS = 250;
/** Speaking flags that come so soon after the connection are those of before. ms */
const ANNOUNCEMENTS_MS = 2_000;

/** To be read in the channel's text chat. */
function gaveUp(attempts: number): string {
  const times = attempts === 1 ? 'once' : `${attempts} times`;
  return `The bot tried ${times} to join the voice channel, and Discord did not let it in. Check that it may View Channel and Connect there and that the channel is not full, then start again.`;
}

export class Leg extends EventEmitter<LegEvents> implements LegPort {
  readonly legId: string;
  readonly guildId: string;
  readonly channelId: string;
  readonly identityId: string;
  #state: LegState = { kind: 'connecting', attempt: 1 };
  readonly #options: LegOptions;
  readonly #logger: Logger;
  readonly #connection: VoiceConnection;
  readonly #tap: PacketTap;
  readonly #sender: LegSender;
  readonly #presence: Presence;
  readonly #pace: JoinPace;
  readonly #speaking = new SpeakingTracker((userId, speaking) => this.emit('speaking', userId, speaking));
  readonly #listeners = new Set<PacketListener>();
  #readyTimer: ReturnType<typeof setTimeout> | undefined;
  #aloneTimer: ReturnType<typeof setInterval> | undefined;
  /** Instant of the present connection, as long as its encryption is not settled. */
  #connectedAt: number | undefined;
  #left: (() => void) | undefined;
  #readySince: number | undefined;

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
    this.#presence = new Presence({
      channelId: options.channelId,
      isGatewayConnected: options.isGatewayConnected,
      onGone: (reason, message) => this.#finish(reason, message),
    });
    this.#connection = joinVoiceChannel({
      guildId: options.guildId,
      channelId: options.channelId,
      group: options.identityId,
      selfDeaf: false,
      selfMute: false,
      adapterCreator: pacedAdapter(options.adapters.creator(options.guildId), {
        pace: this.#pace,
        now,
        onGiveUp: () => this.#finish('error', gaveUp(options.joinAttempts)),
      }),
    });
    guardClose(this.#connection, (code, verdict) => this.#closedBy(code, verdict));
    this.#sender = new LegSender(this.#connection, this.#logger);
    const guards = new ConnectionGuards(
      this.#connection,
      this.#logger,
      () => this.#progress(),
      (userId, speaking) => this.#announced(userId, speaking),
    );
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

  /** Counters of the sending side. */
  get counters(): LegSender['counters'] {
    return this.#sender.counters;
  }

  /** Counters of the receiving side. */
  get received(): PacketTap['counters'] {
    return this.#tap.counters;
  }

  onPacket(listener: PacketListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Mends a receiver that has stalled: takes its place on the socket anew, asks to be added to the encryption's group anew, or goes
   * to the voice server anew without leaving the channel.
   */
  repair(step: 'resubscribe' | 'reinitialise' | 'rejoin'): void {
    if (this.#state.kind !== 'ready') return;
    if (step === 'resubscribe') this.#tap.resubscribe();
    else if (step === 'reinitialise') this.#tap.reinitialise();
    // Discord does not answer an op 4 for the channel that the bot is in: the server and the session that are known are used again.
    else this.#connection.configureNetworking();
  }

  send(packet: OutgoingPacket): void {
    this.#sender.send(packet);
  }

  stopSpeaking(): void {
    this.#sender.stopSpeaking();
  }

  /** Another sender takes over: its RTP numbers continue where the last one's stopped. */
  newSender(): void {
    this.#sender.newSender();
  }

  /** The gateway tells where the identity is now. */
  ownVoiceState(channelId: string | null): void {
    if (channelId === null) this.#left?.();
    if (this.#state.kind === 'closed') return;
    this.#presence.voiceState(channelId);
  }

  /**
   * The identity has a new gateway session, and Discord has taken it out of voice with the old one: nobody removed it, so it
   * joins again.
   */
  gatewaySessionLost(): void {
    if (this.#state.kind === 'closed' || !this.#presence.seenInChannel) return;
    this.#presence.forget();
    if (this.#state.kind === 'ready') this.#set({ kind: 'reconnecting', attempt: this.#pace.attempts });
    this.#connection.rejoin();
    this.#awaitReady();
  }

  channelDeleted(): void {
    this.#finish('channel_deleted', 'The voice channel was deleted.');
  }

  /**
   * Another gateway session of the account has the place in voice, that of a newer voice node: this leg falls silent and says
   * nothing to Discord, which would take the new owner out of the channel.
   */
  abandon(): void {
    this.#finish('node_lost', 'Another voice node has taken over the bot account.', { silently: true });
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
    const wait = this.#presence.seenInChannel;
    this.#finish(reason, message);
    if (wait) await left;
    else this.#left?.();
  }

  /** Looks at the connection after anything that may have changed it. */
  #progress(): void {
    if (this.#state.kind === 'closed') return;
    const networking = readyNetworking(this.#connection);
    if (!networking) {
      this.#connectedAt = undefined;
      if (this.#state.kind === 'ready') {
        this.#set({ kind: 'reconnecting', attempt: this.#pace.attempts });
        this.#awaitReady();
      }
      return;
    }
    this.#pace.ready(now());
    if (this.#state.kind === 'ready') return;
    const others = [...networking.connectionData.connectedClients].filter((id) => id !== this.identityId);
    // Op 11, which names the others, comes after op 4: nobody is alone before it had its time.
    this.#connectedAt ??= now();
    const alone = others.length === 0 && now() - this.#connectedAt >= ALONE_CHECK_MS;
    if (isEncryptionSettled(networking.dave) || alone) this.#becomeReady(networking);
    else this.#aloneTimer ??= setInterval(() => this.#progress(), ALONE_CHECK_MS);
  }

  #becomeReady({ dave }: ReadyNetworking): void {
    clearTimeout(this.#readyTimer);
    clearInterval(this.#aloneTimer);
    this.#aloneTimer = undefined;
    this.#connectedAt = undefined;
    this.#presence.settle();
    this.#set({ kind: 'ready', daveVersion: dave?.protocolVersion ?? 0 });
    this.#sender.greet(() => this.#state.kind === 'ready');
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

  #announced(userId: string, speaking: boolean): void {
    // What Discord tells of all who are there, at the start, says nothing of what they do now.
    if (this.#readySince === undefined || now() - this.#readySince < ANNOUNCEMENTS_MS) return;
    this.emit('announced', userId, speaking);
  }

  #set(state: LegState): void {
    this.#readySince = state.kind === 'ready' ? now() : undefined;
    this.#state = state;
    this.#logger.info({ state }, 'leg');
    this.emit('state', state);
  }

  #closedBy(code: number, verdict: CloseVerdict): void {
    this.#logger.warn({ code, verdict: verdict.kind }, 'Discord closed the voice connection');
    if (verdict.kind === 'await') this.#presence.connectionClosed();
    // Not from inside the library's own transition: it would go on with a destroyed connection.
    if (verdict.kind === 'give_up') setImmediate(() => this.#finish('error', verdict.message));
  }

  #finish(reason: EndReason, message?: string, { silently = false } = {}): void {
    if (this.#state.kind === 'closed') return;
    clearTimeout(this.#readyTimer);
    this.#presence.settle();
    this.#sender.close();
    clearInterval(this.#aloneTimer);
    this.#speaking.close();
    this.#state = { kind: 'closed', reason, ...(message === undefined ? {} : { message }) };
    if (this.#connection.state.status !== 'destroyed') this.#connection.destroy(!silently);
    this.#logger.info({ state: this.#state, received: this.#tap.counters }, 'leg');
    this.emit('state', this.#state);
    this.#listeners.clear();
  }
}
