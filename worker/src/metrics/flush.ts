/** Takes what this isolate counted to the `Metrics` object: a moment after it happened, many counts in one call. */
import { env, waitUntil } from 'cloudflare:workers';
import { type Env, metricsOf } from '../env.ts';
import { onCount, putBack, take } from './registry.ts';

/** Counts are gathered for so long. Milliseconds. */
const GATHER_MS = 100;
/** The request that was to hand them over may have been cut off: after this time another one does. Milliseconds. */
const LOST_MS = 5_000;

let announcedAt = 0;

/** Hands over what is there. A failure keeps it for the next time. */
export async function flush(): Promise<void> {
  const deltas = take();
  if (deltas.length === 0) return;
  try {
    await metricsOf(env as unknown as Env).count(deltas);
  } catch (error) {
    putBack(deltas);
    console.warn('metrics: counts were not taken, they are kept', error);
  }
}

/** From here on every count is handed over by itself. */
export function startFlushing(): void {
  onCount(() => {
    const now = Date.now();
    if (now - announcedAt < LOST_MS) return;
    announcedAt = now;
    waitUntil(
      scheduler.wait(GATHER_MS).then(() => {
        announcedAt = 0;
        return flush();
      }),
    );
  });
}
