/**
 * Makes the speech clips that members speak: `npm run clips -w sim`. Needs `espeak-ng` on the path; the result is committed,
 * so that nobody else needs it. Each person has one voice and, under it, one quiet tone above the speech band: the tone tells
 * whose voice was heard and how loud, however many talk at once.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Encoder } from '@evan/opus';
import { type ClipEntry, clipsDirectory } from '../src/clips/library.ts';
import { writeOggOpus } from '../src/clips/ogg-opus.ts';
import { lowPass, readWav, resample } from '../src/clips/wav.ts';
import { decodeAll } from '../src/hearing/decode.ts';
import { placeWords } from '../src/hearing/word-places.ts';

const run = promisify(execFile);

const SAMPLE_RATE = 48_000;
const FRAME = 960;
/** Speech is cut off here, so that nothing but the tone lies above. */
const SPEECH_BAND_HZ = 7_000;
/** Peak of the tone: −32 dB below full scale, about 14 dB below the speech. */
const TONE_PEAK = 0.025;
const SPEECH_PEAK = 0.45;
const BITRATE = 64_000;

interface Person {
  voice: string;
  espeak: string[];
  toneHz: number;
  lines: string[];
}

const people: Person[] = [
  {
    voice: 'ada',
    espeak: ['-v', 'en-gb+f3', '-s', '165', '-p', '60'],
    toneHz: 9_150,
    lines: [
      'Hello over there, can you hear us?',
      'We are playing a board game tonight.',
      'That sounds lovely, see you soon.',
    ],
  },
  {
    voice: 'ben',
    espeak: ['-v', 'en-us+m3', '-s', '155', '-p', '35'],
    toneHz: 9_650,
    lines: [
      'Good evening, this is the harbour.',
      'Our dice are loaded, but do not tell.',
      'Fair winds, and good night.',
    ],
  },
  {
    voice: 'cleo',
    espeak: ['-v', 'en-gb-scotland+f2', '-s', '160', '-p', '70'],
    toneHz: 10_150,
    lines: ['Yes, loud and clear on our side.', 'Which game are you playing?', 'Thank you for the call, goodbye.'],
  },
  {
    voice: 'dan',
    espeak: ['-v', 'en-us+m7', '-s', '150', '-p', '25'],
    toneHz: 10_650,
    lines: [
      'Greetings from the mountain lodge.',
      'It is snowing outside, and we have cake.',
      'Come back any time you like.',
    ],
  },
];

/** One line as mono samples in −1…1: speech at a fixed peak, the tone under all of it with 10 ms ramps. */
async function render(person: Person, text: string, scratch: string): Promise<Float32Array> {
  const wavFile = join(scratch, 'line.wav');
  await run('espeak-ng', [...person.espeak, '-w', wavFile, text]);
  const wav = readWav(await readFile(wavFile));
  const speech = lowPass(resample(wav.samples, wav.sampleRate, SAMPLE_RATE), SPEECH_BAND_HZ, SAMPLE_RATE);
  const peak = speech.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 1e-9);
  const samples = new Float32Array(Math.ceil(speech.length / FRAME) * FRAME);
  const ramp = SAMPLE_RATE / 100;
  for (let index = 0; index < samples.length; index += 1) {
    const edge = Math.min(1, index / ramp, (samples.length - 1 - index) / ramp);
    const tone = TONE_PEAK * edge * Math.sin((2 * Math.PI * person.toneHz * index) / SAMPLE_RATE);
    samples[index] = ((speech[index] ?? 0) / peak) * SPEECH_PEAK + tone;
  }
  return samples;
}

function encode(samples: Float32Array): Uint8Array[] {
  const encoder = new Encoder({ channels: 2, sample_rate: SAMPLE_RATE, application: 'voip' });
  encoder.bitrate = BITRATE;
  encoder.inband_fec = true;
  const packets: Uint8Array[] = [];
  for (let start = 0; start < samples.length; start += FRAME) {
    const frame = new Int16Array(FRAME * 2);
    for (let index = 0; index < FRAME; index += 1) {
      const value = Math.round(Math.max(-1, Math.min(1, samples[start + index] ?? 0)) * 32_767);
      frame[index * 2] = value;
      frame[index * 2 + 1] = value;
    }
    packets.push(Uint8Array.from(encoder.encode(frame)));
  }
  return packets;
}

const scratch = join(tmpdir(), `clips-${process.pid}`);
await mkdir(scratch, { recursive: true });
await mkdir(clipsDirectory, { recursive: true });
const entries: ClipEntry[] = [];
for (const person of people) {
  for (const [index, text] of person.lines.entries()) {
    const name = `${person.voice}-${index + 1}`;
    const packets = encode(await render(person, text, scratch));
    await writeFile(join(clipsDirectory, `${name}.opus`), writeOggOpus(packets));
    const words = placeWords(decodeAll(packets), text);
    entries.push({ name, voice: person.voice, text, toneHz: person.toneHz, seconds: packets.length / 50, words });
    process.stdout.write(`${name}: ${packets.length / 50} s\n`);
  }
}
await writeFile(join(clipsDirectory, 'clips.json'), `${JSON.stringify(entries, null, 2)}\n`);
await rm(scratch, { recursive: true });
