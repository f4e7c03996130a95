import { expect, test } from 'vitest';
import { libopus } from './opus-codec.ts';
import { SILENCE_FRAME } from './packet.ts';
import { isOneFrame, isSilence, lossFrame, packetSamples } from './toc.ts';

test('tells the length of a packet', () => {
  expect(packetSamples(SILENCE_FRAME)).toBe(960);
  expect(packetSamples(Uint8Array.of(0x78, 1, 2))).toBe(960); // hybrid fullband, 20 ms, one frame
  expect(packetSamples(Uint8Array.of(0x79, 1, 2))).toBe(1920); // the same, two frames
  expect(packetSamples(Uint8Array.of(0x18 | 3, 3))).toBe(0); // 3 × 60 ms is over the limit of 120 ms
  expect(packetSamples(new Uint8Array())).toBe(0);
});

test('knows silence from a packet that only begins like it', () => {
  expect(isSilence(SILENCE_FRAME)).toBe(true);
  expect(isSilence(Uint8Array.of(0xf8, 0xff, 0xfe, 0))).toBe(false);
});

test('a loss frame makes the decoder conceal exactly 20 ms', () => {
  const packet = libopus.createEncoder().encode(new Int16Array(1920).fill(500));
  expect(isOneFrame(packet)).toBe(true);
  const decoder = libopus.createDecoder();
  decoder.decode(packet);
  expect(decoder.decode(lossFrame(packet))).toHaveLength(1920);
});
