import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { type ClearRange, type Codec, hasFalseStartCode, prepareFrame } from './clear-ranges.ts';
import { readLeb128s, writeLeb128 } from './leb128.ts';

/** A frame that cannot be encrypted or decrypted. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

/** An encrypted frame taken apart (DAVE whitepaper, "Protocol frame"). */
export interface ProtocolFrame {
  tag: Buffer;
  /** The 32 bits of the nonce that are sent. */
  nonce: number;
  clear: ClearRange[];
  /** The frame without its supplemental bytes. */
  body: Buffer;
}

const algorithm = 'aes-128-gcm';
const tagBytes = 8;
const marker = 0xfafa;
/** Tag, size byte and marker; nonce and ranges come on top. */
const fixedBytes = tagBytes + 1 + 2;
/** A fresh nonce is drawn this often when the ciphertext looks like a start code; libdave's limit. */
const maxAttempts = 10;

/**
 * Encrypts a frame. `nextKey` gives another nonce, and the key of its generation, at each call.
 * @throws FrameError when the frame has too many clear ranges for the size byte.
 */
export function encryptFrame(codec: Codec, plain: Buffer, nextKey: () => { nonce: number; key: KeyObject }): Buffer {
  const { frame, clear } = prepareFrame(codec, plain);
  const ranges = clear.flatMap(({ offset, size }) => [...writeLeb128(offset), ...writeLeb128(size)]);
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const { nonce, key } = nextKey();
    const supplement = [...writeLeb128(nonce), ...ranges];
    const size = fixedBytes + supplement.length;
    if (size > 0xff) throw new FrameError(`frame has ${clear.length} clear ranges, which is more than fits`);
    const cipher = createCipheriv(algorithm, key, fullNonce(nonce), { authTagLength: tagBytes });
    cipher.setAAD(select(frame, clear));
    const body = rebuild(frame, clear, (part) => cipher.update(part));
    cipher.final();
    const trailer = Buffer.from([...supplement, size, marker >> 8, marker & 0xff]);
    const encrypted = Buffer.concat([body, cipher.getAuthTag(), trailer]);
    if (codec !== 'H264' || !hasFalseStartCode(encrypted, clear)) return encrypted;
  }
  throw new FrameError(`ciphertext held a start code ${maxAttempts} times in a row`);
}

/** Takes an encrypted frame apart. @throws FrameError when it is none, for one because it is plaintext. */
export function parseFrame(bytes: Buffer): ProtocolFrame {
  if (bytes.length < fixedBytes || bytes.readUInt16BE(bytes.length - 2) !== marker) {
    throw new FrameError('frame is not encrypted: it does not end with FAFA');
  }
  const size = bytes.readUInt8(bytes.length - 3);
  if (size <= fixedBytes || size > bytes.length) throw new FrameError(`frame has ${size} supplemental bytes`);
  const body = bytes.subarray(0, bytes.length - size);
  const tag = bytes.subarray(body.length, body.length + tagBytes);
  const [nonce, ...ranges] = readLeb128s(bytes.subarray(body.length + tagBytes, -3)) ?? [];
  if (nonce === undefined || ranges.length % 2 === 1) throw new FrameError('nonce or ranges of a frame are cut off');
  const clear: ClearRange[] = [];
  let end = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    const [offset = 0, length = 0] = ranges.slice(index, index + 2);
    if (offset < end || offset + length > body.length) throw new FrameError('clear ranges overlap or leave the frame');
    clear.push({ offset, size: length });
    end = offset + length;
  }
  return { tag, nonce, clear, body };
}

/** Decrypts a frame with the key of its generation. @throws FrameError when the key or any byte is another one. */
export function decryptFrame({ tag, nonce, clear, body }: ProtocolFrame, key: KeyObject): Buffer {
  const decipher = createDecipheriv(algorithm, key, fullNonce(nonce), { authTagLength: tagBytes });
  decipher.setAAD(select(body, clear)).setAuthTag(tag);
  const plain = rebuild(body, clear, (part) => decipher.update(part));
  try {
    decipher.final();
  } catch {
    // Node says no more than that the tag is wrong.
    throw new FrameError('frame does not belong to this key');
  }
  return plain;
}

/** 96 bits, of which the last 32 are sent: little-endian, as the official library does. */
function fullNonce(nonce: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(nonce, 8);
  return bytes;
}

/** The clear bytes of a frame: its additional data. */
function select(frame: Buffer, clear: readonly ClearRange[]): Buffer {
  return Buffer.concat(clear.map(({ offset, size }) => frame.subarray(offset, offset + size)));
}

/** The frame with `change` applied to everything that is not clear, in order. */
function rebuild(frame: Buffer, clear: readonly ClearRange[], change: (part: Buffer) => Buffer): Buffer {
  if (clear.length === 0) return change(frame);
  const parts: Buffer[] = [];
  let done = 0;
  for (const { offset, size } of clear) {
    if (offset > done) parts.push(change(frame.subarray(done, offset)));
    parts.push(frame.subarray(offset, offset + size));
    done = offset + size;
  }
  if (done < frame.length) parts.push(change(frame.subarray(done)));
  return Buffer.concat(parts);
}
