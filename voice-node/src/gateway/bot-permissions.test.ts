import type { ChannelOverwrite } from '@patchbay/shared/permissions';
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { missingPermissions, type PermissionFacts } from './bot-permissions.ts';

const { Administrator, Connect, Speak, ViewChannel } = PermissionFlagsBits;
const facts = (everyone: bigint, own: bigint): PermissionFacts => ({
  guildId: '1',
  identityId: '100',
  ownerId: '9',
  roles: { 1: String(everyone), 5: String(own), 6: String(Administrator) },
  ownRoles: ['5'],
});
const overwrite = (
  id: string,
  type: ChannelOverwrite['type'],
  change: { allow?: bigint; deny?: bigint },
): ChannelOverwrite => ({
  id,
  type,
  allow: String(change.allow ?? 0n),
  deny: String(change.deny ?? 0n),
});

test('roles add up, and what none of them gives is missing', () => {
  expect(missingPermissions(facts(ViewChannel | Connect, Speak), [])).toEqual([]);
  expect(missingPermissions(facts(ViewChannel, 0n), [])).toEqual(['Connect', 'Speak']);
});

test('overwrites: everybody, then the roles, then the identity itself; those of others do not count', () => {
  const all = facts(ViewChannel | Connect | Speak, 0n);
  const denied = overwrite('1', 'role', { deny: Connect | Speak });
  expect(missingPermissions(all, [denied])).toEqual(['Connect', 'Speak']);
  const allowed = overwrite('5', 'role', { allow: Connect });
  expect(missingPermissions(all, [denied, allowed])).toEqual(['Speak']);
  expect(missingPermissions(all, [overwrite('100', 'member', { deny: Connect }), allowed])).toEqual(['Connect']);
  const foreign = overwrite('6', 'role', { allow: Speak });
  expect(missingPermissions(all, [denied, allowed, foreign])).toEqual(['Speak']);
});

test('owners and administrators lack nothing', () => {
  const denied = overwrite('1', 'role', { deny: ViewChannel });
  expect(missingPermissions({ ...facts(0n, 0n), ownerId: '100' }, [denied])).toEqual([]);
  expect(missingPermissions({ ...facts(0n, 0n), ownRoles: ['6'] }, [denied])).toEqual([]);
});
