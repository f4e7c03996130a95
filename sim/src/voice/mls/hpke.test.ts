import { expect, test } from 'vitest';
import { deriveHpkeKeys, generateHpkeKeys, hpkeContext, hpkeOpen, hpkeSeal } from './hpke.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

test('agrees with the test vector of RFC 9180 A.3.1 (DHKEM P-256, HKDF-SHA256, AES-128-GCM, base mode)', () => {
  const receiver = deriveHpkeKeys(hex('668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550'));
  expect(receiver.privateKey.toString('hex')).toBe('f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2');
  expect(receiver.publicKey.toString('hex')).toBe(
    '04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0',
  );
  const sender = deriveHpkeKeys(hex('4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e'));
  const sealed = {
    kemOutput: sender.publicKey,
    ciphertext: hex('5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434'),
  };
  const context = hpkeContext(hex('4f6465206f6e2061204772656369616e2055726e'));
  const plaintext = hpkeOpen(receiver, context, sealed, hex('436f756e742d30'));
  expect(plaintext.toString()).toBe('Beauty is truth, truth beauty');
});

test('opens what it sealed, and nothing else', () => {
  const receiver = generateHpkeKeys();
  const context = hpkeContext(Buffer.from('info'));
  const sealed = hpkeSeal(receiver.publicKey, context, Buffer.from('secret'));
  expect(hpkeOpen(receiver, context, sealed).toString()).toBe('secret');
  expect(() => hpkeOpen(generateHpkeKeys(), context, sealed)).toThrow('does not belong to this key');
  expect(() => hpkeOpen(receiver, hpkeContext(Buffer.from('other')), sealed)).toThrow('does not belong to this key');
  expect(() => hpkeSeal(Buffer.alloc(65, 4), context, Buffer.from('secret'))).toThrow('not on the curve');
});
