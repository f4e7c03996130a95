import { PermissionFlagsBits } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { commandList } from './commands/index.ts';
import { anyone, inChannelOr, judge, withPermission } from './permissions.ts';
import { wordsOf } from './registration.ts';

const { Administrator, ManageChannels, ManageGuild } = PermissionFlagsBits;
const nobody = { permissions: 0n, inChannel: false };

test('a permission of Discord, or that of an administrator', () => {
  expect(judge(withPermission('ManageGuild'), nobody)).toEqual({
    kind: 'missing_permission',
    permission: 'ManageGuild',
  });
  expect(judge(withPermission('ManageGuild'), { ...nobody, inChannel: true })).not.toBeNull();
  expect(judge(withPermission('ManageGuild'), { ...nobody, permissions: ManageChannels })).not.toBeNull();
  expect(judge(withPermission('ManageGuild'), { ...nobody, permissions: ManageGuild })).toBeNull();
  expect(judge(withPermission('ManageGuild'), { ...nobody, permissions: Administrator })).toBeNull();
});

test('people of the channel, or those who manage channels', () => {
  const rule = inChannelOr('ManageChannels');
  expect(judge(rule, nobody)).toEqual({ kind: 'not_in_channel', permission: 'ManageChannels' });
  expect(judge(rule, { ...nobody, inChannel: true })).toBeNull();
  expect(judge(rule, { ...nobody, permissions: ManageChannels })).toBeNull();
  expect(judge(anyone, nobody)).toBeNull();
});

test('who may use which command', () => {
  const rules = Object.fromEntries(commandList.map((command) => [wordsOf(command).join(' '), command.rule]));
  const setup = Object.entries(rules).filter(([name]) => name.startsWith('setup '));
  expect(setup.length).toBeGreaterThan(10);
  for (const [, rule] of setup) expect(rule).toEqual(withPermission('ManageGuild'));
  for (const name of ['call next', 'call leave', 'call stop', 'call report', 'leave']) {
    expect(rules[name]).toEqual(inChannelOr('ManageChannels'));
  }
  expect(rules['call status']).toEqual(withPermission('ViewChannel'));
  for (const name of ['call join', 'invite']) expect(rules[name]).toEqual(anyone);
});
