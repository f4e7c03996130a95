import type { Route } from '@patchbay/shared/session-spec';
import { expect, test, vi } from 'vitest';
import { loadClips } from '../../../sim/src/clips/library.ts';
import { lowPass, resample } from '../../../sim/src/clips/wav.ts';
import { decodeAll } from '../../../sim/src/hearing/decode.ts';
import { HEARING_RATE } from '../../../sim/src/hearing/resampler.ts';
import type { SpokenClip } from '../../../system/src/hearing/levels.ts';
import { decodeHeard, decodePackets } from '../../../system/src/hearing/timeline.ts';
import { judge } from '../../../system/src/hearing/verdict.ts';
import { libopus } from '../audio/opus-codec.ts';
import { SAMPLE_RATE } from '../audio/packet.ts';
import { play } from './test-legs.ts';
import { testRoom } from './test-room.ts';

// Sixty-four fits by least squares: ten seconds on a quiet machine, more on a busy one. No assertion.
vi.setConfig({ testTimeout: 180_000 });

const names = ['0', '1', '2', '3', '4', '5', '6', '7'] as const;
const clipNames = ['ada-1', 'ben-1', 'cleo-1', 'dan-1', 'ada-2', 'ben-2', 'cleo-3', 'dan-2'];

/** Who hears whom: from → to. Not symmetric; a broadcaster, a pair, a chain, one who only listens, and one route to oneself. */
const matrix: Record<string, readonly string[]> = {
  '0': ['1', '2', '3', '4', '5', '6', '7'],
  '1': ['2', '7'],
  '2': ['1', '7'],
  '3': ['3', '4', '5', '7'],
  '4': ['0', '7'],
  '5': ['6', '7'],
  '6': ['5', '0', '7'],
  '7': [],
};
const routes: Route[] = Object.entries(matrix).flatMap(([from, all]) => all.map((to): Route => [from, to]));

/** Seven at once must stay clear of the limiter: everybody speaks at a quarter of the clips' level. */
const SPEECH_GAIN = 0.25;
const TONE_PEAK = 0.0125;

/** A clip's words with a tone of this leg's own above the speech band, encoded as a client does. */
function voice(packets: readonly Uint8Array[], toneHz: number): Uint8Array[] {
  const samples = resample(decodeAll(packets), HEARING_RATE, SAMPLE_RATE);
  const speech = lowPass(samples, 7_000, SAMPLE_RATE);
  const encoder = libopus.createEncoder();
  return Array.from({ length: packets.length }, (_, frame) => {
    const pcm = Int16Array.from({ length: 1920 }, (__, value) => {
      const index = frame * 960 + (value >> 1);
      const tone = TONE_PEAK * Math.sin((2 * Math.PI * toneHz * index) / SAMPLE_RATE);
      return Math.round(32_767 * (SPEECH_GAIN * (speech[index] ?? 0) + tone));
    });
    return encoder.encode(pcm);
  });
}

test('eight legs, everybody talking at once: each hears exactly whom the matrix routes to them, at their level', async () => {
  const clips = await loadClips();
  const { bridge, legs, start, time } = testRoom(names, routes);
  const voices = names.map((name, index) => {
    const clip = clips.get(clipNames[index] ?? '');
    if (!clip) throw new Error(`There is no clip ${clipNames[index]}.`);
    const toneHz = 8_650 + 500 * index;
    return { name, toneHz, frames: voice(clip.packets, toneHz), at: start + 1000 + 37 * index };
  });
  play(
    time,
    voices.map(({ name, frames, at }) => ({ leg: legs[name], userId: `${10 + Number(name)}`, frames, at })),
    start + 6000,
  );
  const spoken = voices.map(({ name, toneHz, frames, at }): SpokenClip => {
    return { label: name, toneHz, startedAt: at, samples: decodePackets(frames) };
  });
  const timelines = names.map((listener) => {
    const packets = legs[listener].sent.map((packet) => ({ ...packet, ssrc: 1, receivedAt: packet.at }));
    return decodeHeard(packets, start, start + 6000);
  });
  const judged = (isRouted: (from: string, to: string) => boolean, listeners: readonly string[] = names) =>
    listeners.flatMap((to, index) => {
      const routed = spoken.filter(({ label }) => label !== to && isRouted(label, to));
      const others = spoken.filter((clip) => !routed.includes(clip));
      const verdicts = judge(timelines[index] ?? { startAt: start, samples: new Float32Array() }, routed, others);
      return verdicts.map((verdict) => ({ ...verdict, to }));
    });
  const verdicts = judged((from, to) => (matrix[from] ?? []).includes(to));
  expect(verdicts).toHaveLength(64);
  expect(verdicts.filter(({ routed }) => routed)).toHaveLength(routes.length - 1);
  expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
  // The proof can fail: leg 0 hears two of eight, and by the matrix with its directions turned round it would hear all.
  const turned = judged((from, to) => (matrix[to] ?? []).includes(from), ['0']);
  expect(turned.filter(({ ok }) => !ok)).toHaveLength(5);
  bridge.close();
});
