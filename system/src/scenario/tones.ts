/** The tones of calls, as the people of a channel hear them. */
import type { SimControl } from '@patchbay/sim/control-client';

/** A frame of silence is three bytes long. */
export const isSilence = (opus: string) => Buffer.from(opus, 'base64').length <= 3;

/** What a person heard through these bots since it was last cleared, packet by packet. */
export async function heardFrom(sim: SimControl, userId: string, bots: readonly string[]): Promise<string[]> {
  return (await sim.heard(userId)).flatMap(({ fromUserId, opus }) =>
    fromUserId !== null && bots.includes(fromUserId) ? [opus] : [],
  );
}

/** Waits until each of these people heard a tone to its end: sound, and silence after it. */
export async function tonesHeard(sim: SimControl, userIds: readonly string[], bots: readonly string[]): Promise<void> {
  for (const userId of userIds) {
    await sim.until(
      async () => {
        const packets = await heardFrom(sim, userId, bots);
        return packets.some((opus) => !isSilence(opus)) && isSilence(packets.at(-1) ?? '');
      },
      { what: `the end of the tone for ${userId}` },
    );
  }
}
