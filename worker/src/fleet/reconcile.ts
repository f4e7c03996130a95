import type { WorkerMessage } from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionSpec } from '@patchbay/shared/session-spec';

/** What a node should do with one session: run it, or (with `ending`) end it. */
export interface Desired {
  spec: SessionSpec;
  ending: EndReason | null;
}

/** The message that ends a session: its revision is above that of the spec. */
export function endMessage(sessionId: string, revision: number, reason: EndReason): WorkerMessage {
  return { v: 1, type: 'session.end', sessionId, revision: revision + 1, reason };
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
  for (const { spec, ending } of desired) {
    const revision = revisions.get(spec.id);
    if (ending) messages.push(endMessage(spec.id, Math.max(spec.revision, revision ?? 0), ending));
    else if (revision === undefined || revision < spec.revision) {
      messages.push({ v: 1, type: 'session.apply', spec });
    }
  }
  for (const { sessionId, revision } of running) {
    // The control plane gave the session up while the node was away.
    if (!wanted.has(sessionId)) messages.push(endMessage(sessionId, revision, 'node_lost'));
  }
  return messages;
}
