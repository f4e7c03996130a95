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

/**
 * Clips are fitted in pieces of this length, each with a phase of its own: where a bridge goes over from passing packets through
 * to mixing, the codec's look-ahead of 6.5 ms moves the sound, and one phase for the whole clip would cancel itself out. ms.
 */
const TONE_PIECE_MS = 200;
const SPEECH_PIECE_MS = 400;

/** Cuts the rows from..to into pieces; a short rest goes with the last one. */
function pieces(from: number, to: number, length: number): { start: number; length: number }[] {
  const count = Math.max(1, Math.floor((to - from) / length));
  return Array.from({ length: count }, (_, index) => {
    const start = from + index * length;
    return { start, length: (index === count - 1 ? to : start + length) - start };
  });
}

/** A cosine and a sine for each piece of the clip. */
function toneColumns(clip: SpokenClip, timeline: Timeline): Column[] {
  const spoken = samplesOf(clip.startedAt - timeline.startAt);
  const [from, to] = [spoken + samplesOf(MARGIN_MS), spoken + clip.samples.length];
  if (from < 0 || from >= to || to > timeline.samples.length) {
    throw new RangeError(`${clip.label} lies outside of what was heard`);
  }
  return pieces(from, to, samplesOf(TONE_PIECE_MS)).flatMap(({ start, length }) =>
    [Math.cos, Math.sin].map((wave) => ({
      start,
      values: Float64Array.from({ length }, (_, index) =>
        wave((2 * Math.PI * clip.toneHz * (start + index)) / SAMPLE_RATE),
      ),
    })),
  );
}

/** Amplitude over all pieces, by power: the weights come in pairs of cosine and sine. */
function amplitudeOf(columns: readonly Column[], weights: readonly number[]): number {
  const lengths = columns.map(({ values }) => values.length);
  const power = weights.reduce((sum, weight, index) => sum + weight ** 2 * (lengths[index] ?? 0), 0);
  return Math.sqrt(power / (lengths.reduce((sum, length) => sum + length, 0) / 2));
}

/** Amplitude of the clip's own tone as it was spoken, by the same fit. */
function spokenAmplitude(clip: SpokenClip): number {
  const alone: Timeline = { startAt: clip.startedAt, samples: clip.samples };
  const columns = toneColumns(clip, alone);
  return amplitudeOf(columns, leastSquares(columns, alone.samples));
}

/**
 * Level of each clip's tone in what was heard. Clips may overlap in time, but no two of them with the same tone.
 *
 * @throws {RangeError} when a clip lies outside of the timeline, or overlaps one with its own tone.
 */
export function heardLevels(timeline: Timeline, clips: readonly SpokenClip[]): HeardLevel[] {
  const columns = clips.map((clip) => toneColumns(clip, timeline));
  const weights = leastSquares(columns.flat(), timeline.samples);
  return clips.map((clip, index) => {
    const own = columns[index] ?? [];
    const heard = amplitudeOf(own, weights.splice(0, own.length));
    return { label: clip.label, decibels: 20 * Math.log10(heard / spokenAmplitude(clip)) };
  });
}

/**
 * The loudest that each tone is anywhere on the timeline, as an amplitude: finds an echo at any delay, which the fit at known
 * times would miss. All tones are fitted together in each window of half a second.
 */
function loudestTones(timeline: Timeline, tones: readonly number[]): Map<number, number> {
  const length = SAMPLE_RATE / 2;
  const columns = tones.flatMap((toneHz) =>
    [Math.cos, Math.sin].map(
      (wave): Column => ({
        start: 0,
        values: Float64Array.from({ length }, (_, index) => wave((2 * Math.PI * toneHz * index) / SAMPLE_RATE)),
      }),
    ),
  );
  const loudest = new Map(tones.map((toneHz) => [toneHz, 0]));
  for (let start = 0; start + length <= timeline.samples.length; start += length / 2) {
    const piece = timeline.samples.subarray(start, start + length);
    if (piece.every((sample) => sample === 0)) continue;
    const weights = leastSquares(columns, piece);
    for (const [index, toneHz] of tones.entries()) {
      const amplitude = Math.hypot(weights[2 * index] ?? 0, weights[2 * index + 1] ?? 0);
      loudest.set(toneHz, Math.max(loudest.get(toneHz) ?? 0, amplitude));
    }
  }
  return loudest;
}

/**
 * How loud the tone of each of these clips is at its loudest, wherever on the timeline, in dB relative to how it was spoken.
 *
 * @param otherTones tones that may be heard, so that they are not taken for these.
 */
export function strayLevels(timeline: Timeline, clips: readonly SpokenClip[], otherTones: readonly number[]): number[] {
  const tones = [...new Set([...clips.map(({ toneHz }) => toneHz), ...otherTones])];
  const loudest = loudestTones(timeline, tones);
  return clips.map((clip) => 20 * Math.log10((loudest.get(clip.toneHz) ?? 0) / spokenAmplitude(clip)));
}

/** Delay at which a sound fits best what was heard, in samples, by cross-correlation. */
function delayOfPiece(timeline: Timeline, samples: Float32Array, expected: number, earliestMs: number): number {
  const correlation = (delay: number, step: number) => {
    let sum = 0;
    for (let index = 0; index < samples.length; index += step) {
      sum += (samples[index] ?? 0) * (timeline.samples[expected + delay + index] ?? 0);
    }
    return sum;
  };
  const best = (from: number, to: number, delayStep: number, sampleStep: number) => {
    let leader = { delay: 0, sum: -Infinity };
    for (let delay = from; delay <= to; delay += delayStep) {
      const sum = correlation(delay, sampleStep);
      if (sum > leader.sum) leader = { delay, sum };
    }
    return leader.delay;
  };
  const coarse = best(-samplesOf(earliestMs), samplesOf(LONGEST_DELAY_MS), 3, 3);
  return best(coarse - 4, coarse + 4, 1, 1);
}

/** Delay at which a clip fits best what was heard, in samples, judged by its loudest second. */
export function delayOf(timeline: Timeline, clip: SpokenClip): number {
  const length = Math.min(SAMPLE_RATE, clip.samples.length);
  const from = loudestStretch(clip.samples, length);
  const expected = samplesOf(clip.startedAt - timeline.startAt) + from;
  return delayOfPiece(timeline, clip.samples.subarray(from, from + length), expected, EARLIEST_MS);
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
 * Level of each clip's whole waveform, speech and tone, each piece at its own best delay, all fitted at once: says that the
 * speech itself came through, not only its tone. The delay is that of the median piece.
 */
export function speechLevels(timeline: Timeline, clips: readonly SpokenClip[]): (HeardLevel & { delayMs: number })[] {
  const parts = clips.map((clip) =>
    pieces(0, clip.samples.length, samplesOf(SPEECH_PIECE_MS)).map(({ start, length }) => {
      const samples = clip.samples.subarray(start, start + length);
      const expected = samplesOf(clip.startedAt - timeline.startAt) + start;
      const delay = delayOfPiece(timeline, samples, expected, 30);
      const energy = samples.reduce((sum, sample) => sum + sample ** 2, 0);
      return { delay, energy, column: { start: expected + delay, values: Float64Array.from(samples) } };
    }),
  );
  const columns = parts.flatMap((list) => list.map(({ column }) => column));
  const weights = leastSquares(columns, timeline.samples);
  return clips.map((clip, index) => {
    const own = parts[index] ?? [];
    const power = own.reduce((sum, { energy }) => sum + energy * Math.max(0, weights.shift() ?? 0) ** 2, 0);
    const whole = own.reduce((sum, { energy }) => sum + energy, 0);
    const delays = own.map(({ delay }) => delay).sort((left, right) => left - right);
    return {
      label: clip.label,
      decibels: 10 * Math.log10(Math.max(power / whole, 1e-18)),
      delayMs: ((delays[Math.floor(delays.length / 2)] ?? 0) * 1000) / SAMPLE_RATE,
    };
  });
}
