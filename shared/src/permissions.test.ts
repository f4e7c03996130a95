import { expect, test } from 'vitest';
import {
  ALL_PERMISSIONS,
  type ChannelOverwrite,
  channelPermissions,
  guildPermissions,
  permissionBits,
} from './permissions.ts';

const { Administrator, Connect, ViewChannel } = permissionBits;
const guild = {
  guildId: '1',
  ownerId: '9',
  roles: { 1: String(ViewChannel), 5: String(Connect), 6: String(Administrator), 7: '0' },
};
const member = (...roles: string[]) => ({ userId: '100', roles });
const over = (
  id: string,
  change: { allow?: bigint; deny?: bigint },
  type: 'role' | 'member' = 'role',
): ChannelOverwrite => ({
  id,
  type,
  allow: String(change.allow ?? 0n),
  deny: String(change.deny ?? 0n),
});
const sees = (who: ReturnType<typeof member>, overwrites: ChannelOverwrite[]) =>
  (channelPermissions(guild, who, overwrites) & ViewChannel) !== 0n;

test('roles add up; a role that is not known gives nothing', () => {
  expect(guildPermissions(guild, member('5', '404'))).toBe(ViewChannel | Connect);
});

test('owners and administrators may everything, and no overwrite takes it away', () => {
  const denied = [over('1', { deny: ViewChannel }), over('100', { deny: ViewChannel }, 'member')];
  expect(channelPermissions(guild, { userId: '9', roles: [] }, denied)).toBe(ALL_PERMISSIONS);
  expect(channelPermissions(guild, member('6'), denied)).toBe(ALL_PERMISSIONS);
});

test('everybody is denied, a role allows, and among roles an allow wins over a deny', () => {
  const everybody = over('1', { deny: ViewChannel });
  expect(sees(member(), [everybody])).toBe(false);
  expect(sees(member('5'), [everybody, over('5', { allow: ViewChannel })])).toBe(true);
  const both = [over('7', { deny: ViewChannel }), over('5', { allow: ViewChannel })];
  expect(sees(member('5', '7'), both)).toBe(true);
  expect(sees(member('7'), both)).toBe(false);
});

test("the member's own overwrite comes last; another member's and a member with a role's id do not count", () => {
  const allowedByRole = over('5', { allow: ViewChannel });
  expect(sees(member('5'), [allowedByRole, over('100', { deny: ViewChannel }, 'member')])).toBe(false);
  expect(sees(member(), [over('1', { deny: ViewChannel }), over('100', { allow: ViewChannel }, 'member')])).toBe(true);
  expect(sees(member(), [over('101', { deny: ViewChannel }, 'member')])).toBe(true);
  expect(sees(member('5'), [over('5', { deny: ViewChannel }, 'member')])).toBe(true);
});
