import type { EndReason } from '@patchbay/shared/end-reason';
import type { LegPort } from '../audio/packet.ts';
import type { Repair } from '../recording/watch/watchdog.ts';
import type { LegState } from '../voice/leg.ts';

/** What sessions use of a leg; tests put fakes here. */
export interface RunningLeg extends LegPort {
  readonly identityId: string;
  readonly state: LegState;
  on(event: 'state', listener: (state: LegState) => void): unknown;
  on(event: 'announced', listener: (userId: string, speaking: boolean) => void): unknown;
  off(event: 'state', listener: (state: LegState) => void): unknown;
  off(event: 'announced', listener: (userId: string, speaking: boolean) => void): unknown;
  /** Mends a receiver that has stalled. */
  repair(step: Repair): void;
  newSender(): void;
  /** Falls silent without leaving: the identity is another node's now, whose place in voice an op 4 would take away. */
  abandon(): void;
  close(reason: EndReason, message?: string): Promise<void>;
}
