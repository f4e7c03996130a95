/**
 * How many tickets the matchmaker takes in and matches while 100,000 others wait: its real queue and policies on SQLite in a file,
 * without the Worker around it, against two plain ones with the same rules. All three must make the same matches.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ticket, ticketSchema } from '@patchbay/shared/match';
import { Matching } from '../../../worker/src/matchmaker/matching.ts';
import { type Draw, drawFrom } from '../../../worker/src/matchmaker/policies/contract.ts';
import { registry } from '../../../worker/src/matchmaker/policies/registry.ts';
import { NodeSql } from '../../../worker/test/node-sql.ts';
import type { BenchContext } from './context.ts';
import { type Matcher, PlainScan, PlainSql } from './matchmaker-baselines.ts';
import type { BenchRow } from './row.ts';

const WAITING = 100_000;
const NOW = 10_000_000;
/** Newcomers of each kind of traffic; the baselines are too slow for more than the first of them. */
const NEWCOMERS = 10_000;
const BASELINE_NEWCOMERS = 300;
/** The guild whose tickets fill the pool, and how many others there are. */
const CROWD = '1';
const GUILDS = 5_000;

/** The real queue. Confirming the claims is not part of what is measured. */
class Ours implements Matcher {
  readonly #host: NodeSql;
  readonly #matching: Matching;
  #sessions = 0;

  constructor(host: NodeSql) {
    this.#host = host;
    const newSessionId = () => {
      this.#sessions += 1;
      return String(this.#sessions);
    };
    // Filling is one transaction; afterwards each newcomer is its own.
    const each = { sql: host.sql, transactionSync: <T>(work: () => T) => this.#transaction(work) };
    this.#matching = new Matching(each, { registry, claimMs: 10_000, newSessionId });
  }

  #filling = false;

  #transaction<T>(work: () => T): T {
    return this.#filling ? work() : this.#host.transactionSync(work);
  }

  fill(tickets: readonly Ticket[]): void {
    this.#host.transactionSync(() => {
      this.#filling = true;
      for (const ticket of tickets) this.#matching.enqueue(ticket, NOW);
      this.#filling = false;
    });
  }

  enqueue(newcomer: Ticket, now: number): string | null {
    const [claim] = this.#matching.enqueue(newcomer, now);
    return claim?.tickets.find((ticket) => ticket.ticketId !== newcomer.ticketId)?.ticketId ?? null;
  }
}

/** Four in five speak English, one in twenty German; some block, some have a priority, one in ten is age-restricted. */
function draftTicket(draw: Draw, ticketId: string, guildId: string, at: number): Ticket {
  const language = draw(100);
  const other = () => String(2 + draw(GUILDS));
  return ticketSchema.parse({
    ticketId,
    guildId,
    channelId: '1',
    at,
    priority: draw(20) === 0 ? 1 : 0,
    language: language < 80 ? 'en' : language < 95 ? 'it' : 'de',
    region: draw(4) > 0 ? 'eu' : 'us',
    ageRestricted: draw(10) === 0,
    blocks: guildId !== CROWD && draw(10) === 0 ? [other()] : [],
    ...(draw(4) === 0 ? { lastPartner: other() } : {}),
  });
}

/** Rows of the bench `matchmaker`. */
export async function benchMatchmaker({ directory, say }: BenchContext): Promise<BenchRow[]> {
  await mkdir(directory, { recursive: true });
  const draw = drawFrom(1);
  const waiting = Array.from({ length: WAITING }, (_, index) =>
    draftTicket(draw, `w${String(index).padStart(6, '0')}`, CROWD, NOW - 60_000 - WAITING + index),
  ).map((ticket): Ticket => ({ ...ticket, lastPartner: undefined }));
  waiting.sort((left, right) => right.priority - left.priority || left.at - right.at);
  // Nobody in the pool can be matched with one more of the crowd; every second newcomer of the other traffic is of another guild.
  const crowd = Array.from({ length: NEWCOMERS }, (_, index) => draftTicket(draw, `c${index}`, CROWD, NOW));
  const mixed = Array.from({ length: NEWCOMERS }, (_, index) =>
    draftTicket(draw, `m${index}`, index % 2 === 0 ? CROWD : String(2 + draw(GUILDS)), NOW),
  );
  const measure = (name: string, matcher: Matcher, newcomers: number) => {
    say(`${name}: filling with ${WAITING} tickets`);
    matcher.fill(waiting);
    const alone = run(matcher, crowd.slice(0, newcomers));
    const both = run(matcher, mixed.slice(0, newcomers));
    say(`${name}: ${both.matches} matches of ${newcomers} mixed newcomers, ${alone.matches} of the crowd's`);
    return { enqueues: newcomers / alone.seconds, matches: both.matches / both.seconds, pairs: both.partners };
  };
  const ours = measure('ours', new Ours(new NodeSql(join(directory, 'ours.db'))), NEWCOMERS);
  const baselines = [
    { name: 'plain scan in memory', ...measure('scan', new PlainScan(), BASELINE_NEWCOMERS) },
    {
      name: 'plain indexed SQL query',
      ...measure('SQL', new PlainSql(new NodeSql(join(directory, 'plain.db'))), BASELINE_NEWCOMERS),
    },
  ];
  for (const { name, pairs } of baselines) {
    const differs = pairs.findIndex((partner, index) => partner !== ours.pairs[index]);
    if (differs >= 0)
      throw new Error(`The ${name} gave newcomer ${differs} ${pairs[differs]}, ours ${ours.pairs[differs]}.`);
  }
  return (['matches', 'enqueues'] as const).flatMap((figure) =>
    baselines.map((baseline) => ({
      name: `matchmaker/${figure}-per-second`,
      ours: ours[figure],
      baselineName: baseline.name,
      baseline: baseline[figure],
      ratio: ours[figure] / baseline[figure],
      unit: '1/s',
    })),
  );
}

function run(matcher: Matcher, newcomers: readonly Ticket[]) {
  const began = performance.now();
  const partners = newcomers.map((newcomer) => matcher.enqueue(newcomer, NOW));
  const seconds = (performance.now() - began) / 1000;
  return { seconds, partners, matches: partners.filter((partner) => partner !== null).length };
}
