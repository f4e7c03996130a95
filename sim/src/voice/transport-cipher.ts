import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { headerLength, type RtpPacket } from './rtp.ts';

/** The transport modes, in the order in which op 2 offers them by default. */
export const encryptionModes = ['aead_aes256_gcm_rtpsize', 'aead_xchacha20_poly1305_rtpsize'] as const;
export type EncryptionMode = (typeof encryptionModes)[number];

const tagBytes = 16;
const counterBytes = 4;

/**
 * Transport encryption of one client: one 32-byte key for both directions. A datagram is the RTP header in clear, the
 * ciphertext, a 16-byte tag and the 4-byte big-endian counter that leads the nonce; the header is the associated data.
 */
export class TransportCipher {
  readonly mode: EncryptionMode;
  readonly key: Buffer;
  // A KeyObject: raw key bytes cost several times as much per packet on Node 24.
  readonly #keyObject: KeyObject;
  readonly #nonceBytes: number;
  #counter = 0;

  constructor(mode: EncryptionMode, key: Buffer = randomBytes(32)) {
    this.mode = mode;
    this.key = key;
    this.#keyObject = createSecretKey(key);
    this.#nonceBytes = mode === 'aead_aes256_gcm_rtpsize' ? 12 : 24;
  }

  /** Encrypts a packet for this client. */
  seal({ header, body }: RtpPacket): Buffer {
    this.#counter = (this.#counter + 1) >>> 0;
    const nonce = Buffer.alloc(this.#nonceBytes);
    nonce.writeUInt32BE(this.#counter, 0);
    const counter = nonce.subarray(0, counterBytes);
    if (this.mode === 'aead_aes256_gcm_rtpsize') {
      const cipher = createCipheriv('aes-256-gcm', this.#keyObject, nonce);
      cipher.setAAD(header);
      return Buffer.concat([header, cipher.update(body), cipher.final(), cipher.getAuthTag(), counter]);
    }
    return Buffer.concat([header, xchacha20poly1305(this.key, nonce, header).encrypt(body), counter]);
  }

  /** Decrypts a datagram of this client; undefined when it is no RTP packet or was not sealed with this key. */
  open(datagram: Buffer): RtpPacket | undefined {
    const start = headerLength(datagram);
    if (start === undefined || datagram.length < start + tagBytes + counterBytes) return undefined;
    const header = datagram.subarray(0, start);
    const nonce = Buffer.alloc(this.#nonceBytes);
    datagram.copy(nonce, 0, datagram.length - counterBytes);
    const sealed = datagram.subarray(start, datagram.length - counterBytes);
    try {
      return { header, body: this.#decrypt(header, nonce, sealed) };
    } catch {
      // Both ciphers answer a wrong tag only by throwing; the caller counts it.
      return undefined;
    }
  }

  #decrypt(header: Buffer, nonce: Buffer, sealed: Buffer): Buffer {
    if (this.mode === 'aead_xchacha20_poly1305_rtpsize') {
      return Buffer.from(xchacha20poly1305(this.key, nonce, header).decrypt(sealed));
    }
    const decipher = createDecipheriv('aes-256-gcm', this.#keyObject, nonce);
    decipher.setAAD(header);
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - tagBytes)), decipher.final()]);
  }
}
