import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Application } from './model.ts';

/** Makes an application with a fresh token (three parts, the first being the bot's id, as Discord's) and key pair. */
export function makeApplication(options: {
  id: string;
  botUserId: string;
  name: string;
  interactionsUrl: string | undefined;
  privilegedIntents: boolean;
  redirectUris: string[];
}): Application {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  if (x === undefined) throw new Error('Ed25519 key without x coordinate');
  const random = (bytes: number) => randomBytes(bytes).toString('base64url');
  return {
    ...options,
    description: '',
    token: `${Buffer.from(options.botUserId).toString('base64url')}.${random(5)}.${random(28)}`,
    publicKey: Buffer.from(x, 'base64url').toString('hex'),
    privateKey,
    clientSecret: random(24),
    commands: new Map(),
    userInstalls: new Set(),
  };
}
