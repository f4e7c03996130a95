/**
 * With several identities in one guild, only one reports voice states: the lowest id that is connected. Pure.
 */
export function reporterOf(candidates: Iterable<{ identityId: string; connected: boolean }>): string | undefined {
  let lowest: string | undefined;
  for (const { identityId, connected } of candidates) {
    if (connected && (lowest === undefined || BigInt(identityId) < BigInt(lowest))) lowest = identityId;
  }
  return lowest;
}
