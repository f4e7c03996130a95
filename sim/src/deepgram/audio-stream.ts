/** The binary messages of a live connection as samples by channel. */
import { OpusListener, samplesOf } from '../hearing/decode.ts';
import { HEARING_RATE } from '../hearing/resampler.ts';
import { type ListenQuery, requireEncoding } from './query.ts';

export interface AudioStream {
  /** Channels of which results are given: one, unless `multichannel` is set. */
  channels: number;
  /** Channels that are billed. */
  billedChannels: number;
  /** Of the samples that come out, in Hz. */
  sampleRate: number;
  /**
   * One array for each channel.
   *
   * @throws {Error} when the bytes are no audio of this encoding.
   */
  decode(message: Buffer): Float32Array[];
}

/** @throws {DeepgramError} when the query does not say how the audio is encoded. */
export function audioStreamOf(query: ListenQuery): AudioStream {
  const { encoding, sampleRate } = requireEncoding(query);
  if (encoding === 'opus') {
    const listener = new OpusListener();
    return {
      channels: 1,
      billedChannels: 1,
      sampleRate: HEARING_RATE,
      decode: (message) => [listener.decode(message)],
    };
  }
  const { channels: interleaved, multichannel } = query;
  let rest: Buffer = Buffer.alloc(0);
  return {
    channels: multichannel ? interleaved : 1,
    billedChannels: multichannel ? interleaved : 1,
    sampleRate,
    decode(message) {
      // A message may end in the middle of a sample.
      const bytes = Buffer.concat([rest, message]);
      const whole = bytes.length - (bytes.length % (2 * interleaved));
      rest = Buffer.from(bytes.subarray(whole));
      const channels = splitChannels(samplesOf(bytes.subarray(0, whole)), interleaved);
      return multichannel ? channels : [mixDown(channels)];
    },
  };
}

/** Interleaved samples, channel by channel. */
export function splitChannels(samples: Float32Array, channels: number): Float32Array[] {
  if (channels === 1) return [samples];
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: samples.length / channels }, (_, index) => samples[index * channels + channel] ?? 0),
  );
}

export function mixDown(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(0)] = channels;
  if (channels.length === 1) return first;
  return first.map((_, index) => channels.reduce((sum, channel) => sum + (channel[index] ?? 0), 0) / channels.length);
}
