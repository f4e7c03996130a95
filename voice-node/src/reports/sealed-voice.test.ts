import { expect, test } from 'vitest';
import { readOggOpus } from '../audio/ogg-opus.ts';
import { libopus } from '../audio/opus-codec.ts';
import { SILENCE_FRAME } from '../audio/packet.ts';
import { isSilence } from '../audio/toc.ts';
import { amplitudeAt, toneFrames } from '../bridge/test-legs.ts';
import type { KeptPacket } from './recent-voices.ts';
import { sealedVoice } from './sealed-voice.ts';

const from = 1_700_000_000_000;
const range = { from, to: from + 10_000 };
const about = { serial: 1, comments: { TITLE: 'test' } };

/** A spurt that is spoken so many ms after the window began; `late`: delay of each packet on its way, ms. */
function spurt(
  at: number,
  frames: Uint8Array[],
  more: Partial<KeptPacket> & { late?: (index: number) => number } = {},
) {
  const { ssrc = 1, sequence = 65_530, timestamp = 0xffff_ff00, late = () => 0 } = more;
  return frames.map((opus, index) => ({
    ssrc,
    sequence: (sequence + index) & 0xffff,
    timestamp: (timestamp + index * 960) >>> 0,
    arrivedAt: from + at + index * 20 + late(index),
    opus,
  }));
}

function pcm(ogg: Buffer): Float32Array {
  const decoder = libopus.createDecoder();
  const { packets } = readOggOpus(ogg);
  const samples = new Float32Array(packets.length * 960);
  for (const [frame, packet] of packets.entries()) {
    const decoded = decoder.decode(packet);
    for (let index = 0; index < 960; index += 1) samples[frame * 960 + index] = (decoded[index * 2] ?? 0) / 32_768;
  }
  return samples;
}
const second = (samples: Float32Array, at: number) => samples.subarray(at * 48_000 + 9_600, (at + 1) * 48_000 - 9_600);

test('ten seconds exactly, each voice at its time, silence written as packets', () => {
  const sealed = sealedVoice(
    [
      ...spurt(1_000, toneFrames(500, 50)),
      ...spurt(5_000, toneFrames(900, 50), { ssrc: 2, sequence: 7, timestamp: 12_345 }),
    ],
    range,
    about,
  );
  expect(sealed).toMatchObject({ packets: 100, lostPackets: 0 });
  const file = readOggOpus(sealed?.ogg ?? Buffer.alloc(0));
  expect([file.packets.length, file.granule, file.ended]).toEqual([500, 480_000, true]);
  const samples = pcm(sealed?.ogg ?? Buffer.alloc(0));
  expect(amplitudeAt(second(samples, 1), 500)).toBeGreaterThan(0.2);
  expect(amplitudeAt(second(samples, 5), 900)).toBeGreaterThan(0.2);
  expect(amplitudeAt(second(samples, 5), 500)).toBeLessThan(0.01);
  for (const at of [0, 3, 7, 9]) expect(amplitudeAt(second(samples, at), 500)).toBeLessThan(0.001);
});

test('jitter, a late start and a jam move nothing; loss becomes packets that make a decoder conceal', () => {
  const frames = toneFrames(500, 100);
  const late = (index: number) => (index === 0 ? 45 : index === 60 ? 300 : (index * 7) % 20);
  const whole = spurt(2_000, frames, { late });
  const lossy = whole.filter((_, index) => index < 30 || index >= 33).sort((a, b) => a.arrivedAt - b.arrivedAt);
  const sealed = sealedVoice([...lossy, ...lossy.slice(0, 3)], range, about);
  expect(sealed).toMatchObject({ packets: 97, lostPackets: 3 });
  const { packets } = readOggOpus(sealed?.ogg ?? Buffer.alloc(0));
  const first = packets.findIndex((opus) => !isSilence(opus));
  expect(first).toBe(100);
  expect([...packets.slice(first, first + 30)].map((opus) => [...opus])).toEqual(
    frames.slice(0, 30).map((opus) => [...opus]),
  );
  expect(packets.slice(first + 30, first + 33).map((opus) => opus.length)).toEqual([1, 1, 1]);
  expect([...(packets[first + 60] ?? [])]).toEqual([...(frames[60] ?? [])]);
  expect(packets).toHaveLength(500);
});

test('what lies before or after the window is left out; RTP time that stood still in a pause does not pull speech forward', () => {
  const frames = toneFrames(700, 50);
  const early = spurt(-500, frames);
  const edge = spurt(9_500, frames, { sequence: 100, timestamp: 960 * 500, ssrc: 2 });
  const sealed = sealedVoice([...early, ...edge], range, about);
  const { packets } = readOggOpus(sealed?.ogg ?? Buffer.alloc(0));
  expect(packets.map((opus, index) => (isSilence(opus) ? -1 : index)).filter((index) => index >= 0)).toEqual([
    ...Array.from({ length: 25 }, (_, index) => index),
    ...Array.from({ length: 25 }, (_, index) => 475 + index),
  ]);
  const paused = [
    ...spurt(1_000, frames.slice(0, 10), { sequence: 1, timestamp: 0 }),
    ...spurt(4_000, frames.slice(10, 20), { sequence: 11, timestamp: 9_600 }),
  ];
  const still = readOggOpus(sealedVoice(paused, range, about)?.ogg ?? Buffer.alloc(0)).packets;
  expect(still.findIndex((opus, index) => index >= 60 && !isSilence(opus))).toBe(200);
});

test('nothing but silence is no voice', () => {
  expect(sealedVoice(spurt(1_000, [SILENCE_FRAME, SILENCE_FRAME]), range, about)).toBeNull();
  expect(sealedVoice([], range, about)).toBeNull();
});
