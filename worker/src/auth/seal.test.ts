import { expect, test } from 'vitest';
import { open, seal } from './seal.ts';
import { readRefreshCookie, refreshCookie } from './sign-in/cookie.ts';

const secret = 'a secret of thirty-two characters';

test('only the same secret opens for the same purpose, and a changed bit opens nothing', async () => {
  const sealed = await seal(secret, 'discord tokens', { refresh: 'r' });
  expect(sealed).not.toBe(await seal(secret, 'discord tokens', { refresh: 'r' }));
  expect(await open(secret, 'discord tokens', sealed)).toEqual({ refresh: 'r' });
  expect(await open(secret, 'login cookie', sealed)).toBeUndefined();
  expect(await open(`${secret}!`, 'discord tokens', sealed)).toBeUndefined();
  const other = sealed.startsWith('A') ? 'B' : 'A';
  expect(await open(secret, 'discord tokens', other + sealed.slice(1))).toBeUndefined();
  for (const nonsense of ['', 'a', 'äöü', '****']) {
    expect(await open(secret, 'discord tokens', nonsense)).toBeUndefined();
  }
});

test('a refresh cookie says whose it is and cannot be counted up', async () => {
  const cookie = await refreshCookie(secret, { signInId: 'abcdefghijklmnopqrstuv', counter: 3 });
  expect(await readRefreshCookie(secret, cookie)).toEqual({ signInId: 'abcdefghijklmnopqrstuv', counter: 3 });
  expect(await readRefreshCookie(secret, cookie.replace('.3.', '.4.'))).toBeNull();
  expect(await readRefreshCookie(`${secret}!`, cookie)).toBeNull();
  expect(await readRefreshCookie(secret, 'nonsense')).toBeNull();
});
