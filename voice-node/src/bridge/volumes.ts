/** How loud whom is heard: of a leg's people, of one person, of one person on one leg. Pure. */
import { PatchbayError } from '@patchbay/shared/errors';
import { MOST_VOLUME } from '@patchbay/shared/session-spec';

export interface VolumeOrder {
  /** The leg that a voice comes from. Alone: everybody there. */
  legId?: string | undefined;
  /** Alone: this person on every leg. */
  userId?: string | undefined;
  /** 0 (not heard) to 2 (6 dB louder); 1 is as spoken. */
  volume: number;
}

export class Volumes {
  #orders = new Map<string, number>();

  /**
   * Replaces what was said of the same leg, person, or person on that leg.
   *
   * @throws {PatchbayError} `volume_invalid`
   */
  set({ legId, userId, volume }: VolumeOrder): void {
    if (!(volume >= 0 && volume <= MOST_VOLUME)) {
      throw new PatchbayError('volume_invalid', `Give a volume between 0 and ${MOST_VOLUME}, not ${volume}.`);
    }
    if (legId === undefined && userId === undefined) {
      throw new PatchbayError('volume_invalid', 'Say whose volume it is: give a leg, a user, or both.');
    }
    const key = keyOf(legId, userId);
    if (volume === 1) this.#orders.delete(key);
    else this.#orders.set(key, volume);
  }

  /**
   * These orders and no others.
   *
   * @throws {PatchbayError} `volume_invalid`; then nothing has changed.
   */
  replace(orders: readonly VolumeOrder[]): void {
    const fresh = new Volumes();
    for (const order of orders) fresh.set(order);
    this.#orders = fresh.#orders;
  }

  applyTo(speaker: { legId: string; userId: string; volume: number }): void {
    speaker.volume = this.of(speaker.legId, speaker.userId);
  }

  /** The product of all that applies, but no more than {@link MOST_VOLUME}. */
  of(legId: string, userId: string): number {
    if (this.#orders.size === 0) return 1;
    const factors = [keyOf(legId, undefined), keyOf(undefined, userId), keyOf(legId, userId)];
    return Math.min(
      MOST_VOLUME,
      factors.reduce((product, key) => product * (this.#orders.get(key) ?? 1), 1),
    );
  }
}

const keyOf = (legId = '*', userId = '*'): string => `${legId}:${userId}`;
