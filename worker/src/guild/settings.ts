/** What can be set up for a channel, and how a server's defaults and a channel's own settings make one. Pure. */
import { afterEndSchema } from '@patchbay/shared/end-reason';
import { snowflake } from '@patchbay/shared/ids';
import { MATCH_MAX_TICKETS } from '@patchbay/shared/match';
import { z } from 'zod';
import { matrixText, parseMatrix } from './matrix.ts';
import { MAX_RECORD_RULES, type RecordRule, recordRuleSchema } from './record-policy.ts';

/**
 * What a channel's calls are: two channels at once, a desk's caller or its staff, or what a policy makes of it. A `monitor` makes
 * none: it listens to those of its server.
 */
export const channelModes = ['bridge', 'support-caller', 'support-staff', 'custom', 'monitor'] as const;
export const regions = ['europe', 'north-america', 'south-america', 'asia', 'africa', 'oceania'] as const;

/** Everything that can be set; a channel's own settings and a server's defaults hold a part of it. */
const fields = z.strictObject({
  mode: z.enum(channelModes),
  /** The queue that the channel waits in. A name of digits is the private pool of the server with that id. */
  pool: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
  /** Primary tag of BCP 47. */
  language: z.string().regex(/^[a-z]{2,3}$/),
  region: z.enum(regions),
  priority: z.int().min(0).max(9),
  record: z.boolean(),
  /** The other side reads "Another server" instead of this server's name. */
  anonymous: z.boolean(),
  /** Name of a match policy, for mode `custom`. */
  policy: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
  /** Who hears whom, for mode `custom`: see `matrix.ts`. */
  matrix: matrixText,
  /** The seat of the matrix that the channel takes, from 1; without it any that is not reserved. */
  seat: z.int().min(1).max(MATCH_MAX_TICKETS),
  after: afterEndSchema,
  cooldownSeconds: z.int().min(1).max(86_400),
  /** Length of a call; 0 = until nobody is left. */
  limitSeconds: z.int().min(0).max(86_400),
  /** How long before the limit people are warned; 0 = never. */
  warnSeconds: z.int().min(0).max(3_600),
  /** The channel queues with so many people or more. */
  leastPeople: z.int().min(1).max(50),
  /** Text channel of the panel. */
  panel: snowflake,
  /** What people write in the channel's text chat goes to the other side, where that one wants it too. */
  relay: z.boolean(),
  /** When channels are recorded without being asked to. Only among a server's defaults. */
  recordRules: z.array(recordRuleSchema).max(MAX_RECORD_RULES),
  /** Length of a recording; 0 = until nobody is left. */
  recordLimitSeconds: z.int().min(0).max(86_400),
  /** The Discord role whose members are staff (`access/roles.ts`). Only among a server's defaults. */
  staffRole: snowflake,
  /** `false`: reports do not seal what this server's people say. Only among a server's defaults. */
  sealReports: z.boolean(),
  /** Days that chunks, and all of a recording, are kept; 0 = for ever. Only among a server's defaults. */
  chunkDays: z.int().min(0).max(3_650),
  recordingDays: z.int().min(0).max(3_650),
  /** Who gets a mail about each recording. Only among a server's defaults. */
  mailTo: z.array(z.email().max(200)).max(20),
});

/** What is stored for a channel, or as a server's defaults: what was set, nothing else. */
export const storedSettingsSchema = fields.partial();
export type StoredSettings = z.infer<typeof storedSettingsSchema>;
export type SettingName = keyof StoredSettings;
/** A change: `null` takes a setting back to its default. */
export type SettingsPatch = { [K in SettingName]?: StoredSettings[K] | null | undefined };

/** The settings that hold for a channel; what nobody set and what has no default of its own is `null`. */
export interface ChannelSettings {
  mode: (typeof channelModes)[number];
  pool: string;
  language: string | null;
  region: string | null;
  priority: number;
  record: boolean;
  anonymous: boolean;
  policy: string | null;
  matrix: string | null;
  seat: number | null;
  after: z.infer<typeof afterEndSchema>;
  /** `null`: the deployment's `COOLDOWN_MS`. */
  cooldownSeconds: number | null;
  /** `null`: the deployment's `CALL_LIMIT_SECONDS`. */
  limitSeconds: number | null;
  /** `null`: as the deployment sets it. */
  warnSeconds: number | null;
  leastPeople: number;
  panel: string | null;
  relay: boolean;
  recordRules: readonly RecordRule[];
  /** `null`: the deployment's `RECORD_LIMIT_SECONDS`. */
  recordLimitSeconds: number | null;
  staffRole: string | null;
  sealReports: boolean;
}

export const DEFAULT_POOL = 'default';

/** A channel's own settings over its server's defaults over ours. A desk's channels wait in their server's own pool. */
export function resolveSettings(guildId: string, ...layers: readonly StoredSettings[]): ChannelSettings {
  const set: StoredSettings = Object.assign({}, ...layers);
  const mode = set.mode ?? 'bridge';
  const desk = mode === 'support-caller' || mode === 'support-staff';
  return {
    mode,
    pool: set.pool ?? (desk ? guildId : DEFAULT_POOL),
    language: set.language ?? null,
    region: set.region ?? null,
    priority: set.priority ?? 0,
    record: set.record ?? false,
    anonymous: set.anonymous ?? false,
    policy: set.policy ?? null,
    matrix: set.matrix ?? null,
    seat: set.seat ?? null,
    after: set.after ?? 'requeue',
    cooldownSeconds: set.cooldownSeconds ?? null,
    limitSeconds: set.limitSeconds ?? null,
    warnSeconds: set.warnSeconds ?? null,
    leastPeople: set.leastPeople ?? 1,
    panel: set.panel ?? null,
    relay: set.relay ?? false,
    recordRules: set.recordRules ?? [],
    recordLimitSeconds: set.recordLimitSeconds ?? null,
    staffRole: set.staffRole ?? null,
    sealReports: set.sealReports ?? true,
  };
}

export type PatchAnswer =
  | { ok: true; settings: StoredSettings }
  /** `code`: `wrong_` and the name of the setting that is wrong, or a rule of its own. */
  | {
      ok: false;
      code: `wrong_${SettingName}` | 'pool_private' | 'warn_after_limit' | 'policy_without_custom' | 'seat_outside';
    };

/**
 * The settings after a change, or the first thing that is wrong with it; nothing of a wrong change is taken.
 *
 * @example applyPatch('1', {}, { priority: 99 }) // { ok: false, code: 'wrong_priority' }
 */
export function applyPatch(guildId: string, before: StoredSettings, patch: SettingsPatch): PatchAnswer {
  const wanted = Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null && value !== undefined);
  const parsed = storedSettingsSchema.safeParse(Object.fromEntries(wanted));
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0] ?? 'mode') as SettingName;
    return { ok: false, code: `wrong_${name}` };
  }
  const { pool, limitSeconds, warnSeconds, policy, matrix, seat, mode } = parsed.data;
  // Whoever waits in a desk's pool meets its callers: only the server itself may.
  if (pool !== undefined && /^\d+$/.test(pool) && pool !== guildId) return { ok: false, code: 'pool_private' };
  if (limitSeconds && warnSeconds && warnSeconds >= limitSeconds) return { ok: false, code: 'warn_after_limit' };
  const custom = policy ?? matrix ?? seat;
  if (custom !== undefined && mode !== 'custom') return { ok: false, code: 'policy_without_custom' };
  const seats = parseMatrix(matrix ?? '')?.size ?? 0;
  if (seat !== undefined && seat > seats) return { ok: false, code: 'seat_outside' };
  return { ok: true, settings: parsed.data };
}
