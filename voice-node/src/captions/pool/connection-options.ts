/** What the pool gives a connection, and is told by it. */
import type { Scheduler } from '../../ops/scheduler.ts';
import type { CaptionTuning } from '../caption-key.ts';
import type { CaptionEngine } from '../engine.ts';
import type { Refusal } from './openings.ts';
import type { PooledConnection } from './pooled-connection.ts';
import type { SpeakerLine } from './speaker-line.ts';

export interface PooledConnectionOptions {
  id: number;
  key: string;
  tuning: CaptionTuning;
  channels: number;
  engine: CaptionEngine;
  scheduler: Scheduler;
  /** Others wait for a slot. */
  isWanted: () => boolean;
  onOpened(connection: PooledConnection): void;
  /** Something that was sent is final now. */
  onSettled(): void;
  /** A line has lost its slot; it may have more to send. */
  onFreed(line: SpeakerLine): void;
  /** It is gone; these lines were cut off in the middle. */
  onGone(connection: PooledConnection, cutOff: SpeakerLine[], how: GoneHow): void;
}

export interface GoneHow {
  /** Absent: it was open. */
  refused?: Refusal;
  /** Asked for by the pool. */
  asked: boolean;
  /** It told at least one result. */
  proven: boolean;
}
