import { PatchbayError } from '@patchbay/shared/errors';
import { dropObjects, projectParts, projectRecording } from '../db/recordings.ts';
import { fleetOf } from '../env.ts';
import { removePerson } from './erasing.ts';
import { againMs, NO_NODE_MS } from './finalising.ts';
import type { RecordingLife } from './life.ts';
import type { RecordingRecord } from './record.ts';
import { orderMail, showReport } from './report.ts';
import { expiryOf } from './retention.ts';
import { sayCoverage } from './say.ts';

/** What a recording owes to others; each is idempotent. */
export type RecordingEffect =
  | { kind: 'project' }
  /** The report in the channel of a side shows how things stand. */
  | { kind: 'report'; guildId: string; channelId: string }
  /** A line in the channel: something keeps the recording from being whole. */
  | { kind: 'say'; guildId: string; channelId: string; code: string; userId: string; at: number }
  /** A mail to the addresses of a server. */
  | { kind: 'mail'; guildId: string }
  | { kind: 'erasePerson'; userId: string; actorId: string }
  /** Rows of objects that are there no more. */
  | { kind: 'forget'; keys: string[] }
  /** Objects that must not be there. */
  | { kind: 'remove'; keys: string[] };

/** Rows that are written at once. */
const ROWS = 40;

/** Delivers what is owed in one lane, in order: `db`, `bucket`, `mail:GUILD`, `person:USER`, `report:GUILD:CHANNEL`, `say:GUILD:CHANNEL`. */
export async function deliver(life: RecordingLife, effects: RecordingEffect[]): Promise<void> {
  for (const [at, effect] of effects.entries()) {
    // The newest state is shown: the last of a run is enough.
    const repeated = effects.slice(at + 1).some(({ kind }) => kind === effect.kind);
    if (effect.kind === 'project' && !repeated) await project(life);
    if (effect.kind === 'report' && !repeated) await showReport(life, effect);
    if (effect.kind === 'erasePerson') await removePerson(life, effect.userId, effect.actorId);
    if (effect.kind === 'mail') await orderMail(life, effect.guildId);
    if (effect.kind === 'say') await sayCoverage(life, effect);
    if (effect.kind === 'forget') await dropObjects(life.db, effect.keys);
    if (effect.kind === 'remove') await removeObjects(life, effect.keys);
  }
}

async function project(life: RecordingLife): Promise<void> {
  const { store } = life;
  const record = store.record();
  if (!record) return;
  await projectRecording(life.db, record, life.stateOf(record), { expiry: expiryOf(record), notes: store.notes() });
  for (;;) {
    const owed = store.owed(ROWS);
    if (owed.objects.length === 0 && owed.people.length === 0) return;
    const parts = { objects: owed.objects.map(({ body }) => body), people: owed.people.map(({ body }) => body) };
    await projectParts(life.db, record.sessionId, parts);
    store.settled(owed);
  }
}

/** Tells a node to finalise, and again after a while: it joins what it is doing already. Call it when that is due. */
export async function sendOrder(life: RecordingLife): Promise<void> {
  const record = life.store.record();
  const { order } = record ?? {};
  if (!record || !order) return;
  // Stored first: a crash in the middle must not be the end of it.
  reorder(life, record, { ...order, nextAt: Date.now() + NO_NODE_MS });
  const { sessionId, without, sides } = record;
  const guildIds = [...new Set(sides.map(({ guildId }) => guildId))].slice(0, 8);
  const nodeId = await fleetOf(life.env).order(
    {
      ...{ v: 1, type: 'recording.finalise', sessionId },
      ...(order.incomplete ? { incomplete: true } : {}),
      ...(without.length > 0 ? { without } : {}),
      ...(guildIds.length > 0 ? { guildIds } : {}),
    },
    Object.keys(record.nodes),
  );
  const newest = life.store.record();
  // Answered meanwhile, or another one stands.
  if (!newest?.order || nodeId === null || newest.order.incomplete !== order.incomplete) return;
  reorder(life, newest, { ...order, attempts: order.attempts + 1, nextAt: Date.now() + againMs(order.attempts) });
}

function reorder({ store, deadlines }: RecordingLife, record: RecordingRecord, order: RecordingRecord['order']): void {
  if (!order) return;
  store.put({ ...record, order });
  deadlines.set('order', order.nextAt);
  void deadlines.arm();
}

async function removeObjects({ bucket }: RecordingLife, keys: readonly string[]): Promise<void> {
  if (!bucket) {
    throw new PatchbayError('no_bucket', 'The S3_ settings of the Worker are missing: what must go cannot be deleted.');
  }
  for (const key of keys) await bucket.delete(key);
}
