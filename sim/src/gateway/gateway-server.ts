import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { GatewayCloseCodes, GatewayDispatchEvents, GatewayOpcodes } from 'discord-api-types/v10';
import { WebSocketServer } from 'ws';
import { memberShape, userShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { BotVoice, type VoiceDoor } from './bot-voice.ts';
import { Connection } from './connection.ts';
import { sendGuild, startDispatching } from './dispatcher.ts';
import { intentsAreValid, privilegedIntents } from './intents.ts';
import type { Identify, RequestMembers, Resume } from './payloads.ts';
import { GatewaySession } from './session.ts';
import { Sessions } from './sessions.ts';

export interface GatewayOptions {
  /** Interval that HELLO asks for, in ms. Discord: 41,250. */
  heartbeatMs?: number;
  /** How long a session can be resumed after its socket broke, in ms. */
  resumeWindowMs?: number;
}

export interface GatewayEvents {
  botReady: [{ userId: string; sessionId: string; resumed: boolean }];
  botGone: [{ userId: string; sessionId: string; code: number }];
}

/** Discord's main gateway, version 10, JSON without compression, on any path of an HTTP server. */
export class GatewayServer {
  readonly events = new EventEmitter<GatewayEvents>();
  readonly sessions = new Sessions();
  readonly #world: World;
  readonly #voice: BotVoice;
  readonly #heartbeatMs: number;
  readonly #resumeWindowMs: number;
  readonly #sockets = new WebSocketServer({ noServer: true });
  #url = '';

  constructor(world: World, door: VoiceDoor, options: GatewayOptions = {}) {
    this.#world = world;
    this.#heartbeatMs = options.heartbeatMs ?? 41_250;
    this.#resumeWindowMs = options.resumeWindowMs ?? 60_000;
    startDispatching(world, this.sessions);
    this.#voice = new BotVoice(world, this.sessions, door);
    world.events.on('memberRemoved', ({ guild, userId }) => {
      if (world.user(userId).bot) door.dismiss(guild.id, userId);
    });
  }

  /** Takes websocket upgrades of `server`; `url` is what clients are told (`ws://host:port`). */
  attach(server: Server, url: string): void {
    this.#url = url;
    server.on('upgrade', (request, socket, head) =>
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        new Connection(webSocket, this.#heartbeatMs, {
          identify: (connection, identify) => this.#identify(connection, identify),
          resume: (connection, resume) => this.#resume(connection, resume),
          voiceState: (session, update) => this.#voice.update(session, update),
          requestMembers: (session, query) => this.#sendMembers(session, query),
          closed: (connection, code) => this.#closed(connection, code),
        });
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

  /** Op 7: asks all clients of a bot to reconnect and resume. */
  requestReconnect(userId: string): void {
    for (const { socket } of this.sessions.ofUser(userId)) {
      socket?.send(JSON.stringify({ op: GatewayOpcodes.Reconnect, d: null, s: null, t: null }));
    }
  }

  /** Op 9: ends all sessions of a bot. */
  invalidate(userId: string): void {
    for (const session of this.sessions.ofUser(userId)) {
      session.socket?.send(JSON.stringify({ op: GatewayOpcodes.InvalidSession, d: false, s: null, t: null }));
      this.#end(session);
    }
  }

  /** Breaks the sockets of a bot without a closing handshake, as a failing network does. */
  cut(userId: string): void {
    for (const session of this.sessions.ofUser(userId)) session.socket?.terminate();
  }

  close(): void {
    for (const session of this.sessions.all()) this.sessions.delete(session);
    for (const client of this.#sockets.clients) client.terminate();
    this.#sockets.close();
  }

  #identify(connection: Connection, request: Identify) {
    const application = this.#world.applicationByToken(request.token);
    if (!application) return connection.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');
    const shard = request.shard ?? ([0, 1] as const);
    if (shard[0] >= shard[1]) return connection.close(GatewayCloseCodes.InvalidShard, 'Invalid shard.');
    if (!intentsAreValid(request.intents))
      return connection.close(GatewayCloseCodes.InvalidIntents, 'Invalid intent(s).');
    if (!application.privilegedIntents && request.intents & privilegedIntents)
      return connection.close(GatewayCloseCodes.DisallowedIntents, 'Disallowed intent(s).');
    const session = new GatewaySession({
      userId: application.botUserId,
      applicationId: application.id,
      intents: request.intents,
      shard,
      socket: connection.socket,
    });
    connection.session = session;
    this.sessions.add(session);
    const guilds = this.#world.guildsOf(session.userId).filter((guild) => session.serves(guild.id));
    session.dispatch(GatewayDispatchEvents.Ready, {
      v: 10,
      user: { ...userShape(this.#world.user(session.userId)), verified: true, mfa_enabled: false, email: null },
      guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
      session_id: session.id,
      resume_gateway_url: this.#url,
      shard,
      application: { id: application.id, flags: 0 },
      private_channels: [],
      relationships: [],
      user_settings: {},
      presences: [],
    });
    for (const guild of guilds) sendGuild(this.#world, session, guild);
    this.events.emit('botReady', { userId: session.userId, sessionId: session.id, resumed: false });
  }

  #resume(connection: Connection, request: Resume) {
    const application = this.#world.applicationByToken(request.token);
    if (!application) return connection.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');
    const session = this.sessions.get(request.session_id);
    if (session?.userId !== application.botUserId) return connection.send(GatewayOpcodes.InvalidSession, false);
    const sequence = request.seq ?? 0;
    if (sequence > session.sequence) return connection.close(GatewayCloseCodes.InvalidSeq, 'Invalid seq.');
    clearTimeout(session.expiry);
    const old = session.socket;
    session.socket = connection.socket;
    connection.session = session;
    if (old && old !== connection.socket) old.terminate();
    if (!session.replay(sequence)) {
      connection.session = undefined;
      this.#end(session);
      return connection.send(GatewayOpcodes.InvalidSession, false);
    }
    session.dispatch(GatewayDispatchEvents.Resumed, { _trace: ['simulator'] });
    this.events.emit('botReady', { userId: session.userId, sessionId: session.id, resumed: true });
  }

  #closed(connection: Connection, code: number): void {
    const { session } = connection;
    if (!session || session.socket !== connection.socket) return;
    session.socket = undefined;
    this.events.emit('botGone', { userId: session.userId, sessionId: session.id, code });
    // A client that closes with 1000 or 1001 says goodbye; any other way it may come back and resume.
    if (code === 1000 || code === 1001) this.#end(session);
    else session.expiry = setTimeout(() => this.#end(session), this.#resumeWindowMs).unref();
  }

  #end(session: GatewaySession): void {
    if (this.sessions.get(session.id) !== session) return;
    this.sessions.delete(session);
    this.#voice.forget(session);
  }

  #sendMembers(session: GatewaySession, request: RequestMembers): void {
    const guild = this.#world.guilds.get(request.guild_id);
    if (!guild?.members.has(session.userId)) return;
    const ids = request.user_ids === undefined ? undefined : [request.user_ids].flat();
    const query = (request.query ?? '').toLowerCase();
    const found = [...guild.members.values()].filter((member) =>
      ids ? ids.includes(member.userId) : this.#world.user(member.userId).username.toLowerCase().startsWith(query),
    );
    session.dispatch(GatewayDispatchEvents.GuildMembersChunk, {
      guild_id: guild.id,
      members: found.slice(0, request.limit || undefined).map((member) => memberShape(this.#world, member)),
      chunk_index: 0,
      chunk_count: 1,
      not_found: ids?.filter((id) => !guild.members.has(id)),
      nonce: request.nonce,
    });
  }
}
