/** What a leg is told at its start, what it reports, and its waiting times. */
import type { EndReason } from '@patchbay/shared/end-reason';
import type { VoiceAdapters } from '../gateway/voice-adapters.ts';
import type { Logger } from '../ops/logger.ts';

export type LegState =
  | { kind: 'connecting'; attempt: number }
  | { kind: 'ready'; daveVersion: number }
  /** Was ready before; the library or the guards bring it back. */
  | { kind: 'reconnecting'; attempt: number }
  | { kind: 'closed'; reason: EndReason; message?: string };

export interface LegEvents {
  state: [state: LegState];
  speaking: [userId: string, speaking: boolean];
  /** Op 5: Discord says that somebody begins to speak, or stops; `speaking` is what their packets say. */
  announced: [userId: string, speaking: boolean];
}

export interface LegOptions {
  legId: string;
  guildId: string;
  channelId: string;
  identityId: string;
  adapters: VoiceAdapters;
  ownIdentities: ReadonlySet<string>;
  joinAttempts: number;
  /** While the main gateway is away, nobody can tell a kick from an outage. */
  isGatewayConnected: () => boolean;
  logger: Logger;
  /** Longest time from a join to a ready connection; IP discovery is one datagram without a time-out of its own. ms */
  readyTimeoutMs?: number;
}

export const READY_TIMEOUT_MS = 10_000;
/** Longest wait for the gateway's word on a leaving, the bot's own or somebody else's doing. ms */
export const LEAVE_TIMEOUT_MS = 2_000;
