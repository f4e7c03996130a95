/** What a bot costs with several calls at once: CPU time of its whole process for each packet that it carries. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimControl } from '@patchbay/sim/control-client';
import type { Child } from '../stack/child.ts';
import { talk } from './calls.ts';
import { cpuSeconds } from './cpu.ts';
import type { Sides } from './listen.ts';

const CLIP = 'ben-1';
const MEASURED_MS = 15_000;
/**
 * Everybody's first words, and code that is compiled while it runs: a process of Node costs less a packet after its first
 * twenty seconds of talk, and goes on for days. The same for each bot. ms.
 */
const WARM_UP_MS = 15_000;
/** Packets of one person who talks all the time, in a second. */
const PACKETS_PER_SECOND = 50;
/** One event loop that is busier than this holds packets up. */
const FULL = 0.7;

export interface Load {
  /** µs of CPU time of the whole process for each packet that came in. */
  perPacket: number;
  /** Share of one core. */
  share: number;
  /** Calls with one person talking all the time that would take 70 % of a core. */
  callsPerCore: number;
}

/** One person of each call talks all the time. */
export async function measureLoad(sim: SimControl, child: Child, calls: readonly Sides[]): Promise<Load> {
  const talking = await talk(sim, calls, CLIP);
  await sleep(WARM_UP_MS);
  const talkers = calls.map(([{ members }]) => members[0]?.userId ?? '');
  await Promise.all(talkers.map((userId) => sim.clearHeard(userId)));
  const [before, from] = [await cpuSeconds(child), Date.now()];
  await sleep(MEASURED_MS);
  const [spent, to] = [(await cpuSeconds(child)) - before, Date.now()];
  const spoken = await Promise.all(talkers.map((userId) => sim.spoken(userId)));
  await talking.stop();
  const carried = spoken.flat().filter(({ sentAt }) => sentAt >= from && sentAt < to).length;
  const perPacket = (spent * 1e6) / carried;
  return {
    perPacket,
    share: (spent * 1000) / (to - from),
    callsPerCore: Math.floor((FULL * 1e6) / (perPacket * PACKETS_PER_SECOND)),
  };
}

export const describeLoad = (calls: number, { perPacket, share }: Load): string =>
  `${calls} calls: ${perPacket.toFixed(0)} µs a packet for the whole process, ${(share * 100).toFixed(1)} % of a core`;
