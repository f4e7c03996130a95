import { expect, test } from 'vitest';
import { judgeRenewal, revokeAgainAfter } from './policy.ts';

const record = { counter: 2, renewedAt: 1_000, expiresAt: 100_000 };

test('the newest cookie renews, the last one works once more for a moment, an older one is theft', () => {
  expect(judgeRenewal(record, 2, 2_000, 10_000)).toBe('renew');
  expect(judgeRenewal(record, 1, 10_999, 10_000)).toBe('again');
  expect(judgeRenewal(record, 1, 11_000, 10_000)).toBe('reused');
  expect(judgeRenewal(record, 1, 1_000, 0)).toBe('reused');
  expect(judgeRenewal(record, 0, 1_001, 10_000)).toBe('reused');
  expect(judgeRenewal(record, 3, 1_001, 10_000)).toBe('reused');
  expect(judgeRenewal(record, 2, 100_000, 10_000)).toBe('over');
  expect(judgeRenewal(undefined, 0, 0, 10_000)).toBe('over');
});

test('a revocation is tried for half an hour, then left alone', () => {
  expect([1, 2, 3].map(revokeAgainAfter)).toEqual([1_000, 4_000, 16_000]);
  expect(revokeAgainAfter(8)).toBeNull();
});
