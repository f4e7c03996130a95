/** `POST /v1/listen`: a whole file at once. https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { readOggOpus } from '../clips/ogg-opus.ts';
import { readWavChannels } from '../clips/wav.ts';
import { decodeAll, samplesOf } from '../hearing/decode.ts';
import { type HeardWord, Recogniser } from '../hearing/recogniser.ts';
import { HEARING_RATE, Resampler } from '../hearing/resampler.ts';
import type { SoundLibrary } from '../hearing/sound-library.ts';
import { Framer } from '../hearing/spectrogram.ts';
import { mixDown, splitChannels } from './audio-stream.ts';
import { refusals } from './errors.ts';
import type { ListenQuery } from './query.ts';
import { alternativeOf, metadataOf } from './shapes.ts';

interface AudioFile {
  sampleRate: number;
  channels: Float32Array[];
}

/** Samples of the encoder's delay at the start of an Ogg Opus file, at 16 kHz. */
const PRE_SKIP = 104;

/** @throws {DeepgramError} when the file is of no kind that is read here. */
function decodeFile(file: Buffer, query: ListenQuery): AudioFile {
  try {
    if (query.encoding === 'linear16') {
      return { sampleRate: query.sample_rate ?? 0, channels: splitChannels(samplesOf(file), query.channels) };
    }
    const magic = file.toString('latin1', 0, 4);
    if (magic === 'RIFF') return readWavChannels(file);
    if (magic === 'OggS') {
      return { sampleRate: HEARING_RATE, channels: [decodeAll(readOggOpus(file)).subarray(PRE_SKIP)] };
    }
  } catch (error) {
    throw refusals.audio(error instanceof Error ? error.message : String(error));
  }
  throw refusals.audio('send WAV with 16-bit PCM, Ogg Opus, or raw linear16 with encoding and sample_rate');
}

async function recognise(samples: Float32Array, sampleRate: number, library: SoundLibrary): Promise<HeardWord[]> {
  const [resampler, framer, recogniser] = [new Resampler(sampleRate), new Framer(), new Recogniser(library)];
  const words: HeardWord[] = [];
  // One second at a time, and half a second of silence at the end, so that the last word is complete.
  const ended = new Float32Array(samples.length + Math.round(sampleRate / 2));
  ended.set(samples);
  for (let start = 0; start < ended.length; start += sampleRate) {
    const second = resampler.push(ended.subarray(start, start + sampleRate));
    for (const frame of framer.push(second)) words.push(...recogniser.push(frame));
    // A long file must not hold up the live connections.
    await setImmediate();
  }
  return words.sort((left, right) => left.start - right.start);
}

/** Runs of words with pauses of `utt_split` seconds between. */
function utterancesOf(words: readonly HeardWord[], channel: number, query: ListenQuery): object[] {
  const runs: HeardWord[][] = [];
  for (const word of words) {
    const run = runs.at(-1);
    if (run && word.start - (run.at(-1)?.end ?? 0) < query.utt_split) run.push(word);
    else runs.push([word]);
  }
  return runs.map((run, index) => {
    const [start, end] = [run[0]?.start ?? 0, run.at(-1)?.end ?? 0];
    return { start, end, channel, id: `${channel}-${index}`, ...alternativeOf(run, query) };
  });
}

/** The whole answer, and what it costs in channel-seconds. */
export async function transcribeFile(
  file: Buffer,
  query: ListenQuery,
  about: { requestId: string; now: number; library: SoundLibrary },
): Promise<{ answer: object; channelSeconds: number }> {
  if (file.length === 0) throw refusals.body('The body is empty; send audio, or JSON with a url.');
  const { sampleRate, channels: all } = decodeFile(file, query);
  const channels = query.multichannel ? all : [mixDown(all)];
  const heard: HeardWord[][] = [];
  for (const samples of channels) heard.push(await recognise(samples, sampleRate, about.library));
  const duration = (channels[0]?.length ?? 0) / sampleRate;
  const sha256 = createHash('sha256').update(file).digest('hex');
  const { requestId, now: createdAt } = about;
  const utterances = heard.flatMap((words, channel) => utterancesOf(words, channel, query));
  const answer = {
    metadata: metadataOf({ requestId, sha256, createdAt, duration, channels: channels.length }, query),
    results: {
      channels: heard.map((words) => ({ alternatives: [alternativeOf(words, query)] })),
      ...(query.utterances ? { utterances } : {}),
    },
  };
  return { answer, channelSeconds: duration * channels.length };
}
