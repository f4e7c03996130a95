/** What can be made to go wrong between the gateway and a bot. Nothing happens by chance: each fault is switched. */

export interface GatewayFaults {
  /** Delay of everything, in both directions, in ms. */
  delayMs: number;
  /** Dispatches that wait (and get their sequence number) until they are no longer listed: event names, or all. */
  holdDispatches: 'all' | readonly string[];
  /** Dispatches that are numbered and kept for a resume, but not sent: the client sees a gap. */
  dropDispatches: readonly string[];
  /** Heartbeats are not acknowledged: the client must find out that its connection is dead. */
  withholdHeartbeatAcks: boolean;
  /** VOICE_SERVER_UPDATE comes before VOICE_STATE_UPDATE. */
  voiceServerFirst: boolean;
  /** Before each VOICE_SERVER_UPDATE comes one with `endpoint: null`, as when a voice server goes away. */
  nullEndpointFirst: boolean;
}

export const noFaults: Readonly<GatewayFaults> = {
  delayMs: 0,
  holdDispatches: [],
  dropDispatches: [],
  withholdHeartbeatAcks: false,
  voiceServerFirst: false,
  nullEndpointFirst: false,
};

/** The faults of each bot. */
export class FaultBoard {
  readonly #byUser = new Map<string, GatewayFaults>();

  /** The same object each time, so that holders see changes. */
  of(userId: string): Readonly<GatewayFaults> {
    return this.#of(userId);
  }

  change(userId: string, change: Partial<GatewayFaults>): Readonly<GatewayFaults> {
    return Object.assign(this.#of(userId), change);
  }

  #of(userId: string): GatewayFaults {
    const faults = this.#byUser.get(userId) ?? { ...noFaults };
    this.#byUser.set(userId, faults);
    return faults;
  }
}

export function holds({ holdDispatches }: Readonly<GatewayFaults>, event: string): boolean {
  return holdDispatches === 'all' || holdDispatches.includes(event);
}
