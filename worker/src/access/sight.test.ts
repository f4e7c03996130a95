import { permissionBits } from '@patchbay/shared/permissions';
import { expect, test } from 'vitest';
import { Access, type AccessFacts, type Viewer } from './sight.ts';

const view = String(permissionBits.ViewChannel);
const channel = (channelId: string, overwrites: AccessFacts['channels'][number]['overwrites'] = []) => {
  return { channelId, name: `voice ${channelId}`, overwrites };
};
const facts = (channels: AccessFacts['channels']): AccessFacts => ({
  guildId: '1',
  guildName: 'G',
  ownerId: '9',
  roles: { 1: view, 6: String(permissionBits.Administrator) },
  version: 1,
  membersReported: false,
  channels,
});
const viewer = (userId: string, roles: string[] = [], scope: Viewer['scope'] = 'guild'): Viewer => ({
  userId,
  scope,
  roles,
});
const closed = { id: '1', type: 'role' as const, allow: '0', deny: view };
const invited = { id: '100', type: 'member' as const, allow: view, deny: '0' };

test('a viewer sees the channels that Discord shows them; what was not told is for administrators', () => {
  const access = new Access(facts([channel('2'), channel('3', [closed, invited]), channel('4', null)]));
  const seen = (who: Viewer) => [...access.of(who).channels];
  expect(seen(viewer('101'))).toEqual(['2']);
  expect(seen(viewer('100'))).toEqual(['2', '3']);
  expect(seen(viewer('101', ['6']))).toEqual(['2', '3', '4']);
  expect(seen(viewer('9'))).toEqual(['2', '3', '4']);
  expect(seen(viewer('9', [], 'self'))).toEqual([]);
});

test('viewers with the same rights share a sight, whatever their roles; names and channels change its key', () => {
  const access = new Access(facts([channel('2'), channel('3', [closed])]));
  expect(access.of(viewer('101', ['5', '7']))).toBe(access.of(viewer('102', ['7', '5'])));
  expect(access.of(viewer('101'))).toBe(access.of(viewer('103', ['8'])));
  const key = access.of(viewer('101')).key;
  const keyWith = (more: Partial<AccessFacts>) => {
    return new Access({ ...facts([channel('2'), channel('3', [closed])]), ...more }).of(viewer('101')).key;
  };
  expect(keyWith({ version: 2 })).toBe(key);
  expect(keyWith({ channels: [channel('2')] })).toBe(key);
  expect(keyWith({ guildName: 'H' })).not.toBe(key);
  expect(keyWith({ channels: [channel('2'), channel('3')] })).not.toBe(key);
  expect(keyWith({ channels: [{ ...channel('2'), name: 'other' }] })).not.toBe(key);
});
