import { expect, test } from 'vitest';
import { clock, speakerOf } from './caption-words.ts';

test('who speaks: as the hub names them, else as they were seen, else by what is known', () => {
  const guild = { names: new Map([['5', 'Ada']]) };
  expect(speakerOf({ userId: '5' }, guild)).toBe('Ada');
  expect(speakerOf({ userId: '5', name: 'Ada B.' }, guild)).toBe('Ada B.');
  expect(speakerOf({ userId: '6' }, guild)).toBe('user 6');
  expect(speakerOf({ userId: '0', guildName: 'Far' }, guild)).toBe('Somebody (Far)');
});

test('times are those of the session', () => {
  expect([0, 65_900, 3_600_000].map(clock)).toEqual(['0:00', '1:05', '60:00']);
});
