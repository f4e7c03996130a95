import { hash } from 'node:crypto';
import { u16, u32, vector } from './codec.ts';
import { expand, extract } from './hkdf.ts';

const secretBytes = 32;
/** No pre-shared keys: the secret is all zeroes (RFC 9420 §8.4). */
const noPsk = Buffer.alloc(secretBytes);
const none = Buffer.alloc(0);

/** ExpandWithLabel (RFC 9420 §8). */
export function expandWithLabel(secret: Buffer, label: string, context: Uint8Array, length: number): Buffer {
  return expand(secret, Buffer.concat([u16(length), vector(Buffer.from(`MLS 1.0 ${label}`)), vector(context)]), length);
}

/** DeriveSecret (RFC 9420 §8). */
export function deriveSecret(secret: Buffer, label: string): Buffer {
  return expandWithLabel(secret, label, none, secretBytes);
}

/** DeriveTreeSecret (RFC 9420 §9): the step of a sender ratchet. */
export function deriveTreeSecret(secret: Buffer, label: string, generation: number, length: number): Buffer {
  return expandWithLabel(secret, label, u32(generation), length);
}

/** The secrets of one epoch that this code needs (RFC 9420 §8, table 4). */
export interface EpochSecrets {
  exporterSecret: Buffer;
  epochAuthenticator: Buffer;
  confirmationKey: Buffer;
  membershipKey: Buffer;
  /** Enters the joiner secret of the next epoch. */
  initSecret: Buffer;
}

/** joiner_secret of the next epoch: what a Welcome hands over. */
export function joinerSecretOf(initSecret: Buffer, commitSecret: Buffer, groupContext: Buffer): Buffer {
  return expandWithLabel(extract(initSecret, commitSecret), 'joiner', groupContext, secretBytes);
}

/** Key and nonce of the GroupInfo inside a Welcome. */
export function welcomeKeysOf(joinerSecret: Buffer): { key: Buffer; nonce: Buffer } {
  const welcomeSecret = deriveSecret(extract(joinerSecret, noPsk), 'welcome');
  return {
    key: expandWithLabel(welcomeSecret, 'key', none, 16),
    nonce: expandWithLabel(welcomeSecret, 'nonce', none, 12),
  };
}

/** The secrets of the epoch that a joiner secret opens. */
export function epochSecretsOf(joinerSecret: Buffer, groupContext: Buffer): EpochSecrets {
  return secretsFrom(expandWithLabel(extract(joinerSecret, noPsk), 'epoch', groupContext, secretBytes));
}

/** The secrets derived from an epoch secret; a new group draws that one at random (RFC 9420 §11). */
export function secretsFrom(epochSecret: Buffer): EpochSecrets {
  return {
    exporterSecret: deriveSecret(epochSecret, 'exporter'),
    epochAuthenticator: deriveSecret(epochSecret, 'authentication'),
    confirmationKey: deriveSecret(epochSecret, 'confirm'),
    membershipKey: deriveSecret(epochSecret, 'membership'),
    initSecret: deriveSecret(epochSecret, 'init'),
  };
}

/** MLS-Exporter (RFC 9420 §8.5). */
export function exportSecret(secrets: EpochSecrets, label: string, context: Uint8Array, length: number): Buffer {
  const derived = deriveSecret(secrets.exporterSecret, label);
  return expandWithLabel(derived, 'exported', hash('sha256', context, 'buffer'), length);
}
