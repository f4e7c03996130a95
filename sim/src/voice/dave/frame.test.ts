import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { findStartCode, prepareFrame } from './clear-ranges.ts';
import { readLeb128s, writeLeb128 } from './leb128.ts';
import { ReplayWindow } from './replay-window.ts';
import { TestRoom } from './test-room.ts';

const [ada, ben] = ['300000000000000001', '300000000000000002'];

function pair() {
  const room = new TestRoom();
  room.enter(ada, 'davey');
  room.enter(ben, 'shared');
  room.firstGroup(ada, ben);
  return [room.person(ada), room.person(ben)] as const;
}

/** A NAL unit with its start code; random bytes hold no start code by themselves here. */
function nalUnit(header: number, size: number): Buffer {
  const body = Buffer.from(randomBytes(size).map((byte) => byte | 0x10));
  return Buffer.concat([Buffer.from([0, 0, 0, 1, header]), body]);
}

const keyFrameVp8 = Buffer.concat([Buffer.from([0x10]), randomBytes(900)]);
const deltaFrameVp8 = Buffer.concat([Buffer.from([0x11]), randomBytes(300)]);
/** Parameter sets, then an IDR slice. */
const keyFrameH264 = Buffer.concat([nalUnit(0x67, 12), nalUnit(0x68, 4), nalUnit(0x65, 1200)]);
/** Two slices, of which the first starts with many zero bits. */
const deltaFrameH264 = Buffer.concat([
  Buffer.from([0, 0, 0, 1, 0x41, 0x00, 0x00, 0x03, 0x01, 0x80]),
  randomBytes(200).map((byte) => byte | 0x10),
  nalUnit(0x41, 300),
]);

test('video goes both ways between davey and us, and packetizers can read what they need', () => {
  for (const [sender, receiver] of [pair(), pair().toReversed() as unknown as ReturnType<typeof pair>]) {
    for (const frame of [keyFrameVp8, deltaFrameVp8]) {
      const encrypted = sender.client.encryptVideo('VP8', frame);
      const clearBytes = frame === keyFrameVp8 ? 10 : 1;
      expect(encrypted.subarray(0, clearBytes)).toEqual(frame.subarray(0, clearBytes));
      expect(encrypted.subarray(clearBytes, 200)).not.toEqual(frame.subarray(clearBytes, 200));
      expect(receiver.client.decrypt(sender.userId, encrypted)).toEqual(frame);
    }
    for (let repeat = 0; repeat < 20; repeat++) {
      for (const frame of [keyFrameH264, deltaFrameH264]) {
        const encrypted = sender.client.encryptVideo('H264', frame);
        expect(startCodes(encrypted)).toEqual(startCodes(frame));
        expect(receiver.client.decrypt(sender.userId, encrypted)).toEqual(frame);
      }
    }
  }
});

test('the same bytes of a picture stay in clear as in davey', () => {
  const [davey, ours] = pair();
  for (const [codec, frame] of [
    ['VP8', keyFrameVp8],
    ['VP8', deltaFrameVp8],
    ['H264', keyFrameH264],
    ['H264', deltaFrameH264],
  ] as const) {
    const ranges = [davey, ours].map(({ client }) => rangesOf(client.encryptVideo(codec, frame)));
    expect(ranges[1]).toEqual(ranges[0]);
    expect(ranges[1]).toEqual(prepareFrame(codec, frame).clear.flatMap(({ offset, size }) => [offset, size]));
  }
});

test('a changed byte anywhere makes a frame worthless', () => {
  const [davey, ours] = pair();
  const encrypted = davey.client.encryptVideo('VP8', keyFrameVp8.subarray(0, 40));
  for (let index = 0; index < encrypted.length; index++) {
    const forged = Buffer.from(encrypted);
    forged[index] = (forged[index] ?? 0) ^ 1;
    expect(() => ours.client.decrypt(ada, forged)).toThrow();
  }
  expect(ours.client.decrypt(ada, encrypted)).toEqual(keyFrameVp8.subarray(0, 40));
});

test('numbers survive ULEB128, and a replay window takes each nonce once', () => {
  const numbers = [0, 1, 127, 128, 300, 0xffff, 0xffff_ffff];
  expect(readLeb128s(Uint8Array.from(numbers.flatMap(writeLeb128)))).toEqual(numbers);
  expect(readLeb128s(Uint8Array.of(0x80))).toBeUndefined();
  expect(readLeb128s(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f))).toBeUndefined();
  const window = new ReplayWindow();
  const taken = [5, 4, 5, 2000, 6, 999, 1000, 1999, 1999, 2000, 2001].filter((nonce) => window.take(nonce));
  expect(taken).toEqual([5, 2000, 1000, 1999, 2001]);
});

/** Offsets of start codes before the supplemental bytes, in which davey does not look for any. */
function startCodes(frame: Buffer): number[] {
  const found: number[] = [];
  for (let next = findStartCode(frame, 0); next; next = findStartCode(frame, next.end)) found.push(next.begin);
  return found;
}

/** The numbers behind the nonce. */
function rangesOf(encrypted: Buffer): number[] {
  const size = encrypted.at(-3) ?? 0;
  return (readLeb128s(encrypted.subarray(encrypted.length - size + 8, -3)) ?? []).slice(1);
}
