import { expect, test } from 'vitest';
import { Consent } from './consent.ts';

test('without a list nobody may be stored', () => {
  const consent = new Consent();
  expect(consent.allows('7')).toBe(false);
  consent.update({ optedOut: ['8'] }, 1_000);
  expect([consent.allows('7'), consent.allows('8')]).toEqual([true, false]);
  consent.update({}, 2_000);
  expect(consent.allows('7')).toBe(false);
});

test('who is new in the list opted out when the Worker says, now where it does not say, and never in the future', () => {
  const consent = new Consent();
  expect(consent.update({ optedOut: ['6'], optedOutAt: { 6: 5 } }, 1_000)).toEqual([]);
  expect(consent.update({ optedOut: ['6', '7', '8', '9'], optedOutAt: { 6: 5, 7: 1_500, 9: 9_000 } }, 2_000)).toEqual([
    { userId: '7', out: true, at: 1_500 },
    { userId: '8', out: true, at: 2_000 },
    { userId: '9', out: true, at: 2_000 },
  ]);
  expect(consent.optedOut.get('6')).toBe(5);
  expect(consent.update({ optedOut: ['6', '9'] }, 3_000)).toEqual([
    { userId: '7', out: false, at: 3_000 },
    { userId: '8', out: false, at: 3_000 },
  ]);
});
