/** Discord's epoch: the first instant of 2015, in ms since the Unix epoch. */
export const discordEpoch = 1_420_070_400_000;

/** Makes snowflakes: 42 bits of ms since {@link discordEpoch}, 10 bits of worker and process (zero here), 12 bits of counter. */
export class Snowflakes {
  #last = 0n;

  /** A new id, larger than all before it (also when the wall clock steps back or 4,096 ids fall into one ms). */
  next(now: number = Date.now()): string {
    const earliest = BigInt(now - discordEpoch) << 22n;
    this.#last = earliest > this.#last ? earliest : this.#last + 1n;
    return this.#last.toString();
  }
}

/** The instant a snowflake was made, in ms since the Unix epoch. */
export function snowflakeTime(id: string): number {
  return Number(BigInt(id) >> 22n) + discordEpoch;
}
