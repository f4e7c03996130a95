import type { Sight } from '../access/sight.ts';
import type { Clients } from './clients.ts';
import type { HubCounters } from './counters.ts';
import type { Published } from './items.ts';
import { type Frame, frameOf, type Sender } from './sender.ts';
import { type AnyHubEvent, shownAs, subjectOf } from './visibility.ts';

/** Events carry the sequence of the last durable one when they are ephemeral, and are never old then. */
const ephemeral: ReadonlySet<string> = new Set([
  'voice.speaking',
  'session.stats',
  'recording.progress',
  'caption.partial',
]);
export const isEphemeral = ({ event }: AnyHubEvent): boolean => ephemeral.has(event);

/**
 * Sends one event to everybody who may see it. Put into words once for each sight, not for each client; nothing is stored and
 * nothing awaited on the way.
 */
export function fanOut(parts: { clients: Clients; sender: Sender; counters: HubCounters }, published: Published): void {
  const { clients, sender, counters } = parts;
  const { event } = published;
  const now = Date.now();
  const subject = subjectOf(event);
  const frames = new Map<Sight, Frame | null>();
  let whole: Frame | undefined;
  let lastSight: Sight | null = null;
  let lastFrame: Frame | null = null;
  let sent = 0;
  let bytes = 0;
  for (const client of clients.all()) {
    const { viewer, sight } = client;
    if (client.stage !== 'ready' || !viewer || client.closeAt <= now) continue;
    if (client.pending) {
      client.pending.push(published);
      continue;
    }
    if (!sight || (event.seq <= client.through && !isEphemeral(event))) continue;
    let frame: Frame | null = null;
    if (viewer.userId === subject) {
      whole ??= frameOf(event);
      frame = whole;
    } else if (viewer.scope === 'guild') {
      // Most see the same as the one before them.
      if (sight !== lastSight) {
        lastSight = sight;
        lastFrame = frameFor(frames, sight, published);
      }
      frame = lastFrame;
    }
    if (!frame || !sender.sendFrame(client, frame)) continue;
    sent += 1;
    bytes += frame.bytes;
  }
  if (sent === 0) return;
  counters.count('hub_frames_total', {}, sent);
  counters.count('hub_bytes_total', {}, bytes);
}

function frameFor(frames: Map<Sight, Frame | null>, sight: Sight, published: Published): Frame | null {
  let frame = frames.get(sight);
  if (frame === undefined) {
    const shown = shownAs(sight, published);
    frame = shown && frameOf(shown);
    frames.set(sight, frame);
  }
  return frame;
}
