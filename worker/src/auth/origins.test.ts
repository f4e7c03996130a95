import { expect, test } from 'vitest';
import { isOwnOrigin, isSameOrigin, originsSchema } from './origins.ts';

test('allowed origins are exact', () => {
  expect(originsSchema.parse(' https://game.example , http://127.0.0.1:5173')).toEqual([
    'https://game.example',
    'http://127.0.0.1:5173',
  ]);
  expect(originsSchema.parse(undefined)).toEqual([]);
  for (const wrong of ['*', 'game.example', 'https://game.example/', 'https://game.example/path', 'null']) {
    expect(originsSchema.safeParse(wrong).success, wrong).toBe(false);
  }
});

test('a form of another page is not the same origin; a program without an origin has no cookies', () => {
  const url = 'http://patchbay.example/api/auth/refresh';
  const same = (headers: Record<string, string>) => isSameOrigin(new Headers(headers), url);
  expect(same({ origin: 'http://patchbay.example' })).toBe(true);
  expect(same({ origin: 'https://patchbay.example' })).toBe(true); // TLS ends in front of the Worker
  expect(same({})).toBe(true);
  expect(same({ origin: 'null' })).toBe(false);
  expect(same({ origin: 'http://patchbay.example:81' })).toBe(false);
  expect(same({ origin: 'http://evil.example' })).toBe(false);
  expect(same({ 'sec-fetch-site': 'cross-site' })).toBe(false);
  expect(isOwnOrigin('http://patchbay.example.evil.example', url)).toBe(false);
});
