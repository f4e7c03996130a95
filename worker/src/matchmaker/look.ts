import type { Match, Ticket } from '@patchbay/shared/match';
import { oppositeOf, policyOf, SIDES } from './lanes.ts';
import { faultsOf } from './policies/check.ts';
import type { MatchPolicy } from './policies/policy.ts';
import type { Registry } from './policies/registry.ts';
import { inOrder, LAST, type Queue, type Standing } from './queue.ts';

/** Tickets of each line that a policy sees at once. */
const WINDOW = 500;
/** Groups in a slice of those behind the window; it sees two slices at once, and the next look the next two. */
const GROUPS = 300;
/** A newcomer usually meets one of the very first. */
const NEAR = 2;
/** … or, if it is picky, one of these. */
const FURTHER = 32;
/** Groups that a newcomer is looked for among, and first tickets when there are more groups than this. */
const NEWCOMER_GROUPS = 64;

/** Looks for matches in the queue: shows a bounded part of it to the policies, and changes nothing. */
export class Look {
  readonly #queue: Queue;
  readonly #registry: Registry;
  /** Where the next look at the groups of a line goes on. Lost with the object, which costs no more than a round. */
  readonly #cursors = new Map<string, { outer: string; inner: string }>();

  constructor(queue: Queue, registry: Registry) {
    this.#queue = queue;
    this.#registry = registry;
  }

  /** A newcomer's match with those who wait; null when there is none, or its policy only looks at whole windows. */
  forNewcomer(lane: string, side: string, newcomer: Ticket, now: number): Match | null {
    const policy = policyOf(lane, this.#registry);
    if (!policy.arrive) return null;
    const seen: [Ticket, ...Ticket[]] = [newcomer];
    const match = policy.arrive(newcomer, this.#candidates(policy, lane, oppositeOf(side), seen), now);
    return match && (sound(policy.name, [match], seen)[0] ?? null);
  }

  /** Matches in a lane: among the first, or, when those do not match, with the others behind them. */
  inLane(lane: string, now: number): Match[] {
    const policy = policyOf(lane, this.#registry);
    const lines = SIDES.map((side) => ({ side, first: this.#queue.first(lane, side, WINDOW) }));
    const first = lines.flatMap((line) => line.first);
    if (first.length < 2 && lines.every((line) => line.first.length < WINDOW)) return [];
    const window = inOrder(first);
    const matches = sound(policy.name, policy.match(window, now), window);
    const crowded = lines.filter((line) => line.first.length === WINDOW);
    if (matches.length > 0 || crowded.length === 0) return matches;
    const wider = inOrder([...first, ...crowded.flatMap(({ side }) => this.#nextGroups(lane, side))]);
    return sound(policy.name, policy.match(wider, now), wider);
  }

  /**
   * Who waits on a side, in order, read as far as it is asked for: the very first, then more of them, then the first of each group. Of
   * more groups than {@link NEWCOMER_GROUPS} only some are shown. Notes in `seen`, behind
   * the newcomer, who was.
   */
  *#candidates(policy: MatchPolicy, lane: string, side: string, seen: [Ticket, ...Ticket[]]): Generator<Ticket> {
    const avoided = policy.avoids?.(seen[0]);
    const show = function* (standing: Standing[]) {
      for (const ticket of inOrder(standing)) {
        seen.push(ticket);
        yield ticket;
      }
    };
    const near = this.#queue.first(lane, side, NEAR);
    yield* show(near);
    if (near.length < NEAR) return;
    // In a crowd that the newcomer avoids, those behind the very first are most likely of the crowd, too.
    if (avoided === undefined || !near.every(({ ticket }) => policy.group(ticket).startsWith(avoided))) {
      const further = this.#queue.first(lane, side, FURTHER);
      yield* show(further.slice(NEAR));
      if (further.length < FURTHER) return;
    }
    const heads = this.#queue.heads(lane, side, NEWCOMER_GROUPS, '', avoided);
    if (avoided !== undefined && heads.length < NEWCOMER_GROUPS) {
      heads.push(...this.#queue.heads(lane, side, NEWCOMER_GROUPS - heads.length, `${avoided}${LAST}`));
    }
    // With all groups known, the first of each are enough: who is not among them is behind one who is alike.
    const more = heads.length < NEWCOMER_GROUPS ? [] : this.#queue.first(lane, side, NEWCOMER_GROUPS);
    yield* show([...more, ...heads]);
  }

  /**
   * Two slices of the groups of a line, so that each slice is seen with each other one in the end: with `n` groups after
   * `s (s + 1) / 2` looks, `s = n / GROUPS` rounded up.
   */
  #nextGroups(lane: string, side: string): Standing[] {
    const key = `${lane}/${side}`;
    const { outer, inner } = this.#cursors.get(key) ?? { outer: '', inner: '' };
    const near = this.#queue.heads(lane, side, GROUPS, outer);
    const nearEnd = near.length === GROUPS ? near.at(-1)?.group : undefined;
    if (nearEnd === undefined) {
      this.#cursors.delete(key);
      return near;
    }
    const far = this.#queue.heads(lane, side, GROUPS, inner === '' ? nearEnd : inner);
    const farEnd = far.length === GROUPS ? far.at(-1)?.group : undefined;
    this.#cursors.set(key, farEnd === undefined ? { outer: nearEnd, inner: '' } : { outer, inner: farEnd });
    return [...near, ...far];
  }
}

/** The matches without a fault; the others are told and left out. */
function sound(policy: string, matches: Match[], given: readonly Ticket[]): Match[] {
  const faults = faultsOf(matches, given);
  const [fault] = faults.values();
  if (fault) console.error(`match policy ${policy}: ${faults.size} matches were dropped: ${fault}`);
  return matches.filter((match) => !faults.has(match));
}
