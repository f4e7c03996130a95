import { Encoder } from '@evan/opus';
import { loadClips } from '@patchbay/sim/clips';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SpokenClip } from './levels.ts';
import { decodeHeard, decodePackets, type HeardPacket, SAMPLE_RATE, type Timeline } from './timeline.ts';
import { judge } from './verdict.ts';

/**
 * The method is judged on the simulator's own clips, mixed and sent through a real Opus encoder as a bridge does: what is right
 * must pass, and each way of being wrong must fail.
 */
const START = 1_000_000;
/** Frames of the pause. */
const [PAUSE_FROM, PAUSE_TO] = [190, 200];

interface Sound {
  clip: SpokenClip;
  gain?: number;
  delayMs?: number;
}

/** What would be sent: the sounds summed and encoded. */
function encode(sounds: Sound[], seconds = 8): Uint8Array[] {
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
  return Array.from({ length: mixed.length / 960 }, (_, frame) => {
    const pcm = Int16Array.from({ length: 1920 }, (__, index) =>
      Math.round((mixed[frame * 960 + (index >> 1)] ?? 0) * 32_767),
    );
    return Uint8Array.from(encoder.encode(pcm));
  });
}

/** What would be heard. */
const hear = (sounds: Sound[], seconds = 8): Timeline => ({
  startAt: START,
  samples: decodePackets(encode(sounds, seconds)),
});

/** The same, received packet by packet: almost four seconds, a pause of 200 ms, and the rest. `change` makes it wrong, or only late. */
function receive(sounds: Sound[], change: (packet: HeardPacket, index: number) => Partial<HeardPacket>): Timeline {
  const packets = encode(sounds).flatMap((opus, index): HeardPacket[] => {
    if (index >= PAUSE_FROM && index < PAUSE_TO) return [];
    const sequence = (65_500 + index) & 0xffff;
    const packet = {
      ssrc: 1,
      sequence,
      timestamp: (0xffff_0000 + index * 960) >>> 0,
      receivedAt: START + index * 20,
      opus,
    };
    return [{ ...packet, ...change(packet, index) }];
  });
  return decodeHeard(packets, START, START + 8000);
}

let ada: SpokenClip;
let ben: SpokenClip;
let cleo: SpokenClip;
/** After the pause. */
let dan: SpokenClip;
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
  dan = spoken('dan-1', START + 4500);
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

describe('packet by packet', () => {
  const heard = (
    change: Parameters<typeof receive>[1],
    sounds: Sound[] = [{ clip: ada }, { clip: ben }, { clip: dan }],
  ) => judge(receive(sounds, change), [ada, ben, dan], [cleo]);
  const wrong = (...parameters: Parameters<typeof heard>) =>
    heard(...parameters)
      .filter(({ ok }) => !ok)
      .map(({ label }) => label);
  /** The listener's process stops for 70 ms in every half second, and reads what came meanwhile at once. */
  const stalls = ({ receivedAt }: HeardPacket) => ({
    receivedAt: receivedAt + Math.max(0, 70 - ((receivedAt - START) % 500)),
  });
  /** RTP time of what comes after the pause. */
  const rtp =
    (ms: number) =>
    ({ timestamp }: HeardPacket, index: number) =>
      index < PAUSE_TO ? {} : { timestamp: (timestamp + ms * 48) >>> 0 };

  test('what is right passes, over the wraps of both counters', () => {
    expect(wrong(() => ({}))).toEqual([]);
  });

  test('a listener that is read late hears the same, and a wrong mix is refused there too', () => {
    expect(wrong(stalls)).toEqual([]);
    expect(wrong(stalls, [{ clip: ada }, { clip: cleo }, { clip: dan }])).toEqual(['ben', 'cleo']);
    expect(wrong(stalls, [{ clip: ada, gain: 0.7 }, { clip: ben }, { clip: dan }])).toEqual(['ada']);
    expect(wrong(stalls, [{ clip: ada }, { clip: ben }, { clip: dan }, { clip: cleo, gain: 0.056 }])).toEqual(['cleo']);
  });

  test('each spurt stands where its own packets came: RTP time that is off over a pause moves no other spurt', () => {
    for (const ms of [-60, 60]) {
      const verdicts = heard(rtp(ms));
      expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
      // 40 ms of delay and the encoder's look-ahead.
      for (const { delayMs } of verdicts.filter(({ routed }) => routed)) expect(delayMs).toBeCloseTo(46.5, 0);
    }
  });

  test('a spurt that comes late is heard late', () => {
    const verdicts = heard(({ receivedAt }, index) => (index < PAUSE_TO ? {} : { receivedAt: receivedAt + 60 }));
    expect(verdicts.find(({ label }) => label === 'dan')?.delayMs).toBeCloseTo(106.5, 0);
  });

  test('packets that lie over each other by RTP time fail, wherever they are', () => {
    expect(wrong(rtp(-220))).toEqual(['ada', 'ben', 'dan']);
    expect(wrong(({ timestamp }, index) => (index === 300 ? { timestamp: (timestamp - 960) >>> 0 } : {}))).toHaveLength(
      3,
    );
  });
});
