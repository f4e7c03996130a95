import type { NodeEventDraft } from '@patchbay/shared/events';
import { AuditLogEvent } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { VirtualTime } from '../ops/virtual-time.ts';
import { auditEntryOf } from './audit-evidence.ts';
import { DropOuts, REJOIN_GRACE_MS } from './drop-outs.ts';

const person = (userId: string, channelId: string) => {
  return { userId, channelId, bot: false, displayName: userId, selfMute: false, selfDeaf: false };
};

function scene() {
  const time = new VirtualTime();
  const told: string[] = [];
  const looks: string[] = [];
  const dropOuts = new DropOuts({
    time,
    report: (drafts) => {
      for (const draft of drafts) {
        if (draft.type !== 'voice.cause') throw new Error(`${draft.type} was not expected`);
        const { userId, channelId, cause } = draft;
        told.push(`${userId} ${channelId ?? 'left'} ${cause.kind} ${cause.certainty}`);
      }
    },
    look: (guildId) => looks.push(guildId),
  });
  const follow = (draft: NodeEventDraft, sessionId?: string) =>
    dropOuts.follow([{ at: time.now(), ...draft }], sessionId);
  return {
    time,
    looks,
    dropOuts,
    told: () => told.splice(0),
    pass: (ms: number) => time.runUntil(time.now() + ms),
    leaves: (userId: string, sessionId?: string, guildId = '1', channelId = '10') =>
      follow(
        {
          type: 'voice.left',
          guildId,
          userId,
          previousChannelId: channelId,
          bot: false,
          cause: { kind: 'unknown', certainty: 0 },
        },
        sessionId,
      ),
    joins: (userId: string, channelId: string, sessionId?: string, guildId = '1') =>
      follow({ type: 'voice.joined', guildId, member: person(userId, channelId) }, sessionId),
    moves: (userId: string, channelId: string, sessionId?: string) =>
      follow(
        { type: 'voice.moved', guildId: '1', previousChannelId: '10', member: person(userId, channelId) },
        sessionId,
      ),
    deletes: (channelId: string) => follow({ type: 'channel.deleted', guildId: '1', channelId }),
    entry: (id: string, action: AuditLogEvent, more: { count?: number; to?: string; target?: string } = {}) => {
      const entry = auditEntryOf({
        id,
        action_type: action,
        target_id: more.target ?? null,
        options: { count: String(more.count ?? 1), ...(more.to ? { channel_id: more.to } : {}) },
      });
      if (entry) dropOuts.audit('1', entry);
    },
  };
}

test('a disconnection by a moderator, whichever of the two messages comes first', () => {
  const { leaves, entry, told, pass } = scene();
  leaves('31');
  entry('e1', AuditLogEvent.MemberDisconnect);
  expect(told()).toEqual(['31 left moderator 0.95']);
  pass(60_000);
  entry('e2', AuditLogEvent.MemberDisconnect);
  leaves('32');
  expect(told()).toEqual(['32 left moderator 0.95']);
  pass(60_000);
  expect(told()).toEqual([]);
});

test('a disconnection that only raises the count of an entry is found by reading the log again', () => {
  const { leaves, entry, told, pass, looks, dropOuts } = scene();
  leaves('31');
  expect(looks).toEqual([]);
  entry('e1', AuditLogEvent.MemberDisconnect);
  told();
  pass(60_000);
  leaves('32');
  leaves('33');
  pass(1_000);
  expect(looks).toEqual(['1']);
  entry('e1', AuditLogEvent.MemberDisconnect, { count: 3 });
  dropOuts.looked('1');
  expect(told()).toEqual(['32 left moderator 0.95', '33 left moderator 0.95']);
  // Read again without news: they went by themselves.
  pass(60_000);
  leaves('34');
  pass(1_000);
  expect(looks).toEqual(['1', '1']);
  entry('e1', AuditLogEvent.MemberDisconnect, { count: 3 });
  dropOuts.looked('1');
  pass(REJOIN_GRACE_MS);
  expect(told()).toEqual(['34 left left 0.7']);
});

test('two leaves and one disconnection: nobody knows whose it was, and nobody is accused', () => {
  const { leaves, entry, told, pass } = scene();
  leaves('31');
  leaves('32');
  entry('e1', AuditLogEvent.MemberDisconnect);
  expect(told()).toEqual([]);
  pass(REJOIN_GRACE_MS);
  expect(told()).toEqual(['31 left left 0.7', '32 left left 0.7']);
});

test('a kick names its target and is sure; a move is matched by its channel', () => {
  const { leaves, moves, entry, told, pass } = scene();
  leaves('31');
  leaves('32');
  entry('e1', AuditLogEvent.MemberKick, { target: '32' });
  expect(told()).toEqual(['32 left moderator 1']);
  moves('33', '12');
  entry('e2', AuditLogEvent.MemberMove, { to: '13' });
  expect(told()).toEqual([]);
  entry('e3', AuditLogEvent.MemberMove, { to: '12' });
  expect(told()).toEqual(['33 12 moderator 0.95']);
  moves('34', '11');
  pass(REJOIN_GRACE_MS);
  expect(told()).toEqual(['31 left left 0.5']);
});

test('who comes back within the grace had a bad connection, or just clicked twice', () => {
  const { leaves, joins, told, pass } = scene();
  joins('31', '10', 'a');
  leaves('31', 'a');
  pass(REJOIN_GRACE_MS - 1);
  joins('31', '10', 'b');
  expect(told()).toEqual(['31 left network 0.8']);
  leaves('31', 'b');
  joins('31', '10', 'b');
  expect(told()).toEqual(['31 left network 0.5']);
  leaves('31', 'b');
  pass(REJOIN_GRACE_MS);
  joins('31', '10', 'c');
  expect(told()).toEqual(['31 left left 0.5']);
});

test('another device takes over: in another channel, in another guild; the same window is a change of mind', () => {
  const { leaves, joins, moves, told } = scene();
  joins('31', '10', 'a');
  moves('31', '12', 'b');
  expect(told()).toEqual(['31 12 session_replaced 0.9']);
  leaves('31', 'b');
  joins('31', '90', 'c', '2');
  expect(told()).toEqual(['31 left session_replaced 0.9']);
  leaves('32', 'x');
  joins('32', '90', 'x', '2');
  expect(told()).toEqual(['32 left left 0.9']);
});

test('a channel that is deleted after its people were seen leaving', () => {
  const { leaves, deletes, told, pass } = scene();
  leaves('31');
  deletes('11');
  deletes('10');
  expect(told()).toEqual(['31 left channel_deleted 1']);
  pass(60_000);
  expect(told()).toEqual([]);
});
