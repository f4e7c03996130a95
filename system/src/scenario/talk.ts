/** People talk at once, and each listener is judged by the sound that came through the bots, in dB. */
import type { SimControl } from '@patchbay/sim/control-client';
import type { SpokenClip } from '../hearing/levels.ts';
import { decodeHeard, decodePackets, type Timeline } from '../hearing/timeline.ts';
import { type ClipVerdict, judge } from '../hearing/verdict.ts';
import { spokenAt } from './play.ts';

/** What somebody is going to say. */
export interface Voice {
  label: string;
  userId: string;
  toneHz: number;
  packets: readonly Uint8Array[];
}

export interface Said extends SpokenClip {
  userId: string;
}

/** All speak at once. Resolves when the last one is silent. */
export async function talk(sim: SimControl, voices: readonly Voice[]): Promise<Said[]> {
  const begun = await Promise.all(
    voices.map(async ({ label, userId, toneHz, packets }) => {
      const { startedAt, firstTimestamp } = await sim.speak(userId, { packets });
      return { label, userId, toneHz, startedAt, firstTimestamp, samples: decodePackets(packets) };
    }),
  );
  await Promise.all(voices.map(({ userId }) => sim.waitUntilSilent(userId)));
  return Promise.all(
    begun.map(async ({ firstTimestamp, ...said }) => ({
      ...said,
      startedAt: await spokenAt(sim, { ...said, firstTimestamp }),
    })),
  );
}

/** What a person heard through bots while this was said. */
export async function heardThrough(
  sim: SimControl,
  userId: string,
  bots: readonly string[],
  said: readonly Said[],
): Promise<Timeline> {
  const from = Math.min(...said.map(({ startedAt }) => startedAt)) - 300;
  const to = Math.max(...said.map(({ startedAt, samples }) => startedAt + samples.length / 48)) + 500;
  const packets = (await sim.heard(userId)).filter(
    ({ fromUserId }) => fromUserId !== null && bots.includes(fromUserId),
  );
  return decodeHeard(
    packets.map((packet) => ({ ...packet, opus: Buffer.from(packet.opus, 'base64') })),
    from,
    to,
  );
}

export interface Hearing extends ClipVerdict {
  /** Who listened. */
  to: string;
}

/** Judges every listener over everything that was said, by who is to hear whom. Nobody is to hear themselves. */
export function judgeAll(
  heard: ReadonlyMap<string, Timeline>,
  said: readonly Said[],
  isRouted: (from: string, to: string) => boolean,
): Hearing[] {
  return [...heard].flatMap(([to, timeline]) => {
    const routed = said.filter(({ label }) => label !== to && isRouted(label, to));
    const others = said.filter((clip) => !routed.includes(clip));
    return judge(timeline, routed, others).map((verdict) => ({ ...verdict, to }));
  });
}
