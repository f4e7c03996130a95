/** Begins, resumes and ends sessions. */
import { GatewayCloseCodes, GatewayDispatchEvents, GatewayOpcodes } from 'discord-api-types/v10';
import { userShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import type { Connection } from './connection.ts';
import { sendGuild } from './dispatcher.ts';
import type { FaultBoard } from './faults.ts';
import { intentsAreValid, privilegedIntents } from './intents.ts';
import type { Identify, Resume } from './payloads.ts';
import { GatewaySession } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { StartLimits } from './start-limits.ts';

export interface KeeperParts {
  world: World;
  sessions: Sessions;
  limits: StartLimits;
  faults: FaultBoard;
  resumeWindowMs: number;
  url: () => string;
  ready: (session: GatewaySession, resumed: boolean) => void;
  /** The socket is gone; the session may come back. */
  gone: (session: GatewaySession, code: number) => void;
  ended: (session: GatewaySession) => void;
}

export class SessionKeeper {
  readonly #parts: KeeperParts;
  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  identify(connection: Connection, request: Identify) {
    const { world, sessions, limits, faults } = this.#parts;
    const application = world.applicationByToken(request.token);
    if (!application) return connection.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');
    const { id: applicationId, botUserId: userId } = application;
    const shard = request.shard ?? ([0, 1] as const);
    if (shard[0] >= shard[1]) return connection.close(GatewayCloseCodes.InvalidShard, 'Invalid shard.');
    if (!intentsAreValid(request.intents))
      return connection.close(GatewayCloseCodes.InvalidIntents, 'Invalid intent(s).');
    if (!application.privilegedIntents && request.intents & privilegedIntents)
      return connection.close(GatewayCloseCodes.DisallowedIntents, 'Disallowed intent(s).');
    connection.wire.faults = faults.of(userId);
    const session = new GatewaySession({
      userId,
      applicationId,
      intents: request.intents,
      shard,
      largeThreshold: request.large_threshold,
      faults: faults.of(userId),
      wire: connection.wire,
    });
    const guilds = world.guildsOf(userId).filter((guild) => session.serves(guild.id));
    if (guilds.length > limits.settings(applicationId).guildsPerShard)
      return connection.close(GatewayCloseCodes.ShardingRequired, 'Sharding required.');
    const start = limits.take(applicationId, shard[0]);
    if (start === 'too_soon') return connection.send(GatewayOpcodes.InvalidSession, false);
    if (start === 'exhausted') {
      for (const other of sessions.ofUser(userId)) {
        other.wire?.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');
        this.end(other);
      }
      return connection.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');
    }
    connection.session = session;
    connection.wire.payloadCompression = request.compress;
    sessions.add(session);
    session.dispatch(GatewayDispatchEvents.Ready, {
      v: 10,
      user: { ...userShape(world.user(userId)), verified: true, mfa_enabled: false, email: null },
      guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
      session_id: session.id,
      resume_gateway_url: this.#parts.url(),
      session_type: 'normal',
      shard,
      application: { id: applicationId, flags: 0 },
      private_channels: [],
      relationships: [],
      user_settings: {},
      presences: [],
      guild_join_requests: [],
      geo_ordered_rtc_regions: [],
      _trace: ['simulator'],
    });
    for (const guild of guilds) if (!sessions.unavailable.has(guild.id)) sendGuild(world, session, guild);
    const { status = 'online', activities } = request.presence ?? {};
    world.setPresence(userId, { status, activities: activities ?? [] });
    this.#parts.ready(session, false);
  }

  resume(connection: Connection, request: Resume) {
    const { world, sessions, faults } = this.#parts;
    const application = world.applicationByToken(request.token);
    if (!application) return connection.close(GatewayCloseCodes.AuthenticationFailed, 'Authentication failed.');
    connection.wire.faults = faults.of(application.botUserId);
    const session = sessions.get(request.session_id);
    if (session?.userId !== application.botUserId) return connection.send(GatewayOpcodes.InvalidSession, false);
    const sequence = request.seq ?? 0;
    if (sequence > session.sequence) return connection.close(GatewayCloseCodes.InvalidSeq, 'Invalid seq.');
    clearTimeout(session.expiry);
    const old = session.wire;
    session.wire = connection.wire;
    connection.session = session;
    if (old && old !== connection.wire) old.terminate();
    if (!session.replay(sequence)) {
      connection.session = undefined;
      this.end(session);
      return connection.send(GatewayOpcodes.InvalidSession, false);
    }
    session.dispatch(GatewayDispatchEvents.Resumed, { _trace: ['simulator'] });
    this.#parts.ready(session, true);
  }

  closed(connection: Connection, code: number): void {
    const { session, wire } = connection;
    if (!session || session.wire !== wire) return;
    this.#parts.gone(session, code);
    // A client that closes with 1000 or 1001 says goodbye; any other way it may come back and resume.
    if ((code === 1000 || code === 1001) && !wire.closedByServer) this.end(session);
    else if (!session.ended) this.detach(session);
  }

  /** Nobody is connected to it until it is resumed, on whatever socket. */
  detach(session: GatewaySession): void {
    session.wire = undefined;
    session.expiry = setTimeout(() => this.end(session), this.#parts.resumeWindowMs).unref();
  }

  /** For good: its voice states go with it, and with the last one the bot is offline. */
  end(session: GatewaySession): void {
    const { sessions, world } = this.#parts;
    if (sessions.get(session.id) !== session) return;
    sessions.delete(session);
    session.ended = true;
    this.#parts.ended(session);
    if (sessions.ofUser(session.userId).length === 0)
      world.setPresence(session.userId, { status: 'offline', activities: [] });
  }
}
