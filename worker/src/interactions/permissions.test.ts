import { PermissionFlagsBits } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { actions } from '../access/roles.ts';
import { commandList } from './commands/index.ts';
import { judge } from './permissions.ts';
import { wordsOf } from './registration.ts';

const { Administrator, ManageChannels, ManageGuild } = PermissionFlagsBits;
const nobody = { permissions: 0n, inChannel: false };

test('what is missing is named by the permission that would be enough', () => {
  expect(judge('setup', nobody)).toEqual({ kind: 'missing_permission', permission: 'ManageGuild' });
  expect(judge('setup', { permissions: ManageChannels, inChannel: true })).not.toBeNull();
  expect(judge('setup', { permissions: ManageGuild })).toBeNull();
  expect(judge('setup', { permissions: Administrator })).toBeNull();
  expect(judge('call.status', nobody)).toEqual({ kind: 'missing_permission', permission: 'ViewChannel' });
  expect(judge('call.status', { permissions: 0n, inChannel: true })).toBeNull();
});

test('people of the channel, the staff, or those who manage channels', () => {
  expect(judge('record.start', nobody)).toEqual({ kind: 'not_in_channel', permission: 'ManageChannels' });
  expect(judge('record.start', { ...nobody, inChannel: true })).toBeNull();
  expect(judge('record.start', { ...nobody, permissions: ManageChannels })).toBeNull();
  expect(judge('record.start', { ...nobody, roleIds: ['5'], staffRole: '5' })).toBeNull();
  expect(judge('privacy.set', nobody)).toBeNull();
});

test('reports are for those who are named, whatever they are in their server', () => {
  expect(judge('report.read', { permissions: Administrator })).toEqual({ kind: 'not_a_reader' });
  expect(judge('report.read', { permissions: 0n, reader: true })).toBeNull();
});

test('which command does what', () => {
  const rules = Object.fromEntries(commandList.map((command) => [wordsOf(command).join(' '), command.rule]));
  for (const rule of Object.values(rules)) expect(actions).toContain(rule);
  const setup = Object.keys(rules).filter((name) => name.startsWith('setup '));
  expect(setup).toHaveLength(19);
  for (const name of setup) expect(rules[name]).toBe('setup');
  for (const name of ['next', 'leave', 'stop', 'report', 'status', 'join']) {
    expect(rules[`call ${name}`]).toBe(`call.${name}`);
  }
  for (const name of ['start', 'stop', 'note', 'status']) expect(rules[`record ${name}`]).toBe(`record.${name}`);
  expect([rules.leave, rules.invite, rules['privacy optout']]).toEqual(['bot.leave', 'invite', 'privacy.set']);
});
