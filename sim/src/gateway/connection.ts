/** One websocket of the main gateway, before and after it has identified. */
import { GatewayCloseCodes, GatewayOpcodes } from 'discord-api-types/v10';
import type { RawData } from 'ws';
import type { z } from 'zod';
import { DelayLine } from './delay-line.ts';
import {
  envelopeSchema,
  type Identify,
  identifySchema,
  type PresenceChange,
  presenceSchema,
  type RequestMembers,
  type RequestSounds,
  type Resume,
  requestMembersSchema,
  requestSoundsSchema,
  resumeSchema,
  type VoiceStateUpdate,
  voiceStateUpdateSchema,
} from './payloads.ts';
import { SendLimit } from './rate-limit.ts';
import type { GatewaySession } from './session.ts';
import type { Wire } from './wire.ts';

export interface ConnectionHandlers {
  identify(connection: Connection, request: Identify): void;
  resume(connection: Connection, request: Resume): void;
  presence(session: GatewaySession, request: PresenceChange): void;
  voiceState(session: GatewaySession, request: VoiceStateUpdate): void;
  requestMembers(session: GatewaySession, request: RequestMembers): void;
  requestSounds(session: GatewaySession, request: RequestSounds): void;
  closed(connection: Connection, code: number): void;
}

/** Clients may not send more than this in one payload, in bytes. */
const payloadLimit = 4096;

export class Connection {
  readonly wire: Wire;
  session: GatewaySession | undefined;
  readonly #handlers: ConnectionHandlers;
  readonly #heartbeatMs: number;
  readonly #limit = new SendLimit();
  readonly #line = new DelayLine((data: Buffer) => this.#receive(data));
  #zombie: NodeJS.Timeout | undefined;

  constructor(wire: Wire, heartbeatMs: number, handlers: ConnectionHandlers) {
    this.wire = wire;
    this.#handlers = handlers;
    this.#heartbeatMs = heartbeatMs;
    const { socket } = wire;
    socket.on('message', (data) => this.#line.push(bytes(data), wire.faults.delayMs));
    socket.on('close', (code) => {
      clearTimeout(this.#zombie);
      this.#line.stop();
      handlers.closed(this, code);
    });
    // A broken frame ends in 'close' too, which is where the session is dealt with.
    socket.on('error', () => socket.terminate());
  }

  /** HELLO; from now on heartbeats are expected. */
  greet(): void {
    this.send(GatewayOpcodes.Hello, { heartbeat_interval: this.#heartbeatMs, _trace: ['simulator'] });
    this.#awaitHeartbeat();
  }

  send(op: GatewayOpcodes, d: unknown): void {
    this.wire.send({ op, d, s: null, t: null });
  }

  close(code: GatewayCloseCodes, reason: string): void {
    this.wire.close(code, reason);
  }

  #awaitHeartbeat(): void {
    clearTimeout(this.#zombie);
    // Clients jitter their first heartbeat within one interval; half an interval more is the network's.
    this.#zombie = setTimeout(
      () => this.close(GatewayCloseCodes.UnknownError, 'No heartbeat in time.'),
      this.#heartbeatMs * 1.5,
    );
  }

  #receive(data: Buffer) {
    if (!this.wire.open || this.wire.closedByServer) return;
    if (!this.#limit.take(performance.now())) return this.close(GatewayCloseCodes.RateLimited, 'Rate limited.');
    if (data.length > payloadLimit) return this.close(GatewayCloseCodes.DecodeError, 'Payload exceeds 4096 bytes.');
    let json: unknown;
    try {
      json = JSON.parse(data.toString());
    } catch {
      return this.close(GatewayCloseCodes.DecodeError, 'Error while decoding payload.');
    }
    this.#parsed(envelopeSchema, json, ({ op, d }) => this.#handle(op, d));
  }

  #handle(op: number, d: unknown) {
    const session = this.session?.wire === this.wire && !this.session.ended ? this.session : undefined;
    switch (op) {
      case GatewayOpcodes.Heartbeat:
        this.#awaitHeartbeat();
        if (!this.wire.faults.withholdHeartbeatAcks) this.send(GatewayOpcodes.HeartbeatAck, null);
        return;
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
        return this.#parsed(presenceSchema, d, (request) => this.#handlers.presence(session, request));
      case GatewayOpcodes.VoiceStateUpdate:
        return this.#parsed(voiceStateUpdateSchema, d, (request) => this.#handlers.voiceState(session, request));
      case GatewayOpcodes.RequestGuildMembers:
        return this.#parsed(requestMembersSchema, d, (request) => this.#handlers.requestMembers(session, request));
      case GatewayOpcodes.RequestSoundboardSounds:
        return this.#parsed(requestSoundsSchema, d, (request) => this.#handlers.requestSounds(session, request));
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

function bytes(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
