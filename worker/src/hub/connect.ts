import { type Env, fleetOf, hubOf } from '../env.ts';
import { SHARD_HEADER } from './items.ts';
import { onceAgain } from './once-again.ts';

/** So many hub objects a guild may have: 320,000 viewers by the usual setting. */
const MAX_SHARDS = 64;
/** A shard that had room is asked first for so long; then the earlier ones are looked at again. Milliseconds. */
const HINT_MS = 60_000;

/** For so long a guild that was seen is not asked for again: a crowd of connections shall not become one of calls. Milliseconds. */
const SEEN_MS = 30_000;

const seen = new Map<string, number>();
const hints = new Map<string, { shard: number; until: number }>();

/** Opens a browser's socket on the first shard of the guild's hub that has room. The browser does not see which. */
export async function connectToHub(env: Env, guildId: string, request: Request): Promise<Response> {
  const now = Date.now();
  for (const [guild, { until }] of hints) if (until <= now) hints.delete(guild);
  for (let shard = hints.get(guildId)?.shard ?? 0; ; shard += 1) {
    const asked = new Request(request);
    asked.headers.set(SHARD_HEADER, String(shard));
    const response = await onceAgain(() => hubOf(env, guildId, shard).fetch(asked));
    if (response.status !== 503 || shard + 1 >= MAX_SHARDS) return response;
    hints.set(guildId, { shard: shard + 1, until: hints.get(guildId)?.until ?? now + HINT_MS });
  }
}

/** Is a bot account of ours in this guild? */
export async function isServed(env: Env, guildId: string): Promise<boolean> {
  const now = Date.now();
  for (const [guild, until] of seen) if (until <= now) seen.delete(guild);
  if (seen.has(guildId)) return true;
  const served = await fleetOf(env).hasGuild(guildId);
  if (served) seen.set(guildId, now + SEEN_MS);
  return served;
}
