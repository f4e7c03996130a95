import { type ChannelOverwrite, guildPermissions } from '@patchbay/shared/permissions';
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { effectivePermissions } from './permissions.ts';

const { Administrator, Connect, MoveMembers, Speak, ViewChannel } = PermissionFlagsBits;
const guild = {
  guildId: '1',
  ownerId: '9',
  roles: { 1: String(ViewChannel | Connect), 2: String(MoveMembers), 3: String(Administrator), 4: '0' },
};
const over = (id: string, allow: bigint, deny: bigint, type: ChannelOverwrite['type'] = 'role'): ChannelOverwrite => ({
  id,
  type,
  allow: String(allow),
  deny: String(deny),
});
const may = (roles: string[], overwrites: ChannelOverwrite[], more: { userId?: string; timedOutUntil?: number } = {}) =>
  effectivePermissions(guild, { userId: '7', roles, ...more }, overwrites, 1_000);

test('roles add up; owner and administrators have everything, whatever a channel denies', () => {
  expect(guildPermissions(guild, { userId: '7', roles: ['2'] })).toBe(ViewChannel | Connect | MoveMembers);
  const closed = [over('1', 0n, ViewChannel | Connect), over('7', 0n, Connect, 'member')];
  expect(may(['3'], closed) & (ViewChannel | Connect | Speak)).toBe(ViewChannel | Connect | Speak);
  expect(may([], closed, { userId: '9' }) & Connect).toBe(Connect);
});

test('everyone, then the roles together, then the member: the later one wins', () => {
  expect(may([], [over('1', 0n, Connect)])).toBe(ViewChannel);
  expect(may(['2'], [over('1', 0n, Connect), over('2', Connect, 0n)]) & Connect).toBe(Connect);
  // One role denies, another allows: together they allow, in either order.
  expect(may(['2', '4'], [over('2', 0n, Connect), over('4', Connect, 0n)]) & Connect).toBe(Connect);
  expect(may(['2', '4'], [over('4', Connect, 0n), over('2', 0n, Connect)]) & Connect).toBe(Connect);
  // A role that the member has not counts for nothing.
  expect(may([], [over('1', 0n, Connect), over('2', Connect, 0n)]) & Connect).toBe(0n);
  expect(may(['2'], [over('2', Connect, 0n), over('7', 0n, Connect, 'member')]) & Connect).toBe(0n);
  expect(may([], [over('1', 0n, Connect), over('7', Connect, 0n, 'member')]) & Connect).toBe(Connect);
  // The same id as a member's overwrite and as a role's are two things.
  expect(may([], [over('7', 0n, Connect)]) & Connect).toBe(Connect);
});

test('who cannot see can do nothing, and a time-out leaves seeing alone', () => {
  expect(may([], [over('1', Connect, ViewChannel)])).toBe(0n);
  expect(may([], [], { timedOutUntil: 1_001 })).toBe(ViewChannel);
  expect(may([], [], { timedOutUntil: 1_000 })).toBe(ViewChannel | Connect);
  expect(may(['3'], [], { timedOutUntil: 1_001 }) & Connect).toBe(Connect);
});
