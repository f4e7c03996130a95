import { expect, test } from 'vitest';
import { libopus } from '../opus-codec.ts';
import { readTone, tones } from './tones.ts';

const loudest = (pcm: Int16Array) => pcm.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

test.each([
  [tones.connect, 25],
  [tones.hold, 200],
  [tones.end, 30],
])(
  '$name: whole packets of 20 ms that sound, softer than speech, and begin and end in silence',
  ({ packets }, count) => {
    expect(packets).toHaveLength(count);
    const decoder = libopus.createDecoder();
    const levels = packets.map((packet) => loudest(decoder.decode(packet)));
    expect(Math.max(...levels)).toBeGreaterThan(2_000);
    expect(Math.max(...levels)).toBeLessThan(8_000);
    expect(levels[0]).toBeLessThan(64);
    expect(levels.at(-1)).toBeLessThan(700);
  },
);

test('a file that is no Ogg Opus is refused with what to do', async () => {
  const file = new URL('./tone.ts', import.meta.url);
  await expect(readTone('x', file)).rejects.toThrow();
});
