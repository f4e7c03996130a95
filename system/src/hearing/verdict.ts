/** The judgement over one listener: every routed voice at its level, every other one absent. */
import { heardLevels, type SpokenClip, speechLevels, strayLevels } from './levels.ts';
import type { Timeline } from './timeline.ts';

/** A routed voice may come out so much louder or softer than it was spoken. */
export const ROUTED_TOLERANCE_DB = 1.5;
/**
 * The whole waveform may come out so much softer: an encoder keeps levels and tones but not every wave of noisy sounds, which the
 * fit then counts as missing (about 1 dB after one more encoding).
 */
export const SPEECH_TOLERANCE_DB = 2.5;
/** A voice that is not routed must be at least so far down. */
export const UNROUTED_LIMIT_DB = -30;

export interface ClipVerdict {
  label: string;
  routed: boolean;
  /** Level of the tone, dB. */
  decibels: number;
  /** Level of the whole waveform, dB; only of routed voices. */
  speechDecibels?: number;
  /** Delay from mouth to ear, ms; only of routed voices. */
  delayMs?: number;
  ok: boolean;
}

/**
 * @param routed what this listener should hear.
 * @param unrouted what this listener should not hear: the own voice, and whoever the matrix does not send here.
 */
export function judge(
  timeline: Timeline,
  routed: readonly SpokenClip[],
  unrouted: readonly SpokenClip[],
): ClipVerdict[] {
  const levels = heardLevels(timeline, [...routed, ...unrouted]);
  const speech = speechLevels(timeline, routed);
  const strays = strayLevels(
    timeline,
    unrouted,
    routed.map(({ toneHz }) => toneHz),
  );
  return levels.map(({ label, decibels }, index): ClipVerdict => {
    const whole = speech[index];
    if (whole) {
      const isLevel = Math.abs(decibels) <= ROUTED_TOLERANCE_DB && Math.abs(whole.decibels) <= SPEECH_TOLERANCE_DB;
      // Levels may come out right by chance where packets lie over each other.
      const ok = isLevel && (timeline.overlaps ?? 0) === 0;
      return { label, routed: true, decibels, speechDecibels: whole.decibels, delayMs: whole.delayMs, ok };
    }
    const worst = Math.max(decibels, strays[index - routed.length] ?? -Infinity);
    return { label, routed: false, decibels: worst, ok: worst <= UNROUTED_LIMIT_DB };
  });
}
