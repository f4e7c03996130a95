import type { Clock } from '../../time/clock.ts';
import type { Direction, FaultTable } from './fault-table.ts';
import { FaultyLine } from './line.ts';
import { PacketFate } from './packet-faults.ts';

/** Both directions of one leg: packets go through untouched unless the table has faults for them. */
export class LegLines {
  readonly #clock: Clock;
  readonly #table: FaultTable;
  readonly #guildId: string;
  readonly #userId: string;
  readonly #ordinal: number;
  #version = -1;
  #lines: Partial<Record<Direction, FaultyLine>> = {};

  /** `ordinal` tells the legs of a server apart in a way that is the same in each run: the order in which they came. */
  constructor(clock: Clock, table: FaultTable, leg: { guildId: string; userId: string; ordinal: number }) {
    this.#clock = clock;
    this.#table = table;
    this.#guildId = leg.guildId;
    this.#userId = leg.userId;
    this.#ordinal = leg.ordinal;
  }

  pass(direction: Direction, send: () => void): void {
    if (this.#version !== this.#table.version) this.#renew();
    const line = this.#lines[direction];
    if (line) line.pass(send);
    else send();
  }

  close(): void {
    for (const line of Object.values(this.#lines)) line.close();
  }

  #renew(): void {
    this.#version = this.#table.version;
    // What is under way on the old lines still arrives.
    this.#lines = {};
    for (const direction of ['fromClient', 'toClient'] as const) {
      const faults = this.#table.packets(this.#guildId, this.#userId, direction);
      const leg = `${direction}/${this.#ordinal}`;
      if (faults) this.#lines[direction] = new FaultyLine(this.#clock, new PacketFate(faults, leg));
    }
  }
}
