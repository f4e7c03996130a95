/**
 * Who plays sounds to a leg that several sessions use: the one whose people are heard there, in its own stream. Two streams into one
 * channel would cut each other up.
 */
import type { Tone } from '../audio/tones/tone.ts';
import type { RunningLeg } from './running-leg.ts';

export interface LegPlayer {
  /** Are people of other legs heard on this one, through this session? */
  isHeard(): boolean;
  play(tone: Tone): void;
}

export class LegVoices {
  readonly #players = new Map<RunningLeg, Set<LegPlayer>>();

  /** Returns the function that takes the player away. */
  add(leg: RunningLeg, player: LegPlayer): () => void {
    const players = this.#players.get(leg) ?? new Set();
    this.#players.set(leg, players);
    players.add(player);
    return () => {
      players.delete(player);
      if (players.size === 0) this.#players.delete(leg);
    };
  }

  /** Plays a sound to a leg: through the session that is heard there, else the first that uses it. */
  play(leg: RunningLeg, tone: Tone): void {
    const players = [...(this.#players.get(leg) ?? [])];
    (players.find((player) => player.isHeard()) ?? players[0])?.play(tone);
  }
}
