/**
 * Who gets which slot, which connections open and close: the whole policy of the pool, as a function of how it stands. Pure.
 *
 * - Who waits longest is served first.
 * - People go back to the slot that they had a moment ago; else the fullest connection is filled first, the longest-lived of equals.
 *   So the younger ones fall idle when people leave, and are closed; nobody who speaks is moved.
 * - At the limit, an idle connection with another tuning makes room. When there is none, whoever has spoken without a pause for
 *   long gives the slot up: everybody gets a turn.
 */

/** A slot is kept for its last user so long. ms */
export const STICKY_MS = 5_000;
/** An idle connection is closed after so much time. ms */
export const IDLE_MS = 30_000;
/** Who has a slot may keep it so long while others wait. ms */
export const TURN_MS = 8_000;
/** Who waits so long asks for somebody's turn to end. ms */
export const PATIENCE_MS = 2_000;

export interface SlotView<Line> {
  holder?: Line | undefined;
  /** Since when the holder has it. ms */
  heldSince: number;
  /** The holder was asked to give it up. */
  ending: boolean;
  lastHolder?: Line | undefined;
  freedAt: number;
}

export interface ConnectionView<Line> {
  id: number;
  key: string;
  /** `retiring`: open, and takes nobody any more. `closing` counts until the service has let go of it. */
  state: 'opening' | 'open' | 'retiring' | 'closing';
  slots: readonly SlotView<Line>[];
  /** Since when nobody has a slot; ms. */
  idleSince: number;
}

export interface PoolView<Line> {
  /** Oldest first. */
  connections: readonly ConnectionView<Line>[];
  waiting: readonly { line: Line; key: string; since: number }[];
  /** Most connections. */
  limit: number;
  /** False: the service was asked too often; no connection is opened for now. */
  mayOpen: boolean;
  channels: number;
  now: number;
}

export type Step<Line> =
  | { do: 'assign'; line: Line; connection: number; slot: number }
  | { do: 'open'; key: string }
  | { do: 'retire'; connection: number }
  | { do: 'close'; connection: number }
  /** Ends the holder's turn: what was said is made final, the rest waits. */
  | { do: 'cut'; connection: number; slot: number };

interface Draft<Line> extends Omit<ConnectionView<Line>, 'slots'> {
  slots: SlotView<Line>[];
}

const isIdle = <Line>({ state, slots }: Draft<Line>): boolean =>
  (state === 'open' || state === 'retiring') && slots.every(({ holder }) => holder === undefined);

export function plan<Line>({ connections, waiting, limit, mayOpen, channels, now }: PoolView<Line>): Step<Line>[] {
  const steps: Step<Line>[] = [];
  const drafts = connections.map((one): Draft<Line> => ({ ...one, slots: one.slots.map((slot) => ({ ...slot })) }));
  const close = (connection: Draft<Line>): void => {
    connection.state = 'closing';
    steps.push({ do: 'close', connection: connection.id });
  };
  let held = drafts.length;
  /** Places of connections that are about to open, and are not spoken for. */
  const coming = new Map<string, number>();
  for (const { key, state } of drafts) {
    if (state === 'opening') coming.set(key, (coming.get(key) ?? 0) + channels);
  }
  /** Connections that were closed, or turns that end, for somebody who waits. */
  let freeing = drafts.filter(({ state }) => state === 'closing').length;
  freeing += drafts.flatMap(({ slots }) => slots.filter(({ ending }) => ending)).length;

  shrink(drafts, limit, steps, close);
  for (const { line, key, since } of [...waiting].sort((left, right) => left.since - right.since)) {
    const place = placeFor(drafts, line, key, now);
    if (place) {
      const { connection, slot } = place;
      Object.assign(connection.slots[slot] as SlotView<Line>, { holder: line, heldSince: now, ending: false });
      steps.push({ do: 'assign', line, connection: connection.id, slot });
      continue;
    }
    const soon = coming.get(key) ?? 0;
    if (soon > 0) coming.set(key, soon - 1);
    else if (held < limit && mayOpen) {
      held += 1;
      coming.set(key, channels - 1);
      steps.push({ do: 'open', key });
    } else if (freeing > 0) freeing -= 1;
    else if (held >= limit) {
      const idle = drafts.findLast((one) => one.key !== key && isIdle(one));
      if (idle) close(idle);
      else if (now - since >= PATIENCE_MS) cutFor(drafts, key, now, steps);
    }
  }
  closeIdle(drafts, now, close);
  return steps;
}

/** When the policy must be looked at again though nothing happens: the next idle connection whose time is up. */
export function nextIdleEnd<Line>(connections: readonly ConnectionView<Line>[]): number | undefined {
  const idle = connections.filter(
    ({ state, slots }) => state === 'open' && slots.every(({ holder }) => holder === undefined),
  );
  return idle.length === 0 ? undefined : Math.min(...idle.map(({ idleSince }) => idleSince)) + IDLE_MS;
}

function placeFor<Line>(
  drafts: Draft<Line>[],
  line: Line,
  key: string,
  now: number,
): { connection: Draft<Line>; slot: number } | undefined {
  let best: { connection: Draft<Line>; slot: number; rank: number } | undefined;
  for (const connection of drafts) {
    if (connection.key !== key || connection.state !== 'open') continue;
    const holders = connection.slots.filter(({ holder }) => holder !== undefined).length;
    for (const [slot, { holder, lastHolder, freedAt }] of connection.slots.entries()) {
      if (holder !== undefined) continue;
      const isKept = now - freedAt < STICKY_MS && lastHolder !== undefined;
      const isOwn = isKept && lastHolder === line;
      // Of the slots of one connection, one that is kept for somebody else is the last choice.
      const rank = (isOwn ? 1_000 : 0) + holders * 2 + (isKept && !isOwn ? 0 : 1);
      if (!best || rank > best.rank) best = { connection, slot, rank };
    }
  }
  return best;
}

/** The limit may have become lower: idle connections go first, the youngest of the others take nobody any more. */
function shrink<Line>(
  drafts: Draft<Line>[],
  limit: number,
  steps: Step<Line>[],
  close: (connection: Draft<Line>) => void,
): void {
  let surplus = drafts.filter(({ state }) => state !== 'closing' && state !== 'retiring').length - limit;
  for (const connection of [...drafts].reverse()) {
    if (isIdle(connection) && (surplus > 0 || connection.state === 'retiring')) {
      if (connection.state !== 'retiring') surplus -= 1;
      close(connection);
    }
  }
  for (const connection of [...drafts].reverse()) {
    if (surplus <= 0) return;
    if (connection.state !== 'open' && connection.state !== 'opening') continue;
    surplus -= 1;
    if (connection.state === 'opening') close(connection);
    else {
      connection.state = 'retiring';
      steps.push({ do: 'retire', connection: connection.id });
    }
  }
}

/** Ends the longest turn that gives a place for this tuning. */
function cutFor<Line>(drafts: Draft<Line>[], key: string, now: number, steps: Step<Line>[]): void {
  let longest: { connection: Draft<Line>; slot: number; heldSince: number } | undefined;
  for (const connection of drafts) {
    const holders = connection.slots.filter(({ holder }) => holder !== undefined).length;
    if (connection.state !== 'open' || (connection.key !== key && holders > 1)) continue;
    for (const [slot, { holder, ending, heldSince }] of connection.slots.entries()) {
      if (holder === undefined || ending || now - heldSince < TURN_MS) continue;
      if (!longest || heldSince < longest.heldSince) longest = { connection, slot, heldSince };
    }
  }
  if (!longest) return;
  const { connection, slot } = longest;
  (connection.slots[slot] as SlotView<Line>).ending = true;
  steps.push({ do: 'cut', connection: connection.id, slot });
}

/** As many as have been idle for long are closed, of each tuning the youngest: the longest-lived goes last. */
function closeIdle<Line>(drafts: Draft<Line>[], now: number, close: (connection: Draft<Line>) => void): void {
  for (const [, all] of Map.groupBy(drafts.filter(isIdle), ({ key }) => key)) {
    let due = all.filter(({ idleSince }) => now - idleSince >= IDLE_MS).length;
    for (const connection of [...all].reverse()) {
      if (due <= 0) break;
      due -= 1;
      close(connection);
    }
  }
}
