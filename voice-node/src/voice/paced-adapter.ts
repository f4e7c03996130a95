/**
 * Paces joining. The library answers every lost voice connection with an op 4 at once: an endpoint that cannot be reached
 * made it send 1,445 of them in two seconds.
 */
import type { DiscordGatewayAdapterCreator } from '@discordjs/voice';
import { backoffMs } from '../ops/backoff.ts';

/** A connection that held so long was a good one: counting starts anew. Milliseconds. */
const GOOD_AFTER_MS = 10_000;

/** When the next join may go out. Pure. */
export class JoinPace {
  #attempts = 0;
  #readySince: number | undefined;
  readonly #most: number;

  constructor(mostAttempts: number) {
    this.#most = mostAttempts;
  }

  get attempts(): number {
    return this.#attempts;
  }

  ready(now: number): void {
    this.#readySince ??= now;
  }

  /** Waiting time in ms before this join, or 'give up'. */
  next(now: number): number | 'give up' {
    if (this.#readySince !== undefined && now - this.#readySince >= GOOD_AFTER_MS) this.#attempts = 0;
    this.#readySince = undefined;
    this.#attempts += 1;
    if (this.#attempts > this.#most) return 'give up';
    // Once lost after a good time, the first repetition goes out at once, like the very first join.
    return this.#attempts === 1 ? 0 : backoffMs(this.#attempts - 2);
  }
}

export interface Pacing {
  pace: JoinPace;
  now: () => number;
  /** No more tries are left. */
  onGiveUp: () => void;
  onJoin?: (attempt: number) => void;
}

/** Wraps an adapter so that joins are paced; leaving goes out at once and cancels a waiting join. */
export function pacedAdapter(
  inner: DiscordGatewayAdapterCreator,
  { pace, now, onGiveUp, onJoin }: Pacing,
): DiscordGatewayAdapterCreator {
  return (methods) => {
    const adapter = inner(methods);
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const send = (payload: unknown): boolean => adapter.sendPayload(payload);
    return {
      sendPayload(payload: { d: { channel_id: string | null } }) {
        clearTimeout(waiting);
        if (payload.d.channel_id === null) return send(payload);
        const delay = pace.next(now());
        if (delay === 'give up') {
          // Not from inside the library's own transition: it would go on with a destroyed connection.
          setImmediate(onGiveUp);
          return true;
        }
        onJoin?.(pace.attempts);
        if (delay === 0 && send(payload)) return true;
        // With the gateway away the join waits too, and is counted, instead of failing at once.
        const attempt = (): void => {
          if (send(payload)) return;
          const again = pace.next(now());
          if (again === 'give up') onGiveUp();
          else waiting = setTimeout(attempt, again);
        };
        waiting = setTimeout(attempt, delay || 1_000);
        return true;
      },
      destroy() {
        clearTimeout(waiting);
        adapter.destroy();
      },
    };
  };
}
