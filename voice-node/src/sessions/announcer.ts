/** What the people of a session's channels are told, in the text chat of their voice channel. */
import { type EndReason, type EndSide, endSentence } from '@patchbay/shared/end-reason';
import type { LegSpec } from '@patchbay/shared/session-spec';
import type { Logger } from '../ops/logger.ts';

/** Writes into a channel as one identity; rejects where Discord refuses. */
export type Say = (leg: Pick<LegSpec, 'guildId' | 'channelId' | 'identityId'>, text: string) => Promise<void>;

/** Where Discord would refuse for sure: the side's channel or the bot's membership is gone. */
const speechless: ReadonlySet<EndReason> = new Set(['channel_deleted', 'bot_removed']);

export class Announcer {
  readonly #say: Say;
  readonly #logger: Logger;

  constructor(say: Say, logger: Logger) {
    this.#say = say;
    this.#logger = logger;
  }

  /** Each side is told why the session ended: `by` is the leg on whose side it came up. */
  ended(legs: readonly LegSpec[], reason: EndReason, by: string | undefined): void {
    for (const leg of legs) {
      const side: EndSide = by === undefined ? null : by === leg.legId ? 'own' : 'other';
      if (side === 'own' && speechless.has(reason)) continue;
      this.#tell(leg, endSentence(reason, side, leg.role === 'recorder' ? 'recording' : 'call'));
    }
  }

  /** The time limit is near. */
  endsSoon(legs: readonly LegSpec[], secondsLeft: number): void {
    for (const leg of legs) this.#tell(leg, `This call ends in ${secondsLeft} seconds: its time limit is near.`);
  }

  /** A monitor has begun to listen: everybody it hears is told, and so is the monitor's own channel. */
  monitorListens(monitor: LegSpec, others: readonly LegSpec[]): void {
    const who = monitor.label ? `A monitor of ${monitor.label}` : 'A monitor';
    for (const leg of others) this.#tell(leg, `${who} listens to this call now.`);
    this.#tell(monitor, 'This channel listens to a call now. Nobody in the call hears you, and they were told.');
  }

  #tell(leg: LegSpec, text: string): void {
    this.#say(leg, text).catch((error) =>
      this.#logger.warn({ err: error, guildId: leg.guildId }, 'a channel could not be told; is Send Messages missing?'),
    );
  }
}
