/** Voices of one's own: the words of a clip with another tone above the speech band, for calls of more people than the clips have. */
import { Encoder } from '@evan/opus';
import { decodePackets, SAMPLE_RATE } from './timeline.ts';

const FRAME = 960;
/** The clips' own tones lie above. */
const SPEECH_BAND_HZ = 7_000;
/** As in the clips: 64 kbit/s, and this peak. */
const BITRATE = 64_000;
const TONE_PEAK = 0.025;
/** Half of the filter's length: its edge is some 500 Hz wide. Samples. */
const HALF = 128;

function lowPass(samples: Float32Array): Float32Array {
  const cutoff = (2 * SPEECH_BAND_HZ) / SAMPLE_RATE;
  const kernel = Float64Array.from({ length: 2 * HALF + 1 }, (_, tap) => {
    const at = tap - HALF;
    const window = 0.42 + 0.5 * Math.cos((Math.PI * at) / HALF) + 0.08 * Math.cos((2 * Math.PI * at) / HALF);
    return window * (at === 0 ? cutoff : Math.sin(Math.PI * cutoff * at) / (Math.PI * at));
  });
  return samples.map((_, index) => {
    let sum = 0;
    for (let tap = -HALF; tap <= HALF; tap += 1) sum += (samples[index + tap] ?? 0) * (kernel[tap + HALF] ?? 0);
    return sum;
  });
}

/** A clip's words under another tone, both at `gain`, encoded as a client does. */
export function withTone(packets: readonly Uint8Array[], toneHz: number, gain: number): Uint8Array[] {
  const speech = lowPass(decodePackets(packets));
  const encoder = new Encoder({ channels: 2, sample_rate: SAMPLE_RATE, application: 'voip' });
  encoder.bitrate = BITRATE;
  return packets.map((_, frame) => {
    const pcm = Int16Array.from({ length: 2 * FRAME }, (__, value) => {
      const index = frame * FRAME + (value >> 1);
      const tone = TONE_PEAK * Math.sin((2 * Math.PI * toneHz * index) / SAMPLE_RATE);
      return Math.round(32_767 * gain * ((speech[index] ?? 0) + tone));
    });
    return Uint8Array.from(encoder.encode(pcm));
  });
}
