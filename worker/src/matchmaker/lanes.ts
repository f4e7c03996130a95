import { PatchbayError } from '@patchbay/shared/errors';
import type { Ticket } from '@patchbay/shared/match';
import type { MatchPolicy } from './policies/policy.ts';
import type { Registry } from './policies/registry.ts';
import { sideOf } from './policies/rules.ts';

/** Where a ticket waits: only tickets of one lane meet; a lane with sides has a line for each. */
export interface Spot {
  lane: string;
  side: string;
  /** Whom it is alike to, within its line. */
  group: string;
}

/** Sides of a lane; all others have only `''`. */
export const SIDES = ['', 'caller', 'staff'] as const;

/** Ages, modes and policies never share a lane, whatever the policy says. */
export function spotOf(ticket: Ticket, registry: Registry): Spot {
  const name = ticket.policy ?? ticket.mode;
  const head = `${ticket.mode}/${name}/${ticket.ageRestricted ? 'adult' : 'general'}`;
  const policy = policyOf(head, registry);
  return { lane: `${head}/${policy.lane?.(ticket) ?? ''}`, side: sideOf(ticket), group: policy.group(ticket) };
}

/** The policy of a lane; that of its mode when the one that it names was taken out of the registry. */
export function policyOf(lane: string, registry: Registry): MatchPolicy {
  const [mode = '', name = ''] = lane.split('/');
  const policy = registry.get(name) ?? registry.get(mode);
  if (!policy)
    throw new PatchbayError('policy_missing', `There is no match policy for the mode ${mode}: register one.`);
  return policy;
}

/** The side whose tickets a newcomer of `side` is looked for among. */
export function oppositeOf(side: string): string {
  if (side === 'caller') return 'staff';
  return side === 'staff' ? 'caller' : '';
}
