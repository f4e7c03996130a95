/**
 * What a recording is made of plays where people play it: in Chromium, and with ffmpeg and opusdec, always at the same length. A player
 * that is not installed is left out.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadClips } from '../../../sim/src/clips/library.ts';
import { virtualCall } from '../../../sim/src/scenario/virtual-call.ts';
import { findChromium, launchChromium } from '../../../sim/src/testing/browser.ts';
import { libopus } from '../audio/opus-codec.ts';
import { finalise } from './finalise.ts';
import type { FinaliseReport } from './report.ts';
import { record, sessionId, timeZero } from './test-recording.ts';

const SECONDS = 21.34;
/** An MP3 ends with a whole frame (24 ms), and decoders give its last one or two or do not. */
const MP3_SLACK_SECONDS = 0.08;

const run = promisify(execFile);
const has = (program: string, ...args: string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

let directory: string;
let report: FinaliseReport;
/** Every kind of file, with its length in seconds. */
let files: { path: string; seconds: number; slack: number }[];

beforeAll(async () => {
  const clips = [...(await loadClips()).values()];
  const speakers = ['7', '8'].map((userId) => ({ userId, clips, pauseMs: 1_000 }));
  const packets = [...virtualCall({ seed: 'plays', durationMs: SECONDS * 1_000, startsAt: timeZero, speakers })];
  const recorded = await record(packets, SECONDS * 1_000, [
    { userId: '7', at: 0, present: true },
    { userId: '8', at: 0, present: true },
    { userId: '8', at: 9_000, present: false },
    { userId: '8', at: 12_000, present: true },
  ]);
  directory = recorded.directory;
  const out = join(directory, 'out');
  const chunks = recorded.chunks;
  report = await finalise({ sessionId, timeZero, chunks, directory: out, codec: libopus, mp3Fragments: true });
  const ogg = ({ path, seconds }: { path: string; seconds: number }) => ({ path, seconds, slack: 0 });
  const mp3 = ({ path, seconds }: { path: string; seconds: number }) => ({ path, seconds, slack: MP3_SLACK_SECONDS });
  files = [
    ...report.fragments.map(({ normalised }) => ogg(normalised)),
    ...report.fragments.flatMap((fragment) => (fragment.mp3 ? [mp3(fragment.mp3)] : [])),
    mp3(report.master),
  ];
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What is given as received ends with its last packet: players cut the delay of the codec off at the start. */
const raws = () =>
  report.fragments.map(({ raw }) => ({ path: raw.path, seconds: raw.seconds - 312 / 48_000, slack: 0 }));

test('there is a file of each kind for each stay, and the master', () => {
  expect(report.fragments).toHaveLength(3);
  expect(files).toHaveLength(3 + 3 + 1);
  expect(report.master.seconds).toBeCloseTo(report.samples / 48_000, 6);
});

describe.skipIf(!findChromium())('in Chromium', () => {
  test('each file decodes whole, and the player shows its length', async () => {
    const server = createServer((request, response) => {
      const path = [...files, ...raws()].find((file) => basename(file.path) === request.url?.slice(1))?.path;
      if (!path) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
      const type = path.endsWith('ogg') ? 'audio/ogg' : 'audio/mpeg';
      // As a bucket answers: a player asks for the end of the file to learn its length.
      return void readFile(path).then((body) => {
        const [, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
        const part = body.subarray(Number(from), to ? Number(to) + 1 : undefined);
        const range = `bytes ${from}-${Number(from) + part.length - 1}/${body.length}`;
        const headers = { 'content-type': type, 'content-length': part.length, 'accept-ranges': 'bytes' };
        if (request.headers.range) response.writeHead(206, { ...headers, 'content-range': range });
        else response.writeHead(200, headers);
        response.end(part);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await launchChromium(findChromium() ?? '');
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      for (const { path, seconds, slack } of [...files, ...raws()]) {
        const name = basename(path);
        // Types of the page are not those of Node: a text.
        const heard = (await page.evaluate(`(async () => {
          const body = await (await fetch('/${name}')).arrayBuffer();
          const sound = await new OfflineAudioContext(2, 48000, 48000).decodeAudioData(body);
          const audio = new Audio('/${name}');
          await new Promise((resolve, reject) => { audio.onloadedmetadata = resolve; audio.onerror = () => reject(audio.error); });
          let peak = 0;
          for (const value of sound.getChannelData(0)) peak = Math.max(peak, Math.abs(value));
          return { decoded: sound.length / 48000, shown: audio.duration, peak };
        })()`)) as { decoded: number; shown: number; peak: number };
        expect(Math.abs(heard.decoded - seconds), `${name} decoded`).toBeLessThanOrEqual(slack + 0.0001);
        expect(Math.abs(heard.shown - seconds), `${name} shown`).toBeLessThanOrEqual(slack + 0.01);
        if (!name.startsWith('RAW')) expect(heard.peak, name).toBeGreaterThan(0.1);
      }
    } finally {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe.skipIf(!has('ffmpeg', '-version'))('with ffmpeg', () => {
  test('each file decodes without a word, whole', async () => {
    for (const { path, seconds, slack } of [...files, ...raws()]) {
      const decoder = path.endsWith('ogg') ? ['-c:a', 'libopus'] : [];
      const out = join(directory, 'decoded.raw');
      const args = ['-v', 'error', '-y', ...decoder, '-i', path, '-f', 's16le', '-ac', '2', '-ar', '48000', out];
      const { stderr } = await run('ffmpeg', args);
      expect(stderr, basename(path)).toBe('');
      const decoded = (await stat(out)).size / 4 / 48_000;
      expect(Math.abs(decoded - seconds), `${basename(path)}: ${decoded} s`).toBeLessThanOrEqual(slack + 0.0001);
    }
  });
});

describe.skipIf(!has('opusdec', '--version'))('with opusdec', () => {
  test('each Opus file decodes whole', async () => {
    for (const { path, seconds } of [...files, ...raws()].filter((file) => file.path.endsWith('ogg'))) {
      const out = join(directory, 'decoded.raw');
      await run('opusdec', ['--quiet', '--force-stereo', '--rate', '48000', path, '--no-dither', out]);
      const decoded = (await stat(out)).size / 4 / 48_000;
      expect(Math.abs(decoded - seconds), `${basename(path)}: ${decoded} s`).toBeLessThanOrEqual(0.0001);
    }
  });
});
