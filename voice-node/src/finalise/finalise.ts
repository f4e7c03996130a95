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
import { TRACK_COMMENT } from '../recording/chunks/chunk-tags.ts';
import { Envelope } from './envelope.ts';
import { FragmentWriter } from './fragment-writer.ts';
import { FrameSpool } from './frame-spool.ts';
import type { SpokenFrame } from './grid.ts';
import { joinRaw, rawTags } from './join-raw.ts';
import { Leveller } from './levelled.ts';
import { goal as defaultGoal, GapMeter, type Level, type LoudnessGoal, levelOf } from './loudness-goal.ts';
import { MasterWriter } from './master-writer.ts';
import { fragmentOf, KeptTracks, limitedInput, measureTrack } from './measure.ts';
import { mix } from './mix.ts';
import { type FinaliseReport, type FinishedFragment, finite, type Sound } from './report.ts';
import type { DecodeCounters } from './spoken.ts';
import { recordingOf, type Span, type StoredChunk, type Track } from './tracks.ts';

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

interface Fragment {
  track: Track;
  span: Span;
  level: Level;
  leveller: Leveller;
  loudness: GapMeter;
  peak: TruePeakMeter;
  writer: FragmentWriter;
  mp3: MasterWriter | undefined;
  path: string;
}

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
  const fragments: Fragment[] = [];
  for (const [index, track] of tracks.entries()) fragments.push(...(await openFragments(track, levels[index] ?? [])));
  const mixEnvelope = new Envelope();
  for (const frame of mix(tracks.map((track) => levelled(track)))) {
    mixEnvelope.add(frame);
    spool.add(frame);
    progress(steps.fragments, frame.index / frames);
    await breathe();
  }
  spool.end();
  await kept.clear(tracks);
  const finished: FinishedFragment[] = [];
  for (const fragment of fragments) {
    finished.push(closeFragment(fragment));
    await setImmediate();
  }
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

  async function openFragments(track: Track, own: readonly Level[]): Promise<Fragment[]> {
    const opened: Fragment[] = [];
    for (const [index, span] of track.stays.entries()) {
      const level = own[index];
      if (!level) continue;
      const name = `${track.userId}-${Math.round(timeZero + span[0] / 48)}`;
      const path = join(directory, `FULL-${name}.ogg`);
      const [firstFrame, endFrame] = framesOf(span);
      opened.push({
        track,
        span,
        level,
        path,
        leveller: new Leveller(ratioOf(level.gain), ratioOf(goal.ceiling)),
        loudness: new GapMeter(),
        peak: new TruePeakMeter(),
        writer: new FragmentWriter({
          path,
          serial: index + 1,
          comments: commentsOf(track),
          codec,
          firstFrame,
          endFrame,
        }),
        mp3: options.mp3Fragments ? await MasterWriter.open(join(directory, `FULL-${name}.mp3`), 64) : undefined,
      });
    }
    return opened;
  }

  /** The track as its fragments have it; they are written on the way. */
  function* levelled(track: Track): Generator<SpokenFrame> {
    const own = fragments.filter((fragment) => fragment.track === track);
    let current: Fragment | undefined;
    function* written(fragment: Fragment, out: readonly SpokenFrame[]): Generator<SpokenFrame> {
      for (const frame of out) {
        fragment.loudness.add(frame);
        fragment.peak.add(frame.pcm);
        fragment.writer.add(frame);
        const [firstFrame, endFrame] = framesOf(fragment.span);
        if (frame.index >= firstFrame && frame.index < endFrame)
          fragment.mp3?.add({ index: frame.index - firstFrame, pcm: frame.pcm });
        yield frame;
      }
    }
    for (const frame of kept.frames(track) ?? limitedInput(track, codec)) {
      const fragment = own[fragmentOf(track, frame.index)];
      if (!fragment) continue;
      if (current && current !== fragment) yield* written(current, current.leveller.flush());
      current = fragment;
      yield* written(fragment, fragment.leveller.push(frame));
    }
    if (current) yield* written(current, current.leveller.flush());
  }

  function closeFragment(fragment: Fragment): FinishedFragment {
    const { track, span, path, level, loudness, peak } = fragment;
    const normalised = fragment.writer.end();
    const [firstFrame, endFrame] = framesOf(span);
    const seconds = ((endFrame - firstFrame) * FRAME_SAMPLES) / SAMPLE_RATE;
    const rawPath = path.replace(/FULL-([^/]*)$/, 'RAW-$1');
    const tags = rawTags(track, span, outages, [firstFrame, endFrame]);
    const comments = { ...commentsOf(track), [TRACK_COMMENT]: JSON.stringify(tags) };
    const raw = joinRaw(rawPath, track.chunks, { firstFrame, endFrame, serial: 1, comments });
    const mp3 = fragment.mp3?.end(endFrame - firstFrame);
    return {
      userId: track.userId,
      guildId: track.guildId,
      firstSample: firstFrame * FRAME_SAMPLES,
      samples: (endFrame - firstFrame) * FRAME_SAMPLES,
      sound: soundOf(level, loudness.integrated, peak.dBTP),
      normalised: { path, seconds, ...normalised },
      raw: { path: rawPath, seconds, ...raw },
      ...(mp3 ? { mp3: { path: path.replace(/ogg$/, 'mp3'), seconds, ...mp3 } } : {}),
    };
  }

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

  function commentsOf({ userId }: Track): Record<string, string> {
    return { TITLE: `Session ${sessionId}`, ARTIST: userId };
  }
}

/** The frames that a span touches. */
const framesOf = ([from, to]: Span): [firstFrame: number, endFrame: number] => [
  Math.floor(from / FRAME_SAMPLES),
  Math.ceil(to / FRAME_SAMPLES),
];

const soundOf = ({ before, gain, atLimit }: Level, loudness: number, truePeak: number): Sound => ({
  before: finite(before),
  gain: finite(gain) ?? 0,
  loudness: finite(loudness),
  truePeak: finite(truePeak),
  ...(atLimit ? { atLimit } : {}),
});
