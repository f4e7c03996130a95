/**
 * What keeps a running recording of one channel from being whole. Discord tells by op 5 that somebody begins to speak; their packets
 * come at once, or something is wrong. Pure: instants come with the calls, ms since the epoch.
 */
import type { NodeEventOf } from '@patchbay/shared/events';

export type CoverageCode = NodeEventOf<'recording.coverage'>['code'];

export interface CoverageChange {
  code: CoverageCode;
  state: 'begun' | 'over';
  userId?: string;
  message: string;
}

/** Somebody who shows as speaking is given so long for their first packet. ms */
export const NO_PACKETS_MS = 5_000;
/** Packets go by UDP and op 5 by websocket: the whole of a short word may come before its announcement. ms */
const RACE_MS = 2_000;
/** With so many who show as speaking and are not heard it is the receiver, not one of them. */
const STALLED_SPEAKERS = 2;

const sentences: Readonly<Record<CoverageCode, Record<CoverageChange['state'], string>>> = {
  no_packets: {
    begun: 'A member shows as speaking, and nothing comes from them: they are not recorded.',
    over: 'The member is received again, or no longer speaks.',
  },
  receiver_stalled: {
    begun: 'Several members show as speaking, and nothing is received. The voice node mends its connection.',
    over: 'Voices are received again.',
  },
  bot_muted: {
    begun: 'A moderator has muted the bot: nobody hears it, its spoken notice included. It still records.',
    over: 'The bot is no longer muted.',
  },
  bot_deafened: {
    begun: 'A moderator has deafened the bot: Discord sends it no voices, and nothing is recorded. Undeafen it.',
    over: 'The bot is no longer deafened.',
  },
  disk_low: {
    begun: "The voice node's disk (DATA_DIR) is nearly full: recording will stop when it is. Make room on it.",
    over: "The voice node's disk has room again.",
  },
};

/** A change in words that say what to do. */
export function coverageChange(code: CoverageCode, state: CoverageChange['state'], userId?: string): CoverageChange {
  return { code, state, ...(userId === undefined ? {} : { userId }), message: sentences[code][state] };
}

/** Who is in the channel, as far as it matters here: people, and how moderators have set the bot. */
export interface CoverageScene {
  people: ReadonlySet<string>;
  muted: boolean;
  deafened: boolean;
}

export class CoveragePolicy {
  /** Who shows as speaking and has not been heard since this instant. */
  readonly #unheard = new Map<string, number>();
  readonly #alarmed = new Set<string>();
  #scene: CoverageScene = { people: new Set(), muted: false, deafened: false };
  #stalled = false;
  /** The last packet of anybody, and of each. */
  #lastPacketAt = Number.NEGATIVE_INFINITY;
  readonly #lastOf = new Map<string, number>();

  /** Nobody's packets come, although several speak. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** Time alone may change something: {@link look} has to be called. */
  get waits(): boolean {
    return this.#unheard.size > 0;
  }

  /** Op 5: somebody begins to speak, or stops. */
  announced(userId: string, speaking: boolean, at: number): CoverageChange[] {
    if (!speaking) return this.#heard(userId);
    const heardBefore = at - (this.#lastOf.get(userId) ?? Number.NEGATIVE_INFINITY) < RACE_MS;
    if (!this.#scene.deafened && !heardBefore && !this.#unheard.has(userId)) this.#unheard.set(userId, at);
    return [];
  }

  packet(userId: string, at: number): CoverageChange[] {
    this.#lastPacketAt = at;
    this.#lastOf.set(userId, at);
    if (this.#unheard.size === 0 && !this.#stalled) return [];
    return [...this.#heard(userId), ...this.#flow()];
  }

  scene(scene: CoverageScene): CoverageChange[] {
    const before = this.#scene;
    this.#scene = scene;
    const changes: CoverageChange[] = [];
    const turn = (code: CoverageCode, was: boolean, is: boolean): void => {
      if (was !== is) changes.push(coverageChange(code, is ? 'begun' : 'over'));
    };
    turn('bot_muted', before.muted, scene.muted);
    turn('bot_deafened', before.deafened, scene.deafened);
    for (const userId of before.people) {
      if (scene.people.has(userId)) continue;
      this.#lastOf.delete(userId);
      changes.push(...this.#heard(userId));
    }
    // A deafened bot is sent nothing: nobody's packets are missed.
    if (scene.deafened) {
      for (const userId of [...this.#unheard.keys()]) changes.push(...this.#heard(userId));
      changes.push(...this.#flow());
    }
    return changes;
  }

  /** What time has brought. */
  look(at: number): CoverageChange[] {
    const overdue = [...this.#unheard].filter(([, since]) => at - since >= NO_PACKETS_MS);
    if (overdue.length === 0) return [];
    const silent = at - this.#lastPacketAt >= NO_PACKETS_MS;
    const enough = Math.min(STALLED_SPEAKERS, Math.max(1, this.#scene.people.size));
    if (!this.#stalled && silent && overdue.length >= enough) {
      this.#stalled = true;
      return [coverageChange('receiver_stalled', 'begun')];
    }
    if (this.#stalled) return [];
    const fresh = overdue.filter(([userId]) => !this.#alarmed.has(userId));
    for (const [userId] of fresh) this.#alarmed.add(userId);
    return fresh.map(([userId]) => coverageChange('no_packets', 'begun', userId));
  }

  #heard(userId: string): CoverageChange[] {
    this.#unheard.delete(userId);
    const changes = this.#alarmed.delete(userId) ? [coverageChange('no_packets', 'over', userId)] : [];
    return this.#stalled && this.#unheard.size === 0 ? [...changes, ...this.#flow()] : changes;
  }

  #flow(): CoverageChange[] {
    if (!this.#stalled) return [];
    this.#stalled = false;
    return [coverageChange('receiver_stalled', 'over')];
  }
}
