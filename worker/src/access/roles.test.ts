import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { type Action, actions, may, permissions, type Role, roles, rolesOf, type Standing } from './roles.ts';

const { Administrator, ManageChannels, ManageGuild, ViewChannel } = PermissionFlagsBits;
/** Somebody who has this role by what Discord says, and none above it. */
const people: Record<Role, Standing> = {
  admin: { permissions: ManageGuild },
  moderator: { permissions: ManageChannels },
  staff: { permissions: 0n, roleIds: ['7'], staffRole: '7' },
  participant: { permissions: 0n, inChannel: true },
  member: { permissions: ViewChannel },
  stranger: { permissions: 0n },
  reader: { permissions: 0n, reader: true },
};

test('how a role is computed', () => {
  const held = (person: Standing) => [...rolesOf(person)].join(' ');
  expect(held(people.admin)).toBe('admin moderator staff member stranger');
  expect(held({ permissions: Administrator })).toBe('admin moderator staff member stranger');
  expect(held(people.moderator)).toBe('moderator staff member stranger');
  expect(held(people.staff)).toBe('staff member stranger');
  expect(held({ permissions: 0n, roleIds: ['7'] })).toBe('stranger');
  expect(held({ permissions: 0n, roleIds: [], staffRole: '7' })).toBe('stranger');
  expect(held(people.participant)).toBe('participant member stranger');
  expect(held({ permissions: 0n, inRecording: true })).toBe('participant member stranger');
  expect(held(people.member)).toBe('member stranger');
  expect(held(people.reader)).toBe('stranger reader');
});

/** `docs/privacy.md`: `| action | ✓ or – by role |`. */
function documented(): Record<string, string[]> {
  const text = readFileSync(fileURLToPath(new URL('../../../docs/privacy.md', import.meta.url).href), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| (`|action)/.test(line));
  const cells = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const [head = []] = cells.filter(([first]) => first === 'action');
  expect(head.slice(1)).toEqual([...roles]);
  return Object.fromEntries(
    cells
      .filter(([first]) => first !== 'action')
      .map(([action = '', ...marks]) => [
        action.replaceAll('`', ''),
        roles.filter((_, index) => marks[index]?.startsWith('✓')),
      ]),
  );
}

test('the table of docs/privacy.md is the table of the code', () => {
  const data = Object.fromEntries(actions.map((action) => [action, [...permissions[action]]]));
  expect(documented()).toEqual(data);
});

test.each(actions)('%s: who has a role of the table may, who has none may not', (action: Action) => {
  for (const role of roles) {
    const held = rolesOf(people[role]);
    const allowed = permissions[action].some((each) => held.has(each));
    expect(may(action, people[role]), role).toBe(allowed);
    // What the table says of a role holds for the plainest person who has it.
    expect(allowed, role).toBe(
      (permissions[action] as readonly Role[]).includes(role) || may(action, { permissions: 0n }),
    );
  }
});

test('a role has what those below it have', () => {
  const ladder = ['admin', 'moderator', 'staff', 'member', 'stranger'] as const;
  for (const action of actions) {
    const granted: readonly Role[] = permissions[action];
    for (const [index, role] of ladder.entries()) {
      for (const higher of ladder.slice(0, index)) if (granted.includes(role)) expect(granted).toContain(higher);
    }
    if (granted.includes('member')) expect(granted).toContain('participant');
  }
});
