/**
 * Now, in ms since the epoch with fractions, on the monotonic clock: fixed to the wall clock when the process started, so an
 * NTP step never moves a packet.
 */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
