import { bridgeOf } from './bridge.ts';
import { custom } from './custom.ts';
import type { MatchPolicy } from './policy.ts';
import { REMATCH_REST_MS } from './rules.ts';
import { support } from './support.ts';

/** Policies by name. Those of the modes are always there. */
export type Registry = ReadonlyMap<string, MatchPolicy>;

/**
 * Your own policies go here; `ticket.policy` then names them. Each must pass the contract: see `docs/match-policies.md`.
 *
 * @example const ownPolicies: MatchPolicy[] = [speedDating];
 */
export const ownPolicies: MatchPolicy[] = [];

/**
 * The policies of the modes and these; `rematchRestMs`: so long last partners are kept apart.
 *
 * @throws {RangeError} when two policies have one name, or a name has a slash
 */
export function registryOf(policies: readonly MatchPolicy[], rematchRestMs = REMATCH_REST_MS): Registry {
  const registry = new Map<string, MatchPolicy>();
  for (const policy of [bridgeOf(rematchRestMs), support, custom, ...policies]) {
    if (registry.has(policy.name)) throw new RangeError(`Two match policies are called ${policy.name}: rename one.`);
    if (policy.name.includes('/')) throw new RangeError(`The match policy ${policy.name} must not have a slash.`);
    registry.set(policy.name, policy);
  }
  return registry;
}

export const registry: Registry = registryOf(ownPolicies);
