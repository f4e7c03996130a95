import { FRAME_SAMPLES, SAMPLE_RATE } from '../audio/packet.ts';
import { tones } from '../audio/tones/tones.ts';
import { Bridge } from '../bridge/bridge.ts';
import type { Scheduler } from '../ops/scheduler.ts';
import type { SessionLeg } from './session-leg.ts';

/** What a farewell delays the leaving of a leg by. ms. */
export const FAREWELL_MS = (tones.end.packets.length * FRAME_SAMPLES * 1000) / SAMPLE_RATE;

/** Plays the end tone to legs that leave; resolves when it was played. No bridge may send to them any more. */
export async function farewell(legs: readonly SessionLeg[], scheduler: Scheduler): Promise<void> {
  const there = legs.filter(({ leg }) => leg.state.kind === 'ready');
  if (there.length === 0) return;
  for (const leg of there) leg.newSender();
  const bridge = new Bridge({ legs: there, routes: [], scheduler });
  for (const { legId } of there) bridge.play(legId, tones.end);
  await new Promise<void>((resolve) => void scheduler.after(FAREWELL_MS, resolve));
  bridge.close();
}
