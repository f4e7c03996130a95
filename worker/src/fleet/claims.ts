import type { WorkerMessage } from '@patchbay/shared/control-messages';
import { claimIdentity } from './placement.ts';
import type { ControlSockets } from './sockets.ts';
import type { FleetStore, IdentityReport } from './store.ts';

/**
 * Leases to a node the identities that it reports, each under an epoch. One that another node holds by right is revoked on this
 * socket; one that changes its owner is revoked at the earlier owner.
 */
export function claimIdentities(
  fleet: { store: FleetStore; sockets: ControlSockets },
  socket: WebSocket,
  node: { nodeId: string; bootId: string },
  reports: readonly IdentityReport[],
): { identityId: string; epoch: number }[] {
  const { store, sockets } = fleet;
  const { nodeId, bootId } = node;
  const granted: { identityId: string; epoch: number }[] = [];
  for (const [rank, report] of reports.entries()) {
    const { identityId } = report;
    store.setMemberships(report);
    const known = store.owner(identityId);
    const owner = known && { ...known, online: sockets.of(known.nodeId).length > 0 };
    const { granted: mine, epoch } = claimIdentity(owner, { nodeId, bootId });
    const revoked: WorkerMessage = { v: 1, type: 'identity.revoked', identityId, epoch };
    if (!mine) {
      sockets.send(socket, revoked);
      continue;
    }
    store.putOwner(identityId, { nodeId, bootId, epoch }, rank);
    granted.push({ identityId, epoch });
    if (known && known.nodeId !== nodeId) sockets.tell(known.nodeId, revoked);
  }
  return granted;
}
