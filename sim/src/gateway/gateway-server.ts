import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { GatewayDispatchEvents, GatewayOpcodes } from 'discord-api-types/v10';
import { WebSocketServer } from 'ws';
import type { World } from '../world/world.ts';
import { BotVoice, type VoiceDoor, type VoiceRefusal } from './bot-voice.ts';
import { Connection } from './connection.ts';
import { sendGuild, startDispatching } from './dispatcher.ts';
import { FaultBoard, type GatewayFaults } from './faults.ts';
import { parseHandshake } from './handshake.ts';
import { sendMembers } from './member-requests.ts';
import type { GatewaySession } from './session.ts';
import { SessionKeeper } from './session-keeper.ts';
import { Sessions } from './sessions.ts';
import { StartLimits } from './start-limits.ts';
import { Wire } from './wire.ts';

export interface GatewayOptions {
  /** Interval that HELLO asks for, in ms. Discord: 41,250. */
  heartbeatMs?: number;
  /** How long a session can be resumed after its socket broke, in ms. */
  resumeWindowMs?: number;
}

export interface GatewayEvents {
  botReady: [{ userId: string; sessionId: string; resumed: boolean }];
  botGone: [{ userId: string; sessionId: string; code: number }];
  /** An op 4 that Discord would leave without an answer. */
  voiceRefused: [{ userId: string; guildId: string; channelId: string | null; reason: VoiceRefusal }];
}

/** After these a client has to identify anew (https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway). */
const endingCodes: readonly number[] = [4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014];

/** Discord's main gateway, version 10, JSON with or without zlib-stream, on any path of an HTTP server. */
export class GatewayServer {
  readonly events = new EventEmitter<GatewayEvents>();
  readonly sessions = new Sessions();
  readonly limits = new StartLimits();
  readonly #world: World;
  readonly #keeper: SessionKeeper;
  readonly #voice: BotVoice;
  readonly #faults = new FaultBoard();
  readonly #heartbeatMs: number;
  readonly #sockets = new WebSocketServer({ noServer: true });
  /** Connections that wait for their HELLO while it is withheld; undefined when it is not. */
  #unwelcomed: Set<Connection> | undefined;
  #url = '';

  constructor(world: World, door: VoiceDoor, options: GatewayOptions = {}) {
    this.#world = world;
    this.#heartbeatMs = options.heartbeatMs ?? 41_250;
    startDispatching(world, this.sessions);
    this.#voice = new BotVoice(world, this.sessions, door);
    this.#keeper = new SessionKeeper({
      world,
      sessions: this.sessions,
      limits: this.limits,
      faults: this.#faults,
      resumeWindowMs: options.resumeWindowMs ?? 60_000,
      url: () => this.#url,
      ready: (session, resumed) =>
        this.events.emit('botReady', { userId: session.userId, sessionId: session.id, resumed }),
      gone: (session, code) => this.events.emit('botGone', { userId: session.userId, sessionId: session.id, code }),
      ended: (session) => this.#voice.forget(session),
    });
    world.events.on('memberRemoved', ({ guild, userId }) => {
      if (world.user(userId).bot) door.dismiss(guild.id, userId);
    });
  }

  /** Takes websocket upgrades of `server`; `url` is what clients are told (`ws://host:port`). */
  attach(server: Server, url: string): void {
    this.#url = url;
    server.on('upgrade', (request, socket, head) =>
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const { zlibStream, refusal } = parseHandshake(request.url ?? '/');
        if (refusal !== undefined) return webSocket.close(4012, refusal);
        this.#welcome(new Wire(webSocket, zlibStream));
      }),
    );
  }

  get url(): string {
    return this.#url;
  }

  /**
   * INTERACTION_CREATE to the shard that serves the guild (or shard 0); it needs no intent. False when no session of the
   * bot is there to take it.
   */
  readonly interact = (botUserId: string, guildId: string | undefined, payload: unknown): boolean => {
    const served = this.sessions
      .ofUser(botUserId)
      .filter((session) => (guildId === undefined ? session.shard[0] === 0 : session.serves(guildId)));
    for (const session of served) session.dispatch(GatewayDispatchEvents.InteractionCreate, payload);
    return served.length > 0;
  };

  /** Another voice server for a bot in a guild. */
  changeVoiceServer(userId: string, guildId: string): void {
    this.#voice.changeServer(userId, guildId);
  }

  /** Op 7: asks all clients of a bot to reconnect and resume. */
  requestReconnect(userId: string): void {
    this.#tell(userId, GatewayOpcodes.Reconnect, null);
  }

  /** Op 1: asks all clients of a bot for a heartbeat at once. */
  requestHeartbeat(userId: string): void {
    this.#tell(userId, GatewayOpcodes.Heartbeat, null);
  }

  /** Op 9: ends all sessions of a bot, or (`resumable`) asks for a resume. */
  invalidate(userId: string, resumable = false): void {
    this.#tell(userId, GatewayOpcodes.InvalidSession, resumable);
    for (const session of this.sessions.ofUser(userId)) {
      if (resumable) this.#keeper.detach(session);
      else this.#keeper.end(session);
    }
  }

  /** Closes the sockets of a bot with a code of Discord's; the session survives where Discord's does. */
  closeWith(userId: string, code: number, reason: string): void {
    for (const session of this.sessions.ofUser(userId)) {
      session.wire?.close(code, reason);
      if (endingCodes.includes(code)) this.#keeper.end(session);
    }
  }

  /** Breaks the sockets of a bot without a closing handshake, as a failing network does. */
  cut(userId: string): void {
    for (const session of this.sessions.ofUser(userId)) session.wire?.terminate();
  }

  /** Switches faults of a bot; what is not named stays. Dispatches that are no longer held go out. */
  changeFaults(userId: string, change: Partial<GatewayFaults>): Readonly<GatewayFaults> {
    const faults = this.#faults.change(userId, change);
    for (const session of this.sessions.ofUser(userId)) session.release();
    return faults;
  }

  /** While HELLO is withheld, new connections of everybody stay silent; afterwards they are greeted. */
  withholdHello(withheld: boolean): void {
    const waiting = this.#unwelcomed;
    this.#unwelcomed = withheld ? (waiting ?? new Set()) : undefined;
    if (!withheld) for (const connection of waiting ?? []) connection.greet();
  }

  /** An outage: bots lose sight of the guild (GUILD_DELETE with `unavailable`), and later get it back. */
  setUnavailable(guildId: string, unavailable: boolean): void {
    const guild = this.#world.guild(guildId);
    if (this.sessions.unavailable.has(guildId) === unavailable) return;
    if (unavailable) {
      for (const session of this.sessions.ofGuild(guild))
        session.dispatch(GatewayDispatchEvents.GuildDelete, { id: guildId, unavailable: true });
      this.sessions.unavailable.add(guildId);
    } else {
      this.sessions.unavailable.delete(guildId);
      for (const session of this.sessions.ofGuild(guild)) sendGuild(this.#world, session, guild);
    }
  }

  close(): void {
    for (const session of this.sessions.all()) this.sessions.delete(session);
    for (const client of this.#sockets.clients) client.terminate();
    this.#sockets.close();
  }

  #welcome(wire: Wire): void {
    const connection = new Connection(wire, this.#heartbeatMs, {
      identify: (from, identify) => this.#keeper.identify(from, identify),
      resume: (from, resume) => this.#keeper.resume(from, resume),
      presence: ({ userId }, { status, activities }) =>
        this.#world.setPresence(userId, { status, activities: activities ?? [] }),
      voiceState: (session, update) => {
        const reason = this.#voice.update(session, update);
        const { guild_id: guildId, channel_id: channelId } = update;
        if (reason) this.events.emit('voiceRefused', { userId: session.userId, guildId, channelId, reason });
      },
      requestMembers: (session, query) => sendMembers(this.#world, session, query),
      requestSounds: (session, { guild_ids }) => this.#sendSounds(session, guild_ids),
      closed: (from, code) => {
        this.#unwelcomed?.delete(from);
        this.#keeper.closed(from, code);
      },
    });
    if (this.#unwelcomed) this.#unwelcomed.add(connection);
    else connection.greet();
  }

  #tell(userId: string, op: GatewayOpcodes, d: unknown): void {
    for (const { wire } of this.sessions.ofUser(userId)) wire?.send({ op, d, s: null, t: null });
  }

  /** No guild here has sounds of its own. */
  #sendSounds(session: GatewaySession, guildIds: string[]): void {
    for (const id of guildIds) {
      if (!this.#world.guilds.get(id)?.members.has(session.userId)) continue;
      session.dispatch(GatewayDispatchEvents.SoundboardSounds, { guild_id: id, soundboard_sounds: [] });
    }
  }
}
