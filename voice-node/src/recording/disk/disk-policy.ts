/** When a disk is too full to go on recording, and when to warn of it. Pure. */

export type DiskLevel = 'fine' | 'low' | 'full';

export interface DiskReading {
  /** Bytes that the node may still write. */
  free: number;
  /** Bytes that the running recordings write in an hour, as of late. */
  bytesPerHour: number;
}

export interface DiskLimits {
  /** Below it there is a warning, whatever is recorded. Bytes */
  warnBytes: number;
  /** Below it recording stops. Bytes */
  stopBytes: number;
}

/** A level that was reached is left only with so much more room: one that flaps tells nothing. */
const SLACK = 1.1;

/** `before`: the level of the last look. Below an hour of room at the present rate a disk is low, too. */
export function diskLevel({ free, bytesPerHour }: DiskReading, limits: DiskLimits, before: DiskLevel): DiskLevel {
  const under = (bytes: number, was: boolean): boolean => free < (was ? bytes * SLACK : bytes);
  if (under(limits.stopBytes, before === 'full')) return 'full';
  if (under(Math.max(limits.warnBytes, bytesPerHour), before !== 'fine')) return 'low';
  return 'fine';
}

/** Bytes an hour, of what was written at instants (ms); the oldest and the newest count. */
export function ratePerHour(readings: readonly { at: number; written: number }[]): number {
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last || last.at <= first.at) return 0;
  return ((last.written - first.written) / (last.at - first.at)) * 3_600_000;
}
