/** Levels and writes fragments, and joins what was received of them. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { OpusCodec } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES, SAMPLE_RATE } from '../audio/packet.ts';
import { ratioOf, TruePeakMeter } from '../audio/true-peak.ts';
import { TRACK_COMMENT } from '../recording/chunks/chunk-tags.ts';
import { FragmentWriter } from './fragment-writer.ts';
import type { SpokenFrame } from './grid.ts';
import { joinRaw, rawTags } from './join-raw.ts';
import { Leveller } from './levelled.ts';
import { GapMeter, type Level, type LoudnessGoal } from './loudness-goal.ts';
import { MasterWriter } from './master-writer.ts';
import { fragmentOf, type KeptTracks, limitedInput } from './measure.ts';
import { type FinishedFragment, finite, type Sound } from './report.ts';
import type { Span, Track } from './tracks.ts';

export interface FragmentMakerOptions {
  sessionId: string;
  timeZero: number;
  outages: readonly Span[];
  /** Folder for what is made; must be there. */
  directory: string;
  codec: OpusCodec;
  mp3Fragments?: boolean;
  goal: LoudnessGoal;
  kept: KeptTracks;
  /** Which stays get a fragment; absent: all. */
  wanted?: (track: Track, span: Span) => boolean;
}

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

export class FragmentMaker {
  readonly #options: FragmentMakerOptions;
  readonly #fragments = new Map<Track, (Fragment | undefined)[]>();

  private constructor(options: FragmentMakerOptions) {
    this.#options = options;
  }

  /** @param levels of each track, one for each of its stays */
  static async open(
    tracks: readonly Track[],
    levels: readonly (readonly Level[])[],
    options: FragmentMakerOptions,
  ): Promise<FragmentMaker> {
    const maker = new FragmentMaker(options);
    for (const [index, track] of tracks.entries()) {
      const opened: (Fragment | undefined)[] = [];
      for (const [stay, span] of track.stays.entries()) {
        const level = levels[index]?.[stay];
        const wanted = level && (options.wanted?.(track, span) ?? true);
        opened.push(wanted ? await maker.#open(track, span, level) : undefined);
      }
      maker.#fragments.set(track, opened);
    }
    return maker;
  }

  /** The track as its fragments have it; they are written on the way. */
  *levelled(track: Track): Generator<SpokenFrame> {
    const { kept, codec } = this.#options;
    const own = this.#fragments.get(track) ?? [];
    let current: Fragment | undefined;
    for (const frame of kept.frames(track) ?? limitedInput(track, codec)) {
      const fragment = own[fragmentOf(track, frame.index)];
      if (!fragment) continue;
      if (current && current !== fragment) yield* written(current, current.leveller.flush());
      current = fragment;
      yield* written(fragment, fragment.leveller.push(frame));
    }
    if (current) yield* written(current, current.leveller.flush());
  }

  /** Ends every fragment. */
  async close(): Promise<FinishedFragment[]> {
    const finished: FinishedFragment[] = [];
    for (const fragment of [...this.#fragments.values()].flat()) {
      if (fragment) finished.push(this.#close(fragment));
      await setImmediate();
    }
    return finished;
  }

  async #open(track: Track, span: Span, level: Level): Promise<Fragment> {
    const { directory, timeZero, codec, goal, mp3Fragments } = this.#options;
    const name = `${track.userId}-${Math.round(timeZero + span[0] / 48)}`;
    const path = join(directory, `FULL-${name}.ogg`);
    const [firstFrame, endFrame] = framesOf(span);
    // The file is the same whether it is made with the other stays or alone: so is its serial number.
    const writer = new FragmentWriter({
      path,
      serial: 1,
      comments: this.#comments(track),
      codec,
      firstFrame,
      endFrame,
    });
    return {
      track,
      span,
      level,
      path,
      leveller: new Leveller(ratioOf(level.gain), ratioOf(goal.ceiling)),
      loudness: new GapMeter(),
      peak: new TruePeakMeter(),
      writer,
      mp3: mp3Fragments ? await MasterWriter.open(join(directory, `FULL-${name}.mp3`), 64) : undefined,
    };
  }

  #close({ track, span, path, level, loudness, peak, ...open }: Fragment): FinishedFragment {
    const normalised = open.writer.end();
    const [firstFrame, endFrame] = framesOf(span);
    const seconds = ((endFrame - firstFrame) * FRAME_SAMPLES) / SAMPLE_RATE;
    const rawPath = path.replace(/FULL-([^/]*)$/, 'RAW-$1');
    const tags = rawTags(track, span, this.#options.outages, [firstFrame, endFrame]);
    const comments = { ...this.#comments(track), [TRACK_COMMENT]: JSON.stringify(tags) };
    const raw = joinRaw(rawPath, track.chunks, { firstFrame, endFrame, serial: 1, comments });
    const mp3 = open.mp3?.end(endFrame - firstFrame);
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

  #comments({ userId }: Track): Record<string, string> {
    return { TITLE: `Session ${this.#options.sessionId}`, ARTIST: userId };
  }
}

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

/** The frames that a span touches. */
const framesOf = ([from, to]: Span): [firstFrame: number, endFrame: number] => [
  Math.floor(from / FRAME_SAMPLES),
  Math.ceil(to / FRAME_SAMPLES),
];

/** What is told of a sound that was made with a level. */
export const soundOf = ({ before, gain, atLimit }: Level, loudness: number, truePeak: number): Sound => ({
  before: finite(before),
  gain: finite(gain) ?? 0,
  loudness: finite(loudness),
  truePeak: finite(truePeak),
  ...(atLimit ? { atLimit } : {}),
});
