/**
 * How well speech came through a lossy call, against a clean run of the same words. Everything is decoded at 16 kHz: the clips'
 * tones lie above, and what a decoder guesses for a tone says nothing about speech.
 */
import { OpusListener } from '../../../sim/src/hearing/decode.ts';
import { Recogniser } from '../../../sim/src/hearing/recogniser.ts';
import { SoundLibrary } from '../../../sim/src/hearing/sound-library.ts';
import { Framer, HIGHEST_BIN, HOP_SAMPLES, LOWEST_BIN } from '../../../sim/src/hearing/spectrogram.ts';
import { type CallResult, clips, FRAME_MS, type MixedPacket, STARTS_AT } from './lossy-call.ts';
import type { SentPacket } from './test-legs.ts';

const FRAME = 320;
/** Softer than −46 dB of full scale is not compared. */
const SOFT = 0.005;
/** Bands of the measure over frequency, narrow below and wide above. */
const BANDS = 24;

const edges = Array.from({ length: BANDS + 1 }, (_, band) =>
  Math.round(LOWEST_BIN + (HIGHEST_BIN + 1 - LOWEST_BIN) * ((2 ** ((band / BANDS) * 3.2) - 1) / (2 ** 3.2 - 1))),
);

/** What one listener heard beside what they should have heard, frame by frame, whenever each frame's turn was. */
interface Aligned {
  wanted: Float32Array;
  got: Float32Array;
  /** By frame of 20 ms: the packet never came. */
  lost: boolean[];
}

export function align(clean: CallResult, heard: CallResult): Aligned[] {
  return (['5', '6'] as const).map((listener) => {
    const spoken = clean.mixed.filter(({ userId }) => userId !== listener);
    const turns = new Map(heard.mixed.map((packet) => [keyOf(packet), packet.mixedAt]));
    const [reference, result] = [byTick(clean.sent[listener]), byTick(heard.sent[listener])];
    const [wanted, got] = [new Float32Array(spoken.length * FRAME), new Float32Array(spoken.length * FRAME)];
    let last: (MixedPacket & { turn: number }) | undefined;
    for (const [index, packet] of spoken.entries()) {
      const behind = last?.speech === packet.speech ? (packet.index - last.index) * FRAME_MS : 0;
      // A lost frame's turn follows from the one before.
      const turn = turns.get(keyOf(packet)) ?? (last ? last.turn + behind : packet.mixedAt);
      last = { ...packet, turn };
      wanted.set(reference.get(tick(packet.mixedAt)) ?? [], index * FRAME);
      got.set(result.get(tick(turn)) ?? [], index * FRAME);
    }
    return { wanted, got, lost: spoken.map((packet) => !turns.has(keyOf(packet))) };
  });
}

const keyOf = ({ userId, speech, index }: MixedPacket) => `${userId}/${speech}/${index}`;
const tick = (at: number) => Math.round(at * 100);

function byTick(sent: readonly SentPacket[]): Map<number, Float32Array> {
  const listener = new OpusListener();
  return new Map(sent.map(({ at, opus }) => [tick(at), listener.decode(opus)]));
}

/** Signal over noise in dB, held between −10 and 35 as is usual. Both are powers. */
const ratio = (signal: number, noise: number) =>
  Math.min(35, Math.max(-10, 10 * Math.log10(signal / Math.max(1e-12, noise))));
const power = (samples: Float32Array) => samples.reduce((sum, value) => sum + value ** 2, 0);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Segmental signal-to-noise ratio of the waveform: the mean over frames of 20 ms with sound. dB. */
export function segmentalSnr(pairs: readonly Aligned[]): number {
  const ratios = pairs.flatMap(({ wanted, got }) =>
    Array.from({ length: wanted.length / FRAME }, (_, index) => {
      const [signal, heard] = [wanted, got].map((samples) => samples.subarray(index * FRAME, (index + 1) * FRAME));
      if (!signal || !heard || power(signal) < FRAME * SOFT ** 2) return [];
      return [ratio(power(signal), power(signal.map((value, at) => value - (heard[at] ?? 0))))];
    }).flat(),
  );
  return mean(ratios);
}

/**
 * Frequency-weighted segmental signal-to-noise ratio (Hu and Loizou 2008): of the magnitudes in 24 bands, which is what ears go
 * by; a guessed sound has another phase. dB; `whereLost`: at the frames that never came.
 */
export function bandSnr(pairs: readonly Aligned[]): { all: number; whereLost: number } {
  const ratios = pairs.flatMap(({ wanted, got, lost }) => {
    const heard = new Framer().push(got);
    return new Framer().push(wanted).flatMap((frame, at) => {
      const isLost = lost[Math.floor((at * HOP_SAMPLES + 256) / FRAME)] ?? false;
      const other = heard[at];
      if (!other || frame.level < SOFT ** 2) return [];
      let [sum, weights] = [0, 0];
      for (let band = 0; band < BANDS; band += 1) {
        const [signal, result] = [magnitude(frame.power, band), magnitude(other.power, band)];
        const weight = signal ** 0.2;
        sum += weight * ratio(signal ** 2, (signal - result) ** 2);
        weights += weight;
      }
      return [{ isLost, ratio: sum / weights }];
    });
  });
  const lost = ratios.filter(({ isLost }) => isLost);
  return { all: mean(ratios.map((each) => each.ratio)), whereLost: mean(lost.map((each) => each.ratio)) };
}

function magnitude(spectrum: Float32Array, band: number): number {
  const from = edges[band] ?? 0;
  let sum = 0;
  for (let bin = from; bin < Math.max(from + 1, edges[band + 1] ?? 0); bin += 1) sum += spectrum[bin] ?? 0;
  return Math.sqrt(sum);
}

let library: SoundLibrary | undefined;

/** Words that a listener recognises, and how many were said, over both directions. */
export function words({ speeches, sent }: CallResult): { said: number; heard: number } {
  library ??= new SoundLibrary(clips);
  const said = speeches.reduce((sum, { clip }) => sum + (clip.words?.length ?? 0), 0);
  let heard = 0;
  for (const packets of Object.values(sent)) {
    const [listener, framer, recogniser] = [new OpusListener(), new Framer(), new Recogniser(library)];
    let at = STARTS_AT;
    const silence = new Float32Array(320);
    const hear = (samples: Float32Array) => {
      for (const frame of framer.push(samples)) heard += recogniser.push(frame).length;
    };
    for (const packet of packets) {
      for (; packet.at - at >= FRAME_MS; at += FRAME_MS) hear(silence);
      hear(listener.decode(packet.opus));
      at += FRAME_MS;
    }
    for (let rest = 0; rest < 50; rest += 1) hear(silence);
  }
  return { said, heard };
}
