/**
 * Makes the spoken notices in `assets/` with espeak-ng (Debian: `apt-get install espeak-ng`). Run it with `npm run notices -w voice-node`
 * after a change of the sentences, and commit the files: the node only reads them. `assets/README.md` has the licence note.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OggOpusWriter } from '../src/audio/ogg-opus.ts';
import { FRAME_VALUES, libopus } from '../src/audio/opus-codec.ts';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../src/audio/packet.ts';

const sentences = {
  en: { voice: 'en-gb', words: 'This channel is being recorded.' },
  it: { voice: 'it', words: 'Questo canale viene registrato.' },
};
/** Of full scale: as loud as people speak, softer than the loudest. */
const PEAK = 0.22;
const BITRATE = 24_000;
/** The header of a WAV file as espeak-ng writes it; its samples are 16 bits, mono. */
const WAV = { rateAt: 24, bytes: 44 } as const;

/** Samples at 48 kHz, mono, −1 to 1; linear interpolation is enough for a voice that has nothing above 11 kHz. */
function resampled(samples: Int16Array, rate: number): Float64Array {
  const length = Math.floor((samples.length * SAMPLE_RATE) / rate);
  return Float64Array.from({ length }, (_, index) => {
    const at = (index * rate) / SAMPLE_RATE;
    const before = samples[Math.floor(at)] ?? 0;
    const after = samples[Math.floor(at) + 1] ?? 0;
    return (before + (after - before) * (at % 1)) / 32_768;
  });
}

const folder = mkdtempSync(join(tmpdir(), 'notices-'));
try {
  for (const [serial, [language, { voice, words }]] of Object.entries(sentences).entries()) {
    const path = join(folder, `${language}.wav`);
    execFileSync('espeak-ng', ['-v', voice, '-s', '150', '-w', path, words]);
    const wav = readFileSync(path);
    const pcm = new Int16Array(wav.buffer.slice(wav.byteOffset + WAV.bytes, wav.byteOffset + wav.length));
    const sound = resampled(pcm, wav.readUInt32LE(WAV.rateAt));
    const gain = (PEAK * 32_767) / Math.max(...sound.map(Math.abs));
    const encoder = libopus.createEncoder({ bitrate: BITRATE, complexity: 10 });
    const writer = new OggOpusWriter(100 + serial);
    const pages: (Buffer | undefined)[] = [writer.header({ TITLE: words })];
    // One frame of silence before and two behind, so that nothing clicks.
    const frames = Math.ceil(sound.length / FRAME_SAMPLES) + 3;
    for (let frame = 0; frame < frames; frame += 1) {
      const values = Int16Array.from({ length: FRAME_VALUES }, (_, index) =>
        Math.round((sound[(frame - 1) * FRAME_SAMPLES + (index >> 1)] ?? 0) * gain),
      );
      pages.push(writer.add(encoder.encode(values)));
    }
    pages.push(writer.end());
    const bytes = Buffer.concat(pages.filter((page) => page !== undefined));
    writeFileSync(new URL(`../assets/notice-${language}.opus`, import.meta.url), bytes);
    process.stdout.write(`${language}: ${bytes.length} bytes, ${(frames / 50).toFixed(1)} s\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
