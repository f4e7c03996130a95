/** When a channel is recorded by itself, and when it is not again. Pure: facts in, a verdict out. */
import type { EndReason } from '@patchbay/shared/end-reason';
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';

/** As people called it when the rule was made; for lists alone. */
const name = z.string().max(100);

/** When a channel is recorded without being asked to. */
export const recordRuleSchema = z.discriminatedUnion('kind', [
  /** Voice channels that are made under this category from now on: when somebody joins. */
  z.strictObject({ kind: z.literal('category'), categoryId: snowflake, name }),
  z.strictObject({ kind: z.literal('people'), channelId: snowflake, least: z.int().min(1).max(99), name }),
  z.strictObject({ kind: z.literal('user'), channelId: snowflake, userId: snowflake, name }),
  z.strictObject({ kind: z.literal('role'), channelId: snowflake, roleId: snowflake, name }),
]);
export type RecordRule = z.infer<typeof recordRuleSchema>;
export type RecordTrigger = RecordRule['kind'];

/** The most rules of a server. */
export const MAX_RECORD_RULES = 50;

/** Names a rule: a second one with the same key takes its place. */
export function ruleKey(rule: RecordRule): string {
  if (rule.kind === 'category') return `category:${rule.categoryId}`;
  if (rule.kind === 'people') return `people:${rule.channelId}`;
  return rule.kind === 'user' ? `user:${rule.channelId}:${rule.userId}` : `role:${rule.channelId}:${rule.roleId}`;
}

/** What counts when a channel is looked at. */
export interface RecordSituation {
  channelId: string;
  /** The category under which it was made while the bot watched; `null`: it was there before, or lies in none. */
  madeIn: string | null;
  /** People in it, without bots. */
  people: readonly string[];
  /** Discord roles of people, as far as they are known. */
  rolesOf: ReadonlyMap<string, readonly string[]>;
  /** It is recorded, or about to be. */
  recorded: boolean;
  /** It was told not to be recorded, until everybody has left once. */
  held: boolean;
  /** Not before this instant, after a failure. Milliseconds. */
  restUntil: number;
  /** There is a bot account for it. */
  identityFree: boolean;
}

export type RecordVerdict =
  | { kind: 'start'; trigger: RecordTrigger }
  /** Somebody may have a role that counts: their roles have to be asked for. */
  | { kind: 'ask'; userIds: string[] }
  /** Nobody is left: what was held is free, failures are forgotten. */
  | { kind: 'forget' }
  | { kind: 'none' };

/** What to do with a channel after people came or left, or rules changed; `now` in milliseconds. */
export function decideRecording(rules: readonly RecordRule[], channel: RecordSituation, now: number): RecordVerdict {
  if (channel.people.length === 0) return { kind: 'forget' };
  if (channel.recorded || channel.held || channel.restUntil > now || !channel.identityFree) return { kind: 'none' };
  const own = rules.filter((rule) => isAbout(rule, channel));
  const found = own.find((rule) => isMet(rule, channel));
  if (found) return { kind: 'start', trigger: found.kind };
  const unknown = channel.people.filter((userId) => !channel.rolesOf.has(userId));
  const asks = own.some(({ kind }) => kind === 'role') && unknown.length > 0;
  return asks ? { kind: 'ask', userIds: unknown } : { kind: 'none' };
}

const isAbout = (rule: RecordRule, { channelId, madeIn }: RecordSituation): boolean =>
  rule.kind === 'category' ? rule.categoryId === madeIn : rule.channelId === channelId;

function isMet(rule: RecordRule, { people, rolesOf }: RecordSituation): boolean {
  if (rule.kind === 'category') return true;
  if (rule.kind === 'people') return people.length >= rule.least;
  if (rule.kind === 'user') return people.includes(rule.userId);
  return people.some((userId) => rolesOf.get(userId)?.includes(rule.roleId));
}

/** Nobody's wish: the next try may go better. */
const mendable: ReadonlySet<EndReason> = new Set(['error', 'node_lost', 'no_identity']);
/** Nobody was there any more: the rule counts again as soon as somebody comes. */
const left: ReadonlySet<EndReason> = new Set(['empty', 'user_left', 'channel_deleted']);
/** The longest rest after failures. Milliseconds. */
const LONGEST_REST_MS = 600_000;

/**
 * What a rule waits for after a recording ended: until everybody has left once (somebody wanted no more of it, or it can not be), or
 * a rest that doubles with each failure in a row. `failures` counts this one.
 */
export function afterRecording(
  reason: EndReason,
  failures: number,
  faultMs: number,
): { held: boolean; restMs: number; failed: boolean } {
  if (mendable.has(reason)) {
    return { held: false, restMs: Math.min(LONGEST_REST_MS, faultMs * 2 ** Math.max(0, failures - 1)), failed: true };
  }
  return { held: !left.has(reason), restMs: 0, failed: false };
}

/** Ends of which the channel is told why: it was to be recorded, and is not. */
export function isTrouble(reason: EndReason): boolean {
  return mendable.has(reason) || reason === 'notice_refused';
}
