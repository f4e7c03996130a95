/**
 * Makes the tones in `src/audio/tones/` from sines. Run it with `npm run tones -w voice-node` after a change here, and commit
 * the files: the node only reads them.
 */
import { writeFile } from 'node:fs/promises';
import { OggOpusWriter } from '../src/audio/ogg-opus.ts';
import { FRAME_VALUES, libopus } from '../src/audio/opus-codec.ts';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../src/audio/packet.ts';

interface Note {
  /** Sines that sound together, Hz. */
  hertz: readonly number[];
  /** Seconds from the start. */
  at: number;
  seconds: number;
}

/** −21 dB of full scale for each sine: softer than speech. */
const AMPLITUDE = 2_900;
/** Notes swell and fade so long, that nothing clicks. Seconds. */
const EDGE = 0.02;
const BITRATE = 24_000;

const melodies: Record<string, { seconds: number; notes: readonly Note[] }> = {
  // Two notes up: a call begins.
  connect: {
    seconds: 0.5,
    notes: [
      { hertz: [523.25], at: 0.02, seconds: 0.16 },
      { hertz: [783.99], at: 0.2, seconds: 0.24 },
    ],
  },
  // A soft fifth twice, then rest: somebody waits.
  hold: {
    seconds: 4,
    notes: [
      { hertz: [440, 659.25], at: 0.1, seconds: 0.5 },
      { hertz: [440, 659.25], at: 0.8, seconds: 0.5 },
    ],
  },
  // Two notes down: it is over.
  end: {
    seconds: 0.6,
    notes: [
      { hertz: [659.25], at: 0.02, seconds: 0.16 },
      { hertz: [392], at: 0.2, seconds: 0.32 },
    ],
  },
  // The same short note twice: this channel is being recorded.
  recorded: {
    seconds: 0.5,
    notes: [
      { hertz: [880], at: 0.02, seconds: 0.14 },
      { hertz: [880], at: 0.26, seconds: 0.14 },
    ],
  },
};

function sampleAt(notes: readonly Note[], time: number): number {
  let sum = 0;
  for (const { hertz, at, seconds } of notes) {
    const edge = Math.min(time - at, at + seconds - time) / EDGE;
    if (edge <= 0) continue;
    const swell = edge >= 1 ? 1 : 0.5 - 0.5 * Math.cos(Math.PI * edge);
    for (const frequency of hertz) sum += swell * AMPLITUDE * Math.sin(2 * Math.PI * frequency * (time - at));
  }
  return Math.round(sum);
}

for (const [serial, [name, { seconds, notes }]] of Object.entries(melodies).entries()) {
  const encoder = libopus.createEncoder({ bitrate: BITRATE, complexity: 10 });
  const writer = new OggOpusWriter(serial + 1);
  const pages: (Buffer | undefined)[] = [writer.header({ TITLE: name })];
  for (let frame = 0; frame < Math.round(seconds * 50); frame += 1) {
    const pcm = Int16Array.from({ length: FRAME_VALUES }, (_, index) =>
      sampleAt(notes, (frame * FRAME_SAMPLES + (index >> 1)) / SAMPLE_RATE),
    );
    pages.push(writer.add(encoder.encode(pcm)));
  }
  pages.push(writer.end());
  const bytes = Buffer.concat(pages.filter((page) => page !== undefined));
  await writeFile(new URL(`../src/audio/tones/${name}.opus`, import.meta.url), bytes);
  process.stdout.write(`${name}: ${bytes.length} bytes\n`);
}
