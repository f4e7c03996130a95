/**
 * Who was heard, and how loud: under each voice lies a quiet tone of its own, above the speech band. All tones are fitted at
 * once, by least squares, at the times when their clips were spoken; a sine and a cosine for each clip make the fit blind to
 * the unknown delay. The answer is a level for each clip, relative to how it was spoken.
 */
import { type Column, leastSquares } from './solve.ts';
import { SAMPLE_RATE, type Timeline } from './timeline.ts';

export interface SpokenClip {
  /** Names the utterance in reports. */
  label: string;
  toneHz: number;
  /** Instant of the first sample, ms since the epoch. */
  startedAt: number;
  /** As decoded from the clip, −1…1. */
  samples: Float32Array;
}

export interface HeardLevel {
  label: string;
  /** 0 = as loud as spoken; −Infinity = not at all. */
  decibels: number;
}

/** A delay of the path up to this much changes nothing: so much is left out at the start of each clip. ms. */
const MARGIN_MS = 120;
/** A clip is also looked for so much before it was spoken: a recording may be off to both sides. ms. */
const EARLIEST_MS = 60;
/** Longest delay that is searched for when speech is compared. ms. */
const LONGEST_DELAY_MS = 150;

function samplesOf(milliseconds: number): number {
  return Math.round((milliseconds * SAMPLE_RATE) / 1000);
}

function toneColumns(clip: SpokenClip, timeline: Timeline): [Column, Column] {
  const start = samplesOf(clip.startedAt - timeline.startAt + MARGIN_MS);
  const length = clip.samples.length - samplesOf(MARGIN_MS);
  if (start < 0 || length <= 0 || start + length > timeline.samples.length) {
    throw new RangeError(`${clip.label} lies outside of what was heard`);
  }
  const make = (wave: (angle: number) => number): Column => ({
    start,
    values: Float64Array.from({ length }, (_, index) =>
      wave((2 * Math.PI * clip.toneHz * (start + index)) / SAMPLE_RATE),
    ),
  });
  return [make(Math.cos), make(Math.sin)];
}

/** Amplitude of the clip's own tone as it was spoken, by the same fit. */
function spokenAmplitude(clip: SpokenClip): number {
  const alone: Timeline = { startAt: clip.startedAt, samples: clip.samples };
  const [cosine = 0, sine = 0] = leastSquares(toneColumns(clip, alone), alone.samples);
  return Math.hypot(cosine, sine);
}

/**
 * Level of each clip's tone in what was heard. Clips may overlap in time, but no two of them with the same tone.
 *
 * @throws {RangeError} when a clip lies outside of the timeline, or overlaps one with its own tone.
 */
export function heardLevels(timeline: Timeline, clips: readonly SpokenClip[]): HeardLevel[] {
  const weights = leastSquares(
    clips.flatMap((clip) => toneColumns(clip, timeline)),
    timeline.samples,
  );
  return clips.map((clip, index) => {
    const heard = Math.hypot(weights[2 * index] ?? 0, weights[2 * index + 1] ?? 0);
    return { label: clip.label, decibels: 20 * Math.log10(heard / spokenAmplitude(clip)) };
  });
}

/**
 * The loudest that a tone is anywhere on the timeline, relative to how it is spoken: finds an echo at any delay, which the fit
 * at known times would miss. All known tones are fitted in each window of half a second.
 */
export function loudestTone(timeline: Timeline, clip: SpokenClip, allTones: readonly number[]): number {
  const length = SAMPLE_RATE / 2;
  let loudest = 0;
  for (let start = 0; start + length <= timeline.samples.length; start += length / 2) {
    const piece = timeline.samples.subarray(start, start + length);
    if (piece.every((sample) => sample === 0)) continue;
    const columns = allTones.flatMap((toneHz) =>
      [Math.cos, Math.sin].map(
        (wave): Column => ({
          start: 0,
          values: Float64Array.from({ length }, (_, index) => wave((2 * Math.PI * toneHz * index) / SAMPLE_RATE)),
        }),
      ),
    );
    const weights = leastSquares(columns, piece);
    const at = 2 * allTones.indexOf(clip.toneHz);
    loudest = Math.max(loudest, Math.hypot(weights[at] ?? 0, weights[at + 1] ?? 0));
  }
  return 20 * Math.log10(loudest / spokenAmplitude(clip));
}

/** Delay at which a clip fits best what was heard, in samples: the highest cross-correlation over its loudest second. */
export function delayOf(timeline: Timeline, clip: SpokenClip): number {
  const expected = samplesOf(clip.startedAt - timeline.startAt);
  const length = Math.min(SAMPLE_RATE, clip.samples.length);
  const from = loudestStretch(clip.samples, length);
  const correlation = (delay: number, step: number) => {
    let sum = 0;
    for (let index = from; index < from + length; index += step) {
      sum += (clip.samples[index] ?? 0) * (timeline.samples[expected + delay + index] ?? 0);
    }
    return sum;
  };
  const best = (delays: number[], step: number) =>
    delays.reduce(
      (leader, delay) => {
        const sum = correlation(delay, step);
        return sum > leader.sum ? { delay, sum } : leader;
      },
      { delay: 0, sum: -Infinity },
    ).delay;
  const range = (low: number, high: number, step: number) =>
    Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => low + index * step);
  const coarse = best(range(-samplesOf(EARLIEST_MS), samplesOf(LONGEST_DELAY_MS), 2), 3);
  return best(range(coarse - 4, coarse + 4, 1), 1);
}

function loudestStretch(samples: Float32Array, length: number): number {
  let sum = 0;
  let best = { from: 0, sum: -Infinity };
  for (let index = 0; index < samples.length; index += 1) {
    sum += (samples[index] ?? 0) ** 2 - (samples[index - length] ?? 0) ** 2;
    if (index >= length - 1 && sum > best.sum) best = { from: index - length + 1, sum };
  }
  return best.from;
}

/**
 * Level of each clip's whole waveform, speech and tone, each at its own best delay, all fitted at once: says that the speech
 * itself came through, not only its tone.
 */
export function speechLevels(timeline: Timeline, clips: readonly SpokenClip[]): (HeardLevel & { delayMs: number })[] {
  const delays = clips.map((clip) => delayOf(timeline, clip));
  const columns = clips.map((clip, index): Column => {
    const start = samplesOf(clip.startedAt - timeline.startAt) + (delays[index] ?? 0);
    return { start, values: Float64Array.from(clip.samples) };
  });
  return leastSquares(columns, timeline.samples).map((weight, index) => ({
    label: clips[index]?.label ?? '',
    decibels: 20 * Math.log10(Math.max(weight, 1e-9)),
    delayMs: ((delays[index] ?? 0) * 1000) / SAMPLE_RATE,
  }));
}
