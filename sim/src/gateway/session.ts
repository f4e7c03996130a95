import { randomBytes } from 'node:crypto';
import { type GatewayDispatchEvents, GatewayOpcodes } from 'discord-api-types/v10';
import { type GatewayFaults, holds } from './faults.ts';
import { wants, wantsDirect } from './intents.ts';
import type { Wire } from './wire.ts';

interface Dispatch {
  op: 0;
  t: string;
  s: number;
  d: unknown;
}

/** So many dispatches can be replayed to a client that resumes. */
const replayLimit = 10_000;

/** One identified client. It outlives its websocket, so that it can be resumed. */
export class GatewaySession {
  /** Also the session id of the bot's voice states and voice connections. */
  readonly id: string = randomBytes(16).toString('hex');
  readonly userId: string;
  readonly applicationId: string;
  readonly intents: number;
  readonly shard: readonly [number, number];
  /** From here on members are listed only when they are asked for. */
  readonly largeThreshold: number;
  readonly faults: Readonly<GatewayFaults>;
  wire: Wire | undefined;
  /** Ended sessions cannot be resumed; their client may identify anew, on the same socket too. */
  ended = false;
  /** Running while there is no socket; when it fires, the session is over. */
  expiry: NodeJS.Timeout | undefined;
  #sequence = 0;
  #held: { event: GatewayDispatchEvents; data: unknown }[] = [];
  readonly #replay: Dispatch[] = [];

  constructor(options: {
    userId: string;
    applicationId: string;
    intents: number;
    shard: readonly [number, number];
    largeThreshold: number;
    faults: Readonly<GatewayFaults>;
    wire: Wire;
  }) {
    this.userId = options.userId;
    this.applicationId = options.applicationId;
    this.intents = options.intents;
    this.shard = options.shard;
    this.largeThreshold = options.largeThreshold;
    this.faults = options.faults;
    this.wire = options.wire;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Does this shard serve the guild? (https://discord.com/developers/docs/events/gateway#sharding) */
  serves(guildId: string): boolean {
    return Number((BigInt(guildId) >> 22n) % BigInt(this.shard[1])) === this.shard[0];
  }

  /** Sends (and keeps for a replay) an event, unless the intents exclude it and `always` is not set. */
  dispatch(event: GatewayDispatchEvents, data: unknown, always = false): void {
    if (!always && !wants(this.intents, event)) return;
    if (holds(this.faults, event)) this.#held.push({ event, data });
    else this.#number(event, data);
  }

  /** An event of a private channel: needs its intent and goes to shard 0 alone. */
  dispatchDirect(event: GatewayDispatchEvents, data: unknown): void {
    if (this.shard[0] === 0 && wantsDirect(this.intents, event)) this.dispatch(event, data, true);
  }

  /** Sends, in their order, the dispatches that are no longer held. */
  release(): void {
    const held = this.#held;
    this.#held = held.filter(({ event }) => holds(this.faults, event));
    for (const { event, data } of held) if (!holds(this.faults, event)) this.#number(event, data);
  }

  /** Sends everything after `sequence` again. False when that is no longer (or not yet) known. */
  replay(sequence: number): boolean {
    const oldest = this.#replay[0]?.s ?? this.#sequence + 1;
    if (sequence > this.#sequence || sequence < oldest - 1) return false;
    for (const dispatch of this.#replay) if (dispatch.s > sequence) this.wire?.send(dispatch);
    return true;
  }

  #number(event: GatewayDispatchEvents, data: unknown): void {
    this.#sequence += 1;
    const dispatch: Dispatch = { op: GatewayOpcodes.Dispatch, t: event, s: this.#sequence, d: data };
    this.#replay.push(dispatch);
    if (this.#replay.length > replayLimit) this.#replay.shift();
    if (!this.faults.dropDispatches.includes(event)) this.wire?.send(dispatch);
  }
}
