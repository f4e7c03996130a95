import { readFile } from 'node:fs/promises';
import type { Child } from '../stack/child.ts';

/** Ticks of `/proc/PID/stat` in a second (USER_HZ, the same on every Linux platform of Node). */
const TICKS = 100;

/** CPU time of a process so far, of all its threads, user and system. Seconds; steps of 10 ms. Linux only. */
export async function cpuSeconds({ process }: Child): Promise<number> {
  const stat = await readFile(`/proc/${process.pid}/stat`, 'utf8');
  // After the name in parentheses: state is field 3, utime 14, stime 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
