/** How often and in how many shards an application may identify (https://discord.com/developers/docs/events/gateway#rate-limiting). */

export interface StartLimitSettings {
  /** Recommended by `/gateway/bot`. */
  shards: number;
  maxConcurrency: number;
  /** Identifies of one bucket must lie this far apart, in ms. Discord: 5,000; 0 (the default here) lets bots restart at will. */
  identifyWindowMs: number;
  /** IDENTIFYs in 24 hours. */
  sessionStarts: number;
  /** A shard that would serve more than so many guilds is refused with 4011. */
  guildsPerShard: number;
}

const defaults: StartLimitSettings = {
  shards: 1,
  maxConcurrency: 1,
  identifyWindowMs: 0,
  sessionStarts: 1_000,
  guildsPerShard: 2_500,
};
const dayMs = 86_400_000;

interface Counted {
  settings: StartLimitSettings;
  used: number;
  since: number;
  lastByBucket: Map<number, number>;
}

export class StartLimits {
  readonly #byApplication = new Map<string, Counted>();
  readonly #now: () => number;
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  settings(applicationId: string): StartLimitSettings {
    return this.#of(applicationId).settings;
  }

  change(applicationId: string, change: Partial<StartLimitSettings>): StartLimitSettings {
    return Object.assign(this.#of(applicationId).settings, change);
  }

  /** Counts an IDENTIFY: `too_soon` is answered with op 9, `exhausted` ends all sessions of the bot (Discord resets its token). */
  take(applicationId: string, shardId: number): 'ok' | 'too_soon' | 'exhausted' {
    const counted = this.#of(applicationId);
    const { maxConcurrency, identifyWindowMs, sessionStarts } = counted.settings;
    if (counted.used >= sessionStarts) return 'exhausted';
    counted.used += 1;
    const bucket = shardId % maxConcurrency;
    const last = counted.lastByBucket.get(bucket);
    if (last !== undefined && this.#now() - last < identifyWindowMs) return 'too_soon';
    counted.lastByBucket.set(bucket, this.#now());
    return 'ok';
  }

  /** `session_start_limit` of `GET /gateway/bot`. */
  shape(applicationId: string) {
    const { settings, used, since } = this.#of(applicationId);
    return {
      total: settings.sessionStarts,
      remaining: Math.max(0, settings.sessionStarts - used),
      reset_after: Math.max(0, since + dayMs - this.#now()),
      max_concurrency: settings.maxConcurrency,
    };
  }

  #of(applicationId: string): Counted {
    const fresh = { used: 0, since: this.#now(), lastByBucket: new Map() };
    const known = this.#byApplication.get(applicationId);
    if (!known) {
      const made: Counted = { settings: { ...defaults }, ...fresh };
      this.#byApplication.set(applicationId, made);
      return made;
    }
    if (this.#now() - known.since >= dayMs) Object.assign(known, fresh);
    return known;
  }
}
