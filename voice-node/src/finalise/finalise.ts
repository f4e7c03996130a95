/**
 * Makes what people listen to from the chunks of a recording: for each join-to-leave the chunks joined as received and a
 * loudness-normalised version, and the mix of all as the master. Without ffmpeg, and in memory that hardly grows with the length (36
 * bytes for each frame in which somebody speaks).
 *
 * Three steps, of which only what was spoken is decoded: measure each track; level, write and mix them; write the mix.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LIMITER_DELAY } from '../audio/limiter.ts';
import type { OpusCodec } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../audio/packet.ts';
import { ratioOf, TruePeakMeter } from '../audio/true-peak.ts';
import { Envelope } from './envelope.ts';
import { FragmentMaker, soundOf } from './fragment-maker.ts';
import { FrameSpool } from './frame-spool.ts';
import type { SpokenFrame } from './grid.ts';
import { Leveller } from './levelled.ts';
import { goal as defaultGoal, GapMeter, type Level, type LoudnessGoal, levelOf } from './loudness-goal.ts';
import { MasterWriter } from './master-writer.ts';
import { KeptTracks, measureTrack } from './measure.ts';
import { mix } from './mix.ts';
import type { FinaliseReport } from './report.ts';
import type { DecodeCounters } from './spoken.ts';
import { recordingOf, type StoredChunk } from './tracks.ts';

export interface FinaliseOptions {
  sessionId: string;
  timeZero: number;
  chunks: readonly StoredChunk[];
  /** Folder for what is made; must be there. */
  directory: string;
  codec: OpusCodec;
  /** Fragments as MP3 (64 kbit/s) as well. */
  mp3Fragments?: boolean;
  goal?: LoudnessGoal;
  onProgress?(percent: number): void;
}

/** Where the time goes, in percent of the whole, measured on conversations; for the progress alone. */
const steps = { measure: 20, fragments: 45, master: 35 } as const;
/** dB above full scale: several people at once may be louder than one. */
const MIX_HEADROOM = 12;
/** After so many frames the process looks at its messages. */
const FRAMES_AT_ONCE = 500;

/** @throws {PatchbayError} `ogg_malformed` for a chunk that is no Ogg file */
export async function finalise(options: FinaliseOptions): Promise<FinaliseReport> {
  const { sessionId, timeZero, chunks, directory, codec, goal = defaultGoal } = options;
  const recording = recordingOf(chunks);
  const { tracks, samples, outages } = recording;
  const counters: DecodeCounters = { undecodable: 0, spoken: 0 };
  let before = 0;
  const progress = (step: number, part: number): void =>
    options.onProgress?.(Math.min(100, Math.floor(before + step * part)));

  let frame = 0;
  const breathe = (): Promise<void> | undefined => {
    frame += 1;
    return frame % FRAMES_AT_ONCE === 0 ? setImmediate() : undefined;
  };
  const kept = new KeptTracks(directory);
  const levels: Level[][] = [];
  const spokenSamples: Record<string, number> = {};
  for (const track of tracks) {
    const spokenBefore = counters.spoken;
    levels.push(await measureTrack(track, codec, goal, counters, kept, breathe));
    spokenSamples[track.userId] = (counters.spoken - spokenBefore) * FRAME_SAMPLES;
    progress(steps.measure, levels.length / tracks.length);
  }
  before += steps.measure;

  const frames = Math.ceil(samples / FRAME_SAMPLES);
  const spoolPath = join(directory, 'mix.spool');
  const spool = new FrameSpool(spoolPath, MIX_HEADROOM);
  const fragments = await FragmentMaker.open(tracks, levels, { ...options, goal, outages, kept });
  const mixEnvelope = new Envelope();
  for (const frame of mix(tracks.map((track) => fragments.levelled(track)))) {
    mixEnvelope.add(frame);
    spool.add(frame);
    progress(steps.fragments, frame.index / frames);
    await breathe();
  }
  spool.end();
  await kept.clear(tracks);
  const finished = await fragments.close();
  before += steps.fragments;

  const master = await writeMaster(levelOf(mixEnvelope, goal));
  await rm(spoolPath, { force: true });
  options.onProgress?.(100);
  return {
    v: 1,
    sessionId,
    timeZero,
    samples,
    fragments: finished,
    master,
    missing: tracks
      .filter(({ missing }) => missing.length > 0)
      .map(({ userId, missing }) => ({ userId, spans: missing })),
    outages,
    lostPackets: Object.fromEntries(
      tracks.map(({ userId, chunks: own }) => [userId, own.reduce((sum, { lostPackets }) => sum + lostPackets, 0)]),
    ),
    spokenSamples,
    undecodable: counters.undecodable,
  };

  async function writeMaster(masterLevel: Level): Promise<FinaliseReport['master']> {
    const path = join(directory, `MASTER-${sessionId}.mp3`);
    const writer = await MasterWriter.open(path, 128);
    const leveller = new Leveller(ratioOf(masterLevel.gain), ratioOf(goal.ceiling));
    const [loudness, peak] = [new GapMeter(), new TruePeakMeter()];
    const write = (out: readonly SpokenFrame[]): void => {
      for (const frame of out) {
        loudness.add(frame);
        peak.add(frame.pcm);
        writer.add(frame);
        progress(steps.master, frame.index / frames);
      }
    };
    for (const frame of spool.frames(LIMITER_DELAY)) {
      write(leveller.push(frame));
      await breathe();
    }
    write(leveller.flush());
    return {
      path,
      seconds: (frames * FRAME_SAMPLES) / SAMPLE_RATE,
      ...writer.end(frames),
      sound: soundOf(masterLevel, loudness.integrated, peak.dBTP),
    };
  }
}
