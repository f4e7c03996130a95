/** How a session begins: what is asked for, and its first record. Pure. */
import type { Ticket } from '@patchbay/shared/match';
import type { Mode } from '@patchbay/shared/session-spec';
import type { SessionLeg, SessionRecord } from './record.ts';
import { firstRoutes } from './spec.ts';

/** A channel that takes part from the start: out of the queue, or (`ticketId: null`) named directly. */
export interface StartTicket extends Pick<Ticket, 'guildId' | 'channelId' | 'side'> {
  ticketId: string | null;
}

export interface StartRequest {
  sessionId: string;
  pool: string;
  mode: Mode;
  tickets: StartTicket[];
  /** Who hears whom, by the index of tickets; everybody hears everybody when absent. */
  routes?: [from: number, to: number][];
  /** Instead of the deployment's time limit. */
  limits?: { seconds: number; warnSeconds: number };
  /** Without a visible notice of its recording the session ends. */
  recordRequired?: boolean;
  /** One channel, for its captions alone. */
  purpose?: 'captions';
}

/** One channel alone is a recording, or captioned. */
const roleOf = ({ tickets }: StartRequest, side: StartTicket['side']): SessionLeg['role'] =>
  tickets.length === 1 ? 'recorder' : side === 'staff' ? 'staff' : 'party';

/** Every leg has its key from here on; leases come later. `now` in milliseconds. */
export function firstRecord(
  request: StartRequest,
  { newKey, now }: { newKey: () => string; now: number },
): SessionRecord {
  const legs = request.tickets.map(
    ({ ticketId, guildId, channelId, side }): SessionLeg => ({
      key: newKey(),
      ticketId,
      guildId,
      channelId,
      role: roleOf(request, side),
      state: 'requested',
    }),
  );
  const keys = legs.map(({ key }) => key);
  return {
    id: request.sessionId,
    pool: request.pool,
    mode: request.mode,
    requestedAt: now,
    phase: { state: 'requested' },
    legs,
    past: [],
    routes: firstRoutes(keys, request.routes),
    held: [],
    ...(request.limits ? { limits: request.limits } : {}),
    ...(request.recordRequired ? { recordRequired: true } : {}),
    ...(request.purpose ? { purpose: request.purpose } : {}),
    revision: 0,
    recordingStarted: false,
  };
}
