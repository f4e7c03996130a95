import { parseSettings } from '@patchbay/shared/settings';
import { expect, test } from 'vitest';
import { settingsSchema } from '../env.ts';
import { issuersSchema } from './issuers.ts';

const secret = 's'.repeat(32);
const game = { issuer: 'my-game', algorithm: 'HS256', secret, guilds: ['1'] };
const keys = { issuer: 'other', algorithm: 'ES256', jwksUrl: 'https://game.example/jwks.json', guilds: ['1'] };
const problems = (value: unknown) => {
  const result = issuersSchema.safeParse(typeof value === 'string' ? value : JSON.stringify(value));
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

test('issuers have scope self unless they are given more', () => {
  expect(issuersSchema.parse(undefined)).toEqual([]);
  expect(issuersSchema.parse(JSON.stringify([game, { ...keys, scopes: ['self', 'guild'] }]))).toMatchObject([
    { issuer: 'my-game', scopes: ['self'] },
    { issuer: 'other', scopes: ['self', 'guild'], jwksUrl: new URL(keys.jwksUrl) },
  ]);
});

test.each([
  ['{nonsense', ': must be a JSON array'],
  [[{ ...game, issuer: 'Patchbay' }], '0.issuer: must not be "patchbay"'],
  [[{ ...game, secret: 'short' }], '0.secret: must have at least 32 bytes'],
  [[game, { ...game, secret: 't'.repeat(32) }], '1.issuer: is there twice'],
  [[game, { ...game, issuer: 'second' }], '1.secret: is another issuer'],
  [[{ ...game, algorithm: 'none' }], '0.algorithm: '],
  [[{ ...game, jwksUrl: keys.jwksUrl }], '0: Unrecognized key'],
  [[{ ...keys, jwksUrl: 'http://game.example/jwks.json' }], '0.jwksUrl: must be https'],
  [[{ ...keys, secret }], '0: Unrecognized key'],
  [[{ ...game, guilds: [] }], '0.guilds: must name at least one server'],
  [[{ ...game, scopes: ['all'] }], '0.scopes.0: '],
])('%j is refused by its field', (value, message) => {
  const found = problems(value);
  expect(found.join('\n')).toContain(message);
  expect(found.join('\n')).not.toContain(secret);
});

test("the Worker's own secrets are no game's, and the error names the field without the value", () => {
  const variables = {
    DISCORD_APPLICATION_ID: '1',
    DISCORD_PUBLIC_KEY: 'a'.repeat(64),
    HUB_SECRET: `${'h'.repeat(32)},${'i'.repeat(32)}`,
    JWT_SECRET: 'j'.repeat(32),
  };
  const withSecret = (own: string) =>
    parseSettings(settingsSchema, { ...variables, TOKEN_ISSUERS: JSON.stringify([{ ...game, secret: own }]) });
  expect(withSecret(secret).TOKEN_ISSUERS).toHaveLength(1);
  for (const own of ['j'.repeat(32), 'i'.repeat(32)]) {
    expect(() => withSecret(own)).toThrow(/TOKEN_ISSUERS\.0\.secret: is a secret of the Worker itself/);
    expect(() => withSecret(own)).not.toThrow(own);
  }
});
