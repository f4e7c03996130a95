import { Encoder } from '@evan/opus';
import { loadClips } from '@patchbay/sim/clips';
import { beforeAll, expect, test } from 'vitest';
import type { SpokenClip } from './levels.ts';
import { decodePackets, SAMPLE_RATE, type Timeline } from './timeline.ts';
import { judge } from './verdict.ts';

/**
 * The method is judged on the simulator's own clips, mixed and sent through a real Opus encoder as a bridge does: what is right
 * must pass, and each way of being wrong must fail.
 */
const START = 1_000_000;

interface Sound {
  clip: SpokenClip;
  gain?: number;
  delayMs?: number;
}

/** What would be heard: the sounds summed, encoded and decoded. */
function hear(sounds: Sound[], seconds = 8): Timeline {
  const mixed = new Float32Array(seconds * SAMPLE_RATE);
  for (const { clip, gain = 1, delayMs = 40 } of sounds) {
    const offset = Math.round(((clip.startedAt - START + delayMs) * SAMPLE_RATE) / 1000);
    for (const [index, sample] of clip.samples.entries()) {
      mixed[offset + index] = (mixed[offset + index] ?? 0) + gain * sample;
    }
  }
  const encoder = new Encoder({ channels: 2, sample_rate: SAMPLE_RATE, application: 'voip' });
  encoder.bitrate = 64_000;
  encoder.complexity = 5;
  const packets = Array.from({ length: mixed.length / 960 }, (_, frame) => {
    const pcm = Int16Array.from({ length: 1920 }, (__, index) =>
      Math.round((mixed[frame * 960 + (index >> 1)] ?? 0) * 32_767),
    );
    return Uint8Array.from(encoder.encode(pcm));
  });
  return { startAt: START, samples: decodePackets(packets) };
}

let ada: SpokenClip;
let ben: SpokenClip;
let cleo: SpokenClip;
beforeAll(async () => {
  const clips = await loadClips();
  const spoken = (name: string, startedAt: number): SpokenClip => {
    const clip = clips.get(name);
    if (!clip) throw new Error(`no clip ${name}`);
    return { label: clip.voice, toneHz: clip.toneHz, startedAt, samples: decodePackets(clip.packets) };
  };
  ada = spoken('ada-1', START + 500);
  ben = spoken('ben-1', START + 1700);
  cleo = spoken('cleo-1', START + 1000);
});

const failed = (timeline: Timeline) =>
  judge(timeline, [ada, ben], [cleo])
    .filter(({ ok }) => !ok)
    .map(({ label }) => label);

test('a correct system passes, overlaps and a delay of 40 ms included', () => {
  expect(failed(hear([{ clip: ada }, { clip: ben }]))).toEqual([]);
});

test('a missing clip fails', () => {
  expect(failed(hear([{ clip: ada }]))).toEqual(['ben']);
});

test('the own voice fails, even at −25 dB', () => {
  expect(failed(hear([{ clip: ada }, { clip: ben }, { clip: cleo, gain: 0.056 }]))).toEqual(['cleo']);
});

test('an echo of the own voice fails at any delay', () => {
  for (const delayMs of [150, 900, 3500]) {
    expect(failed(hear([{ clip: ada }, { clip: ben }, { clip: cleo, gain: 0.1, delayMs }]))).toEqual(['cleo']);
  }
});

test('a swapped route fails on both sides', () => {
  expect(failed(hear([{ clip: ada }, { clip: cleo }]))).toEqual(['ben', 'cleo']);
});

test('3 dB too soft or too loud fails', () => {
  expect(failed(hear([{ clip: ada, gain: 0.7 }, { clip: ben }]))).toEqual(['ada']);
  expect(failed(hear([{ clip: ada }, { clip: ben, gain: 1.41 }]))).toEqual(['ben']);
});

test('a voice whose tone came through without the speech fails', () => {
  const bare: SpokenClip = {
    ...ada,
    samples: ada.samples.map((_, index) => 0.025 * Math.sin((2 * Math.PI * 9150 * index) / SAMPLE_RATE)),
  };
  expect(failed(hear([{ clip: bare }, { clip: ben }]))).toEqual(['ada']);
});

test('silence fails', () => {
  expect(failed({ startAt: START, samples: new Float32Array(8 * SAMPLE_RATE) })).toEqual(['ada', 'ben']);
});
