/** What programs cost that this process started: all of them, with all that they started in turn. Linux only (`/proc`). */
import { readdir, readFile } from 'node:fs/promises';
import { clearInterval, setInterval } from 'node:timers';

/** Ticks of `/proc/PID/stat` in a second (USER_HZ, the same on every Linux platform of Node). */
const TICKS = 100;
const SAMPLE_EVERY_MS = 100;

export interface TreeCost {
  /** CPU time, user and system, of all processes together, s. */
  cpu: number;
  /** From the first to the last, s. */
  wall: number;
  /** The most that they held at the same time: the sum of their resident sets, every 100 ms. MB. */
  memory: number;
}

/** The fields of a process behind its name. */
const fieldsOf = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/** CPU time of all children that have ended, and of theirs. Seconds. */
async function endedChildren(): Promise<number> {
  // After the name in parentheses: state is field 3, cutime 16, cstime 17.
  const fields = fieldsOf(await readFile('/proc/self/stat', 'utf8'));
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}

async function statusOf(pid: string): Promise<{ parent: number; memory: number } | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/status`, 'utf8');
    const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return { parent: number('PPid'), memory: number('VmRSS') / 1024 };
  } catch (error) {
    // It has ended since it was listed.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** What all that descend from this process hold now, MB. */
async function heldNow(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = new Map<number, { parent: number; memory: number }>();
  for (const pid of pids) {
    const status = await statusOf(pid);
    if (status) all.set(Number(pid), status);
  }
  const isOurs = (pid: number): boolean => {
    const parent = all.get(pid)?.parent ?? 0;
    return parent === process.pid || (parent > 1 && isOurs(parent));
  };
  return [...all].reduce((sum, [pid, { memory }]) => sum + (isOurs(pid) ? memory : 0), 0);
}

/** Runs programs and gives their cost. Each of them has to have ended when `work` resolves. */
export async function costOf<T>(work: () => Promise<T>): Promise<TreeCost & { result: T }> {
  let memory = 0;
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= heldNow().then((held) => {
      memory = Math.max(memory, held);
      looking = undefined;
    });
  }, SAMPLE_EVERY_MS);
  try {
    const [before, began] = [await endedChildren(), performance.now()];
    const result = await work();
    const wall = (performance.now() - began) / 1000;
    return { cpu: (await endedChildren()) - before, wall, memory, result };
  } finally {
    clearInterval(timer);
    await looking;
  }
}

/** Two steps of one work. */
export const together = (left: TreeCost, right: TreeCost): TreeCost => ({
  cpu: left.cpu + right.cpu,
  wall: left.wall + right.wall,
  memory: Math.max(left.memory, right.memory),
});
