import { u16 } from '../mls/codec.ts';
import { type CommitWelcome, welcomeFor } from '../mls/commit.ts';
import type { KeyPackage } from '../mls/key-package.ts';
import type { Proposal } from '../mls/proposal.ts';
import { Opcode } from '../opcodes.ts';
import type { Group } from './group.ts';
import type { Members } from './members.ts';

interface Audience {
  members: Members;
  group: Group;
  /** Users of the old epoch. */
  told: readonly string[];
  /** What the commit changes, in its order. */
  changes: readonly Proposal['change'][];
}

/**
 * Announces a commit that has won: op 29 to who was in the group before (the committer included), op 30 with their own
 * Welcome to those who were added. Answers who is to confirm it (op 23).
 */
export function announceCommit(
  commit: CommitWelcome,
  transitionId: number,
  { members, group, told, changes }: Audience,
): Set<string> {
  const waiting = new Set<string>();
  for (const userId of told) {
    const member = members.get(userId);
    if (member?.leaf === undefined) continue;
    waiting.add(userId);
    const payload = Buffer.concat([u16(transitionId), commit.commit]);
    member.participant.sendBinary(Opcode.DaveMlsAnnounceCommitTransition, payload);
  }
  for (const change of changes) {
    if (change.kind !== 'add') continue;
    const { userId } = change.keyPackage;
    const leaf = group.add(userId);
    if (welcome(members, change.keyPackage, leaf, commit, transitionId)) waiting.add(userId);
    else group.abandon(leaf);
  }
  return waiting;
}

/** Sends an added member their Welcome, if they are still the same. */
function welcome(
  members: Members,
  keyPackage: KeyPackage,
  leaf: number,
  commit: CommitWelcome,
  transitionId: number,
): boolean {
  const member = members.get(keyPackage.userId);
  const cut = commit.welcome && welcomeFor(commit.welcome, keyPackage.ref);
  if (!cut || member?.keyPackage?.ref.equals(keyPackage.ref) !== true) return false;
  member.leaf = leaf;
  member.keyPackage = undefined;
  member.participant.sendBinary(Opcode.DaveMlsWelcome, Buffer.concat([u16(transitionId), cut]));
  return true;
}
