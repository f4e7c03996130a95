/**
 * Recognises known sounds in a stream, by their sound alone, while it arrives. Landmarks vote for "this clip, begun then"; a
 * candidate with votes must also look like its clip, frame by frame, before a word of it is believed; and each word must itself
 * be there when its time comes. So a clip that is cut off gives the words that were heard, and what is not in the library gives
 * none. One speaker at a time: of two sounds at once the more alike is believed.
 */
import { hashOf, LandmarkFinder } from './landmarks.ts';
import { HEARING_RATE } from './resampler.ts';
import type { KnownSound, SoundLibrary } from './sound-library.ts';
import { FRAMES_PER_SECOND, type Frame, HOP_SAMPLES, likeness } from './spectrogram.ts';

export interface HeardWord {
  /** As written in the clip's text. */
  word: string;
  /** Seconds from the start of the stream. */
  start: number;
  end: number;
  /** 0…1 */
  confidence: number;
}

/** One sound that is being heard. */
interface Sighting {
  sound: KnownSound;
  /** Where it begins in the stream, in frames; newest first. More than one where the stream lost time in the middle. */
  offsets: number[];
  /** Index of the first word that may still be heard: words come in order, and each once. */
  next: number;
  heard: number;
  /** End of the last heard word, in frames of the stream. */
  until: number;
  /** Frame at which the stream was interrupted, until a later word is heard: what follows may be somebody else. */
  interruptedAt: number | undefined;
}

interface Candidate {
  sound: KnownSound;
  /** In steps of two frames. */
  offset: number;
  votes: number;
  /** Votes at which it is looked at (again). */
  lookAt: number;
}

/** Votes that make a candidate worth a look. Chance gives up to about 12. */
const VOTES = 14;
/** A look compares the last so many loud frames of the clip: three quarters of a second … */
const LOOK_FRAMES = 90;
/** … of which there must be so many: a third of a second. */
const FEWEST_FRAMES = 45;
/** Likeness at which a candidate is believed. Other speech of the same voice reaches 0.61, the clip itself with noise 10 dB below it 0.66. */
const ALIKE = 0.64;
/** Likeness at which a word of a believed clip counts as heard. */
const WORD_ALIKE = 0.5;
/** … and after an interruption, until one of its words was: another voice reaches 0.8 by chance, the clip itself 0.9 (clean). */
const SURE_WORD_ALIKE = 0.8;
/** Offsets of one sound so near are the same speaking of it, with time lost between: 0.5 s. */
const SAME_SPEAKING = 0.5 * FRAMES_PER_SECOND;
/** A sound that begins so long before the end of what was heard was masked by it: 0.45 s. */
const MASKED = 0.45 * FRAMES_PER_SECOND;
/** Frames that are kept for looking back: 12 s. */
const KEPT_FRAMES = 12 * FRAMES_PER_SECOND;

export class Recogniser {
  readonly #library: SoundLibrary;
  readonly #finder = new LandmarkFinder();
  readonly #frames: (Frame | undefined)[] = [];
  #count = 0;
  readonly #candidates = new Map<string, Candidate>();
  #sightings: Sighting[] = [];

  constructor(library: SoundLibrary) {
    this.#library = library;
  }

  /** Takes the next frame; gives the words that are complete with it, in order. */
  push(frame: Frame): HeardWord[] {
    this.#frames[this.#count % KEPT_FRAMES] = frame;
    this.#count += 1;
    const stirred = new Set<Candidate>();
    for (const { bin, otherBin, apart, frame: at } of this.#finder.push(frame)) {
      for (const known of this.#library.find(hashOf(bin, otherBin, apart))) {
        const offset = Math.round((at - known.frame) / 2);
        // The neighbour has a vote too: half of the true offsets lie between two steps.
        for (const step of [offset, offset + 1]) stirred.add(this.#vote(known.sound, step));
      }
    }
    for (const candidate of stirred) if (candidate.votes >= candidate.lookAt) this.#look(candidate);
    if (this.#count % FRAMES_PER_SECOND === 0) this.#forget();
    return this.#sightings.flatMap((sighting) => this.#wordsOf(sighting));
  }

  /** The stream was interrupted here: a sound that seemed to go on must show anew that it does. */
  interrupt(): void {
    for (const sighting of this.#sightings) sighting.interruptedAt ??= this.#count;
  }

  #vote(sound: KnownSound, offset: number): Candidate {
    const key = `${offset} ${sound.name}`;
    const candidate = this.#candidates.get(key) ?? { sound, offset, votes: 0, lookAt: VOTES };
    this.#candidates.set(key, candidate);
    candidate.votes += 1;
    return candidate;
  }

  #frameAt(position: number): Frame | undefined {
    if (position < 0 || position >= this.#count || position < this.#count - KEPT_FRAMES) return undefined;
    return this.#frames[position % KEPT_FRAMES];
  }

  /** Likeness of the newest loud frames of a sound that began at `offset`. */
  #recentLikeness(sound: KnownSound, offset: number): number {
    let [sum, looked] = [0, 0];
    const newest = Math.min(sound.frames.length, this.#count - offset) - 1;
    for (let index = newest; index >= 0 && looked < LOOK_FRAMES; index -= 1) {
      if (!sound.isLoud[index]) continue;
      const heard = this.#frameAt(offset + index);
      if (heard) sum += likeness(sound.frames[index] as Frame, heard);
      looked += 1;
    }
    return looked < FEWEST_FRAMES ? 0 : sum / looked;
  }

  /** The best of the offsets near a candidate's, with its likeness. */
  #bestOffset({ sound, offset }: Candidate): { offset: number; alike: number } {
    let best = { offset: offset * 2, alike: 0 };
    for (let near = offset * 2 - 3; near <= offset * 2 + 3; near += 1) {
      const alike = this.#recentLikeness(sound, near);
      if (alike > best.alike) best = { offset: near, alike };
    }
    return best;
  }

  #look(candidate: Candidate): void {
    const { sound } = candidate;
    // Looked at again only with a fifth more votes, so that a long tie costs little.
    candidate.lookAt = Math.ceil(candidate.votes * 1.2);
    const { offset, alike } = this.#bestOffset(candidate);
    if (alike < ALIKE) return;
    const same = this.#sightings.find(
      (sighting) =>
        sighting.sound === sound && sighting.offsets.some((known) => Math.abs(known - offset) < SAME_SPEAKING),
    );
    if (same) {
      const isNew = same.offsets.every((known) => Math.abs(known - offset) > 2);
      if (isNew && alike > this.#recentLikeness(sound, same.offsets[0] as number)) same.offsets.unshift(offset);
      return;
    }
    const overlapping = this.#sightings.filter((sighting) => offset < this.#endOf(sighting));
    const isBetter = overlapping.every(
      (sighting) =>
        sighting.until - offset < MASKED && this.#recentLikeness(sighting.sound, sighting.offsets[0] as number) < alike,
    );
    if (!isBetter) return;
    this.#sightings = this.#sightings.filter((sighting) => !overlapping.includes(sighting));
    this.#sightings.push({ sound, offsets: [offset], next: 0, heard: 0, until: 0, interruptedAt: undefined });
  }

  #endOf({ sound, offsets, interruptedAt }: Sighting): number {
    return Math.min(interruptedAt ?? Infinity, Math.max(...offsets) + sound.frames.length);
  }

  /** Words whose time has come by now. A word that was not there is passed over, unless the stream turns out to have lost time. */
  #wordsOf(sighting: Sighting): HeardWord[] {
    const words: HeardWord[] = [];
    for (let index = sighting.next; index < sighting.sound.words.length; index += 1) {
      const [offset = 0] = sighting.offsets;
      const { word, start, end } = sighting.sound.words[index] as KnownSound['words'][number];
      if (offset + lastFrame(end) >= this.#count) break;
      const confidence = this.#wordLikeness(sighting.sound, offset, start, end);
      if (confidence < (sighting.interruptedAt === undefined ? WORD_ALIKE : SURE_WORD_ALIKE)) continue;
      // A word that was cut in two says nothing of what follows.
      if (offset + firstFrame(start) >= (sighting.interruptedAt ?? 0)) sighting.interruptedAt = undefined;
      sighting.next = index + 1;
      sighting.until = offset + lastFrame(end);
      const begin = (offset * HOP_SAMPLES) / HEARING_RATE;
      words.push({
        word,
        start: Math.max(0, begin + start),
        end: begin + end,
        confidence: Math.min(0.999, confidence),
      });
    }
    return words;
  }

  #wordLikeness(sound: KnownSound, offset: number, start: number, end: number): number {
    const first = firstFrame(start);
    const last = Math.min(sound.frames.length - 1, Math.max(first, lastFrame(end)));
    const loud = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter(
      (index) => sound.isLoud[index],
    );
    let best = 0;
    for (let slip = -1; slip <= 1; slip += 1) {
      const sum = loud.reduce((total, index) => {
        const heard = this.#frameAt(offset + slip + index);
        return heard ? total + likeness(sound.frames[index] as Frame, heard) : total;
      }, 0);
      best = Math.max(best, sum / Math.max(1, loud.length));
    }
    return best;
  }

  /** Lets go of what lies too far back to matter. */
  #forget(): void {
    for (const [key, { sound, offset }] of this.#candidates) {
      if (offset * 2 + sound.frames.length + FRAMES_PER_SECOND < this.#count) this.#candidates.delete(key);
    }
    this.#sightings = this.#sightings.filter((sighting) => this.#endOf(sighting) + FRAMES_PER_SECOND > this.#count);
  }
}

/** First and last frame whose middle lies in a stretch of time. */
const firstFrame = (seconds: number): number => Math.max(0, Math.ceil(seconds * FRAMES_PER_SECOND - 2));
const lastFrame = (seconds: number): number => Math.floor(seconds * FRAMES_PER_SECOND - 2);
