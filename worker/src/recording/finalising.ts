/** When a recording is finalised: after every node that recorded has stored its part, or, marked, when one does not. Pure. */
import { isEmpty, type RecordingRecord } from './record.ts';

/** An order to finalise that is not answered yet. */
export interface FinaliseOrdered {
  /** A node has not stored its part yet. */
  incomplete: boolean;
  /** How often a node was told. */
  attempts: number;
  /** A node is told (again) then. Milliseconds. */
  nextAt: number;
}

/** What is to be done about a recording now. */
export type Step =
  | { kind: 'none' }
  /** Until then its nodes have time to store their parts. */
  | { kind: 'wait'; until: number }
  | { kind: 'order'; incomplete: boolean };

/** No node is up: asked again after this. Milliseconds. */
export const NO_NODE_MS = 10_000;

/** A node that was told so often has this long until it is told again: it joins what it is doing already. Milliseconds. */
export const againMs = (attempts: number): number => Math.min(3_600_000, 60_000 * 2 ** Math.min(attempts, 6));

/** Nodes that recorded and have not stored all of it. */
export function unsealed({ nodes }: Pick<RecordingRecord, 'nodes'>): string[] {
  return Object.entries(nodes).flatMap(([nodeId, { lastAt, sealedAt }]) =>
    sealedAt !== null && sealedAt >= lastAt ? [] : [nodeId],
  );
}

/** Is the master made of all that there is? */
function isWhole({ master, nodes, withoutAt = 0, remakeAt = 0 }: RecordingRecord): boolean {
  if (!master || master.early || master.takenAt <= Math.max(withoutAt, remakeAt)) return false;
  return Object.values(nodes).every(({ lastAt }) => lastAt <= master.at);
}

/**
 * @param sealMs so long after the end of the session its nodes may take to store their parts
 * @param hasSound something is stored that can be finalised
 */
export function nextStep(record: RecordingRecord, facts: { now: number; sealMs: number; hasSound: boolean }): Step {
  const { endedAt, master, withoutAt = 0, remakeAt = 0, hurried } = record;
  if (endedAt === undefined || !facts.hasSound || isEmpty(record)) return { kind: 'none' };
  const late = unsealed(record);
  if (late.length === 0) return isWhole(record) ? { kind: 'none' } : { kind: 'order', incomplete: false };
  const until = endedAt + (hurried ? 0 : facts.sealMs);
  if (facts.now < until) return { kind: 'wait', until };
  // What is there is made once; again when somebody is taken out of it, or when the rest has come.
  return master && master.takenAt > Math.max(until, withoutAt, remakeAt)
    ? { kind: 'none' }
    : { kind: 'order', incomplete: true };
}

/** The order that stands after a step; one that a node works on already is not given anew. */
export function ordered(record: RecordingRecord, step: Step, now: number): FinaliseOrdered | undefined {
  if (step.kind !== 'order') return undefined;
  const { order } = record;
  if (order && order.incomplete === step.incomplete) return order;
  return { incomplete: step.incomplete, attempts: 0, nextAt: now };
}
