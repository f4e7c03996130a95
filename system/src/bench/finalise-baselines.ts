/**
 * Two ways to finalise with ffmpeg, with the same result as ours: a normalised fragment of each participant as Ogg Opus (64 kbit/s) and
 * the normalised mix as MP3 (128 kbit/s).
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TARGET = -16;
/** dBTP as a ratio: −1.5, as ours. */
const CEILING = 0.841;
const OPUS = ['-c:a', 'libopus', '-b:a', '64k', '-compression_level', '5'];
const MP3 = (bitrate: string) => ['-c:a', 'libmp3lame', '-b:a', bitrate];
const LOUDNORM = `loudnorm=I=${TARGET}:TP=-1.5:LRA=11`;
/** Debian's ffmpeg 5.1 makes bursts of Discord's packets with its own Opus decoder. */
const DECODER = ['-c:a', 'libopus'];
const ENDLESS = 1 << 26;

async function ffmpeg(...args: string[]): Promise<string> {
  const all = ['-hide_banner', '-nostats', '-nostdin', '-y', ...args];
  const { stderr } = await promisify(execFile)('ffmpeg', all, { maxBuffer: ENDLESS });
  return stderr;
}

/** Why ffmpeg cannot be a baseline here; undefined: it can. */
export async function ffmpegMissing(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ffmpeg', ['-hide_banner', '-encoders'], { maxBuffer: ENDLESS });
    const lacks = ['libopus', 'libmp3lame'].filter((name) => !stdout.includes(name));
    return lacks.length === 0 ? undefined : `the ffmpeg here was built without ${lacks.join(' and ')}`;
  } catch (error) {
    if (error instanceof Error) return 'there is no ffmpeg here';
    throw error;
  }
}

/** The chunks of each participant, in order of time. */
export type Tracks = readonly (readonly string[])[];

const list = (files: readonly string[]): string => files.map((file) => `file '${file}'\n`).join('');

/**
 * (a) As recording bots usually do it: an MP3 for each participant and chunk; these are joined and normalised; the fragments are put in
 * place and mixed, and the mix is normalised.
 */
export async function classic(tracks: Tracks, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const fragments: string[] = [];
  for (const [index, chunks] of tracks.entries()) {
    const pieces: string[] = [];
    for (const [piece, chunk] of chunks.entries()) {
      const path = join(directory, `${index}-${piece}.mp3`);
      await ffmpeg(...DECODER, '-i', chunk, ...MP3('64k'), path);
      pieces.push(path);
    }
    const joined = join(directory, `${index}.txt`);
    await writeFile(joined, list(pieces));
    const fragment = join(directory, `${index}.ogg`);
    await ffmpeg('-f', 'concat', '-safe', '0', '-i', joined, '-af', LOUDNORM, '-ar', '48000', ...OPUS, fragment);
    fragments.push(fragment);
  }
  const placed = fragments.map((_, index) => `[${index}:a]adelay=0|0[d${index}]`).join(';');
  const mixed = `${fragments.map((_, index) => `[d${index}]`).join('')}amix=inputs=${fragments.length}:normalize=0[mix]`;
  const wav = join(directory, 'mix.wav');
  const inputs = fragments.flatMap((fragment) => [...DECODER, '-i', fragment]);
  await ffmpeg(...inputs, '-filter_complex', `${placed};${mixed}`, '-map', '[mix]', wav);
  await ffmpeg('-i', wav, '-af', LOUDNORM, '-ar', '48000', ...MP3('128k'), join(directory, 'master.mp3'));
}

/**
 * (b) The cheapest graph that gives the same: all tracks measured by one ffmpeg; all levelled, limited, encoded, mixed and the mix
 * measured by a second; the mix levelled and encoded by a third.
 */
export async function oneGraph(tracks: Tracks, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const inputs: string[] = [];
  for (const [index, chunks] of tracks.entries()) {
    const joined = join(directory, `${index}.txt`);
    await writeFile(joined, list(chunks));
    inputs.push('-f', 'concat', '-safe', '0', ...DECODER, '-i', joined);
  }
  const each = <T>(make: (index: number) => T): T[] => tracks.map((_, index) => make(index));
  const meters = each((index) => `[${index}:a]ebur128=framelog=verbose[m${index}]`).join(';');
  const nowhere = each((index) => ['-map', `[m${index}]`, '-f', 'null', '-']).flat();
  const measured = loudnesses(await ffmpeg(...inputs, '-filter_complex', meters, ...nowhere));
  const limiter = `alimiter=limit=${CEILING}:attack=5:release=90:level=disabled`;
  const levelled = each((index) => {
    const gain = TARGET - (measured[index] ?? Number.NaN);
    return `[${index}:a]volume=${gain}dB,${limiter},asplit=2[f${index}][x${index}]`;
  });
  const mix = `${each((index) => `[x${index}]`).join('')}amix=inputs=${tracks.length}:normalize=0,ebur128=framelog=verbose[mix]`;
  const wav = join(directory, 'mix.wav');
  const outputs = each((index) => ['-map', `[f${index}]`, ...OPUS, join(directory, `${index}.ogg`)]).flat();
  const graph = [...levelled, mix].join(';');
  const said = await ffmpeg(...inputs, '-filter_complex', graph, ...outputs, '-map', '[mix]', '-c:a', 'pcm_f32le', wav);
  const gain = TARGET - (loudnesses(said)[0] ?? Number.NaN);
  await ffmpeg('-i', wav, '-af', `volume=${gain}dB,${limiter}`, ...MP3('128k'), join(directory, 'master.mp3'));
}

/** What the meters of a graph said at the end, in the order of the graph. LUFS. */
function loudnesses(said: string): number[] {
  const found = [...said.matchAll(/Parsed_ebur128_(\d+)[^\n]*Summary:[\s\S]*?I:\s+(-?[\d.]+) LUFS/g)];
  return found.sort((left, right) => Number(left[1]) - Number(right[1])).map(([, , lufs]) => Number(lufs));
}
