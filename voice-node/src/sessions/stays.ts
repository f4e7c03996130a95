/** Turns who is in the recorded channels, and may be recorded, into stays: one from each coming to the leaving after it. Pure. */
import type { Consent, ConsentChange } from './consent.ts';

export type NoteStay = (userId: string, guildId: string, present: boolean, at: number) => void;

export class Stays {
  readonly #consent: Pick<Consent, 'allows'>;
  readonly #note: NoteStay;
  /** People of each recorded leg. */
  readonly #legs = new Map<string, { guildId: string; people: ReadonlySet<string> }>();
  /** Guild of each stay that goes on. */
  readonly #staying = new Map<string, string>();

  constructor(consent: Pick<Consent, 'allows'>, note: NoteStay) {
    this.#consent = consent;
    this.#note = note;
  }

  /** Who is in a leg's channel now, bots left out. `at` in ms since the epoch. */
  leg(legId: string, guildId: string, people: ReadonlySet<string>, at: number): void {
    this.#legs.set(legId, { guildId, people });
    this.#look(at);
  }

  /** A leg is no longer recorded. */
  gone(legId: string, at: number): void {
    if (this.#legs.delete(legId)) this.#look(at);
  }

  /** Who opts out stays no longer, from the instant of their word on. */
  consent(changes: readonly ConsentChange[], now: number): void {
    for (const { userId, out, at } of changes) {
      const guildId = this.#staying.get(userId);
      if (!out || guildId === undefined) continue;
      this.#staying.delete(userId);
      this.#note(userId, guildId, false, at);
    }
    this.#look(now);
  }

  #look(at: number): void {
    const there = new Map<string, string>();
    for (const { guildId, people } of this.#legs.values()) {
      for (const userId of people) if (this.#consent.allows(userId)) there.set(userId, guildId);
    }
    for (const [userId, guildId] of [...this.#staying]) {
      if (there.has(userId)) continue;
      this.#staying.delete(userId);
      this.#note(userId, guildId, false, at);
    }
    for (const [userId, guildId] of there) {
      if (this.#staying.has(userId)) continue;
      this.#staying.set(userId, guildId);
      this.#note(userId, guildId, true, at);
    }
  }
}
