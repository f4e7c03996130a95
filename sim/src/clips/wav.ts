/** The little of signal work that making clips needs: read a WAV file, resample, cut off above the speech band. */

export interface Wav {
  sampleRate: number;
  /** First channel, −1…1. */
  samples: Float32Array;
}

/**
 * Reads 16-bit PCM WAV (RIFF).
 *
 * @throws {RangeError} when the file is not that.
 */
export function readWav(file: Buffer): Wav {
  const { sampleRate, channels } = readWavChannels(file);
  return { sampleRate, samples: channels[0] ?? new Float32Array(0) };
}

/**
 * The same with all channels.
 *
 * @throws {RangeError} when the file is not that.
 */
export function readWavChannels(file: Buffer): { sampleRate: number; channels: Float32Array[] } {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new RangeError('not a WAV file');
  }
  let offset = 12;
  let sampleRate = 0;
  let channels = 1;
  while (offset + 8 <= file.length) {
    const id = file.toString('latin1', offset, offset + 4);
    const size = file.readUInt32LE(offset + 4);
    const start = offset + 8;
    if (id === 'fmt ' && size >= 16) {
      if (file.readUInt16LE(start) !== 1 || file.readUInt16LE(start + 14) !== 16)
        throw new RangeError('not 16-bit PCM');
      channels = file.readUInt16LE(start + 2);
      sampleRate = file.readUInt32LE(start + 4);
    } else if (id === 'data') {
      const end = Math.min(file.length, start + size);
      const count = Math.floor((end - start) / (2 * channels));
      const split = Array.from({ length: channels }, (_, channel) =>
        Float32Array.from(
          { length: count },
          (_, index) => file.readInt16LE(start + (index * channels + channel) * 2) / 32_768,
        ),
      );
      return { sampleRate, channels: split };
    }
    offset = start + size + (size & 1);
  }
  throw new RangeError('WAV file without data');
}

/** Half the length of the windowed-sinc kernels, in samples of the lower rate. */
const HALF_TAPS = 32;

function windowedSinc(distance: number, cutoff: number, halfWidth: number): number {
  if (Math.abs(distance) >= halfWidth) return 0;
  const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / halfWidth);
  const x = 2 * cutoff * distance;
  const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  return 2 * cutoff * sinc * window;
}

/** Converts to a higher sample rate by windowed-sinc interpolation. */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  const output = new Float32Array(Math.floor((samples.length * to) / from));
  for (let index = 0; index < output.length; index += 1) {
    const centre = (index * from) / to;
    let sum = 0;
    for (let tap = Math.ceil(centre - HALF_TAPS); tap <= centre + HALF_TAPS; tap += 1) {
      sum += (samples[tap] ?? 0) * windowedSinc(tap - centre, 0.48, HALF_TAPS);
    }
    output[index] = sum;
  }
  return output;
}

/** Removes what lies above `cutoffHz` (linear phase, 257 taps, no delay). */
export function lowPass(samples: Float32Array, cutoffHz: number, sampleRate: number): Float32Array {
  const half = 128;
  const kernel = Float32Array.from({ length: 2 * half + 1 }, (_, tap) =>
    windowedSinc(tap - half, cutoffHz / sampleRate, half),
  );
  return samples.map((_, index) => {
    let sum = 0;
    for (let tap = -half; tap <= half; tap += 1) sum += (samples[index + tap] ?? 0) * (kernel[tap + half] ?? 0);
    return sum;
  });
}
