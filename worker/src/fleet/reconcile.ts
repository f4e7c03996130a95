import type { WorkerMessage } from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionSpec } from '@patchbay/shared/session-spec';

/** What a node should do with one session: run it, or (with `ending`) end it. */
export interface Desired {
  spec: SessionSpec;
  /** The session's own count of revisions; that of the spec is at or above it. */
  base: number;
  ending: EndReason | null;
  /** The leg on whose side the end came up. */
  by: string | null;
}

/** The message that ends a session: its revision is above that of the spec. */
export function endMessage(
  { spec, by }: Pick<Desired, 'by'> & { spec: Pick<SessionSpec, 'id' | 'revision'> },
  reason: EndReason,
): WorkerMessage {
  const whose = by === null ? {} : { by };
  return { v: 1, type: 'session.end', sessionId: spec.id, revision: spec.revision + 1, reason, ...whose };
}

/** A spec under the present epochs of its identities; unchanged when they are the same. */
export function withEpochs(spec: SessionSpec, epochs: ReadonlyMap<string, number>): SessionSpec {
  const current = (leg: SessionSpec['legs'][number]) => epochs.get(leg.identityId) ?? leg.epoch;
  if (spec.legs.every((leg) => leg.epoch === current(leg))) return spec;
  return {
    ...spec,
    revision: spec.revision + 1,
    legs: spec.legs.map((leg) => ({ ...leg, epoch: current(leg) })),
  };
}

/** What to tell a node that came (back): apply what is missing or older, end what is not wanted. */
export function reconcile(
  running: readonly { sessionId: string; revision: number }[],
  desired: readonly Desired[],
): WorkerMessage[] {
  const revisions = new Map(running.map((session) => [session.sessionId, session.revision]));
  const wanted = new Set(desired.map(({ spec }) => spec.id));
  const messages: WorkerMessage[] = [];
  for (const { spec, ending, by } of desired) {
    const revision = revisions.get(spec.id);
    const known = { id: spec.id, revision: Math.max(spec.revision, revision ?? 0) };
    if (ending) messages.push(endMessage({ spec: known, by }, ending));
    else if (revision === undefined || revision < spec.revision) {
      messages.push({ v: 1, type: 'session.apply', spec });
    }
  }
  for (const { sessionId, revision } of running) {
    // The control plane gave the session up while the node was away.
    if (!wanted.has(sessionId)) messages.push(endMessage({ spec: { id: sessionId, revision }, by: null }, 'node_lost'));
  }
  return messages;
}
