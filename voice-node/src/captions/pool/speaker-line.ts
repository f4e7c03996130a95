/** One person's way into the pool: what they say goes in, what was understood of it comes out, in order and once. */
import type { CaptionWord } from '@patchbay/shared/events';
import { type CaptionTuning, keyOf } from '../caption-key.ts';
import { KeptSpeech, type LostSpan } from './kept-speech.ts';

export interface UnderstoodPart {
  /** The same for all that is told of a part, until it is final. */
  captionId: string;
  text: string;
  /** ms from the session's time zero. */
  startMs: number;
}

export interface FinalPart extends UnderstoodPart {
  language: string;
  endMs: number;
  words: CaptionWord[];
}

export interface LineEvents {
  partial(part: UnderstoodPart): void;
  final(part: FinalPart): void;
  /** No words will come of this stretch. */
  lost(span: LostSpan): void;
  /** It waits for a slot, and words come late; or it has caught up. */
  late(isLate: boolean): void;
}

/** What can be said of a word in one message. */
const MOST_TEXT = 4_000;
const MOST_WORD = 200;
const MOST_WORDS = 1_000;

export class SpeakerLine {
  readonly kept = new KeptSpeech();
  readonly events: LineEvents;
  readonly #nextId: () => string;
  #tuning: CaptionTuning;
  #key: string;
  #captionId: string | undefined;
  /** Until here words were told as final: what is told of earlier words is a repetition. ms from time zero. */
  #toldUntilMs = -1;
  #interim: CaptionWord[] = [];
  #isLate = false;
  /** Nothing more is told: the person opted out. */
  #silenced = false;

  constructor(tuning: CaptionTuning, events: LineEvents, nextId: () => string) {
    this.events = events;
    this.#nextId = nextId;
    this.#tuning = tuning;
    this.#key = keyOf(tuning);
  }

  get key(): string {
    return this.#key;
  }

  get tuning(): CaptionTuning {
    return this.#tuning;
  }

  tune(tuning: CaptionTuning): void {
    this.#tuning = tuning;
    this.#key = keyOf(tuning);
  }

  /** Takes words of a result, with the session's times. `text`: how they read together, if they are the whole result. */
  hear(words: readonly CaptionWord[], isFinal: boolean, language: string, text?: string): void {
    if (this.#silenced) return;
    const fresh = words.filter(({ startMs, endMs }) => (startMs + endMs) / 2 > this.#toldUntilMs);
    const [first] = fresh;
    if (!first) return;
    const isWhole = fresh.length === words.length;
    const reads = (isWhole ? text : undefined) ?? fresh.map((word) => word.text).join(' ');
    if (isFinal) this.#final(fresh, reads, language);
    else {
      this.#interim = fresh;
      this.#captionId ??= this.#nextId();
      this.events.partial({ captionId: this.#captionId, text: reads.slice(0, MOST_TEXT), startMs: first.startMs });
    }
  }

  /**
   * No final will come of what was sent, or (`untilMs`) of what was said before: what was understood of it so far is all there is.
   * Speech beyond that is lost, if it is long enough to hold a word.
   */
  giveUp(language: string, unsettled: LostSpan | undefined, untilMs = Number.POSITIVE_INFINITY): void {
    const interim = this.#interim.filter(
      ({ startMs, endMs }) => (startMs + endMs) / 2 > this.#toldUntilMs && startMs < untilMs,
    );
    if (interim.length > 0) this.#final(interim, interim.map(({ text }) => text).join(' '), language);
    if (!unsettled) return;
    const fromMs = Math.max(unsettled.fromMs, this.#toldUntilMs);
    if (unsettled.toMs - fromMs >= LEAST_LOST_MS) this.lost({ fromMs, toMs: unsettled.toMs });
  }

  lost(span: LostSpan | undefined): void {
    if (span && !this.#silenced) this.events.lost(span);
  }

  late(isLate: boolean): void {
    if (isLate === this.#isLate) return;
    this.#isLate = isLate;
    this.events.late(isLate);
  }

  /** Nothing is told any more, not even of what was said before. */
  silence(): void {
    this.late(false);
    this.#silenced = true;
    this.kept.clear();
  }

  #final(words: CaptionWord[], text: string, language: string): void {
    const [first, last] = [words[0], words.at(-1)];
    if (!first || !last) return;
    const captionId = this.#captionId ?? this.#nextId();
    this.#captionId = undefined;
    this.#interim = [];
    this.#toldUntilMs = Math.max(this.#toldUntilMs, last.endMs);
    this.events.final({
      captionId,
      language,
      text: text.slice(0, MOST_TEXT),
      startMs: first.startMs,
      endMs: Math.max(first.startMs, last.endMs),
      words: words.slice(0, MOST_WORDS).map((word) => ({ ...word, text: word.text.slice(0, MOST_WORD) })),
    });
  }
}

/** Shorter than a word: the last breath of a spurt, of which a service may well have nothing to say. ms */
const LEAST_LOST_MS = 1_000;
