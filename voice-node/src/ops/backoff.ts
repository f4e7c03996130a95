/**
 * Waiting time before try number `attempt` (0 = the first repetition), in ms: doubles from `first` to `most`, spread by ±20 %
 * so that many nodes do not come back in one instant.
 */
export function backoffMs(
  attempt: number,
  { first = 1_000, most = 16_000, random = Math.random }: { first?: number; most?: number; random?: () => number } = {},
): number {
  const whole = Math.min(most, first * 2 ** Math.max(0, attempt));
  return Math.round(whole * (0.8 + 0.4 * random()));
}
