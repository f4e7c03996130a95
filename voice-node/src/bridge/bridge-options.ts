/** What a bridge is given, and what it counts. */
import type { Route } from '@patchbay/shared/session-spec';
import type { OpusCodec } from '../audio/opus-codec.ts';
import type { LegPort } from '../audio/packet.ts';
import type { Scheduler } from '../ops/scheduler.ts';

export interface BridgeOptions {
  legs: readonly LegPort[];
  routes: readonly Route[];
  codec?: OpusCodec;
  scheduler?: Scheduler;
  /** False: every spurt is decoded, mixed and encoded, also of one voice alone. For measurements. Default true. */
  passThrough?: boolean;
  /** False: in a mix, silence takes the place of lost packets. For measurements. Default true. */
  conceal?: boolean;
}

export interface BridgeCounters {
  /** Packets passed through untouched, per output. */
  passed: number;
  /** Frames mixed and encoded, per output. */
  mixed: number;
  /** Packets that were dropped: they came twice, or after their turn. */
  late: number;
  /** Frames of lost or late packets in mixes. */
  concealed: number;
  /** Frames left out of mixes to shorten a delay. */
  skipped: number;
  undecodable: number;
  /** Ticks left out after a stall. */
  missedTicks: number;
}

export function noCounts(): BridgeCounters {
  return { passed: 0, mixed: 0, late: 0, concealed: 0, skipped: 0, undecodable: 0, missedTicks: 0 };
}
