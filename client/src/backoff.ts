/** Waits between connection attempts, in ms: 1, 2, 4, 8, 16 s, each shortened by up to a half at random. */
const STEPS_MS = [1_000, 2_000, 4_000, 8_000, 16_000] as const;

/** After so many failures in a row the client gives up and tells. */
export const MAX_ATTEMPTS: number = STEPS_MS.length;

/**
 * The wait before attempt number `attempt` (from 0). Jitter keeps a thousand pages from coming back in the same instant.
 *
 * @param random a number in 0…1
 */
export function backoffMs(attempt: number, random: number = Math.random()): number {
  const step = STEPS_MS[Math.min(attempt, STEPS_MS.length - 1)] ?? 16_000;
  return step * (1 - random / 2);
}
