/** How long a bot holds packets up: one member speaks, one of the other side listens, and each packet is found again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimControl } from '@patchbay/sim/control-client';
import type { PlayedSide } from '../scenario/world.ts';
import { type Matches, matchByContent, matchByPayload } from './match.ts';
import { percentile } from './row.ts';

export type Sides = readonly [PlayedSide, PlayedSide];

/** About 20 s of speech. */
const CLIPS = ['ada-1', 'ada-2', 'ada-3', 'ada-1', 'ada-2', 'ada-3', 'ada-1', 'ada-2', 'ada-3'];
/**
 * Between two clips. The usual bot needs 100 ms without a packet to notice that somebody starts again: with a shorter pause it
 * loses the whole next sentence, and nothing could be compared. ms.
 */
export const PAUSE_MS = 500;
/** The slowest bot has sent its last packet by then. ms. */
const LAST_PACKETS_MS = 1_000;
/** With fewer packets found than this share of those that were sought, a percentile would be that of the lucky ones. */
const LEAST_FOUND = 0.8;

export interface Heard {
  byPayload: Matches;
  byContent: Matches;
}

/** Speaks and listens. One clip goes ahead: the first packets of a room meet cold code. */
export async function listen(sim: SimControl, both: Sides, botUserId: string, pauseMs = PAUSE_MS): Promise<Heard> {
  const [speaker, listener] = [both[0].members[0], both[1].members[0]];
  if (!speaker || !listener) throw new Error('Each side of the scene has a member.');
  await Promise.all([sim.ready(speaker.userId), sim.ready(listener.userId)]);
  const say = async (clip: string) => {
    await sim.speak(speaker.userId, { clip });
    await sim.waitUntilSilent(speaker.userId);
    await sleep(pauseMs);
  };
  await say('ada-1');
  await sleep(LAST_PACKETS_MS);
  await Promise.all([sim.clearHeard(speaker.userId), sim.clearHeard(listener.userId)]);
  for (const clip of CLIPS) await say(clip);
  await sleep(LAST_PACKETS_MS);
  const spoken = (await sim.spoken(speaker.userId)).map((packet) => ({
    ...packet,
    opus: Buffer.from(packet.opus, 'base64'),
  }));
  const heard = (await sim.heard(listener.userId))
    .filter(({ fromUserId }) => fromUserId === botUserId)
    .map((packet) => ({ ...packet, opus: Buffer.from(packet.opus, 'base64') }));
  return { byPayload: matchByPayload(spoken, heard), byContent: matchByContent(spoken, heard) };
}

/** A percentile of the delays in ms, or why there is none. */
export function delay({ delays, sought }: Matches, share: number): number | string {
  if (delays.length < LEAST_FOUND * sought || delays.length === 0) {
    return `only ${delays.length} of ${sought} packets were found again at the listener's`;
  }
  return percentile(delays, share);
}

export const describe = ({ delays, sought }: Matches): string =>
  delays.length === 0
    ? `none of ${sought} packets found`
    : `p50 ${percentile(delays, 0.5).toFixed(2)} ms, p99 ${percentile(delays, 0.99).toFixed(2)} ms (${delays.length} of ${sought} packets)`;
