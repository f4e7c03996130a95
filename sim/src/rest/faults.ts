/** What can go wrong with REST on purpose: which requests are hit, and how. Pure; `fault-middleware.ts` does it. */
import { z } from 'zod';
import { literally } from './route-table.ts';

const effect = z.discriminatedUnion('kind', [
  /** An error of Discord's servers: their JSON, or the HTML page that Cloudflare shows in front of them. */
  z.object({
    kind: z.literal('status'),
    status: z.number().int().min(500).max(599),
    body: z.enum(['json', 'html']).default('json'),
  }),
  /** A 429 that no bucket announced. `retryAfter` in seconds. */
  z.object({
    kind: z.literal('rate_limited'),
    retryAfter: z.number().nonnegative(),
    scope: z.enum(['user', 'shared', 'global']).default('user'),
  }),
  /** Not answered until the client gives up or the faults are cleared (then it is answered as if nothing had been). */
  z.object({ kind: z.literal('hang') }),
  /** Handled this many ms late. */
  z.object({ kind: z.literal('slow'), ms: z.number().int().nonnegative() }),
  /** The connection is reset; nothing has happened. */
  z.object({ kind: z.literal('reset') }),
  /** The connection is reset after the request took effect: the client cannot know that it did. */
  z.object({ kind: z.literal('lost') }),
]);
export type FaultEffect = z.infer<typeof effect>;

export const faultSchema = z.object({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', '*']).default('*'),
  /** Below `/api/v10`, such as `/channels/123/messages`; `*` stands for one segment, `**` for any number of them. */
  path: z.string().startsWith('/'),
  /** So many requests are hit; left out: all, until cleared. */
  times: z.number().int().positive().optional(),
  effect,
});
export type RestFault = z.infer<typeof faultSchema>;

/** The faults in force, the newest first to be asked. */
export class RestFaults {
  #faults: { fault: RestFault; expression: RegExp; left: number }[] = [];
  readonly #onClear = new Set<() => void>();

  set(fault: RestFault): void {
    this.#faults.unshift({ fault, expression: glob(fault.path), left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** Ends all faults, and lets go of the requests that hang. */
  clear(): void {
    this.#faults = [];
    for (const release of this.#onClear) release();
    this.#onClear.clear();
  }

  /** Calls `release` at the next `clear`. Returns the way to forget it. */
  onClear(release: () => void): () => void {
    this.#onClear.add(release);
    return () => this.#onClear.delete(release);
  }

  /** What hits this request, which counts as hit. `path` without the `/api/v10`. */
  take(method: string, path: string): FaultEffect | undefined {
    const hit = this.#faults.find(
      ({ fault, expression }) => (fault.method === '*' || fault.method === method) && expression.test(path),
    );
    if (!hit) return undefined;
    hit.left -= 1;
    if (hit.left === 0) this.#faults = this.#faults.filter((other) => other !== hit);
    return hit.fault.effect;
  }
}

function glob(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*|\*)/);
  const source = parts.map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]+' : literally(part))).join('');
  return new RegExp(`^${source}$`);
}
