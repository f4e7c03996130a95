/** What is live in a bridge, for those who only look. Pure. */
import type { Output } from './output.ts';
import type { Speaker } from './speaker.ts';

/** What is live of one leg. */
export interface LegLive {
  legId: string;
  /** Half of the voices' packets that it was sent in the last seconds were held up for no longer. ms; absent: none were sent. */
  delayMs?: number;
  /** Which of its people spoke in the last seconds, in order. */
  spoke: string[];
}

/** Who spoke so lately counts as speaking: pauses between sentences do not make a picture flicker. ms. */
export const SPOKE_MS = 3_000;
/** As many as the protocol takes. */
const MOST_SPEAKERS = 100;

export function liveOf(
  outputs: readonly Pick<Output, 'leg' | 'delay'>[],
  speakers: Iterable<Pick<Speaker, 'legId' | 'userId' | 'lastVoiceAt'>>,
  now: number,
): LegLive[] {
  const spoke = [...speakers].filter(({ lastVoiceAt }) => now - lastVoiceAt <= SPOKE_MS);
  return outputs.map(({ leg: { legId }, delay }) => {
    const delayMs = delay.p50(now);
    const own = spoke.flatMap((speaker) => (speaker.legId === legId ? [speaker.userId] : []));
    return { legId, spoke: own.sort().slice(0, MOST_SPEAKERS), ...(delayMs === undefined ? {} : { delayMs }) };
  });
}
