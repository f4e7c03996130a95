/** One websocket of the main gateway, before and after it has identified. */
import { GatewayCloseCodes, GatewayOpcodes } from 'discord-api-types/v10';
import type { RawData, WebSocket } from 'ws';
import type { z } from 'zod';
import {
  envelopeSchema,
  type Identify,
  identifySchema,
  type RequestMembers,
  type Resume,
  requestMembersSchema,
  resumeSchema,
  type VoiceStateUpdate,
  voiceStateUpdateSchema,
} from './payloads.ts';
import { SendLimit } from './rate-limit.ts';
import type { GatewaySession } from './session.ts';

export interface ConnectionHandlers {
  identify(connection: Connection, request: Identify): void;
  resume(connection: Connection, request: Resume): void;
  voiceState(session: GatewaySession, request: VoiceStateUpdate): void;
  requestMembers(session: GatewaySession, request: RequestMembers): void;
  closed(connection: Connection, code: number): void;
}

export class Connection {
  readonly socket: WebSocket;
  session: GatewaySession | undefined;
  readonly #handlers: ConnectionHandlers;
  readonly #heartbeatMs: number;
  readonly #limit = new SendLimit();
  #zombie: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, heartbeatMs: number, handlers: ConnectionHandlers) {
    this.socket = socket;
    this.#handlers = handlers;
    this.#heartbeatMs = heartbeatMs;
    socket.on('message', (data) => this.#receive(data));
    socket.on('close', (code) => {
      clearTimeout(this.#zombie);
      handlers.closed(this, code);
    });
    // A broken frame ends in 'close' too, which is where the session is dealt with.
    socket.on('error', () => socket.terminate());
    this.send(GatewayOpcodes.Hello, { heartbeat_interval: heartbeatMs, _trace: ['simulator'] });
    this.#awaitHeartbeat();
  }

  send(op: GatewayOpcodes, d: unknown): void {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify({ op, d, s: null, t: null }));
  }

  close(code: GatewayCloseCodes, reason: string): void {
    this.socket.close(code, reason);
  }

  #awaitHeartbeat(): void {
    clearTimeout(this.#zombie);
    // Clients jitter their first heartbeat within one interval; half an interval more is the network's.
    this.#zombie = setTimeout(
      () => this.close(GatewayCloseCodes.UnknownError, 'No heartbeat in time.'),
      this.#heartbeatMs * 1.5,
    );
  }

  #receive(data: RawData) {
    if (this.socket.readyState !== 1) return;
    if (!this.#limit.take(performance.now())) return this.close(GatewayCloseCodes.RateLimited, 'Rate limited.');
    let json: unknown;
    try {
      json = JSON.parse(data.toString());
    } catch {
      return this.close(GatewayCloseCodes.DecodeError, 'Error while decoding payload.');
    }
    this.#parsed(envelopeSchema, json, ({ op, d }) => this.#handle(op, d));
  }

  #handle(op: number, d: unknown) {
    const { session } = this;
    switch (op) {
      case GatewayOpcodes.Heartbeat:
        this.#awaitHeartbeat();
        return this.send(GatewayOpcodes.HeartbeatAck, null);
      case GatewayOpcodes.Identify:
        if (session) return this.close(GatewayCloseCodes.AlreadyAuthenticated, 'Already authenticated.');
        return this.#parsed(identifySchema, d, (request) => this.#handlers.identify(this, request));
      case GatewayOpcodes.Resume:
        if (session) return this.close(GatewayCloseCodes.AlreadyAuthenticated, 'Already authenticated.');
        return this.#parsed(resumeSchema, d, (request) => this.#handlers.resume(this, request));
    }
    if (!session) return this.close(GatewayCloseCodes.NotAuthenticated, 'Not authenticated.');
    switch (op) {
      case GatewayOpcodes.PresenceUpdate:
        return; // presences are not simulated; nobody sees them
      case GatewayOpcodes.VoiceStateUpdate:
        return this.#parsed(voiceStateUpdateSchema, d, (request) => this.#handlers.voiceState(session, request));
      case GatewayOpcodes.RequestGuildMembers:
        return this.#parsed(requestMembersSchema, d, (request) => this.#handlers.requestMembers(session, request));
      default:
        return this.close(GatewayCloseCodes.UnknownOpcode, 'Unknown opcode.');
    }
  }

  #parsed<Value>(schema: z.ZodType<Value>, data: unknown, use: (value: Value) => void): void {
    const result = schema.safeParse(data);
    if (result.success) use(result.data);
    else this.close(GatewayCloseCodes.DecodeError, 'Error while decoding payload.');
  }
}
