/** Captions of one leg: an ear and a line into the pool for each person who speaks there. */
import type { VoicePacket } from '../../audio/packet.ts';
import type { Scheduler } from '../../ops/scheduler.ts';
import type { CaptionTuning } from '../caption-key.ts';
import type { CaptionPool } from '../pool/caption-pool.ts';
import type { LostSpan } from '../pool/kept-speech.ts';
import type { FinalPart, SpeakerLine, UnderstoodPart } from '../pool/speaker-line.ts';
import { Ear } from '../speech/ear.ts';
import { LegStanding, type LegState } from './leg-state.ts';

/** What was said is awaited so long when somebody is done. ms */
export const LAST_WORDS_MS = 15_000;
/** Who was silent so long is forgotten until they speak again: a decoder less. ms */
const FORGET_MS = 120_000;

export interface LegCaptionsOptions {
  pool: CaptionPool;
  timeZero: number;
  scheduler: Scheduler;
  /** Somebody speaks for the first time, or after a long silence. */
  onMeet(userId: string): void;
  onPartial(userId: string, part: UnderstoodPart): void;
  onFinal(userId: string, part: FinalPart): void;
  onLost(userId: string, span: LostSpan): void;
  onState(state: LegState): void;
}

interface Person {
  ear: Ear;
  line: SpeakerLine;
}

export class LegCaptions {
  readonly #options: LegCaptionsOptions;
  readonly #people = new Map<string, Person>();
  readonly #standing = new LegStanding();
  readonly #leave: () => void;
  readonly #trouble = (trouble: { code: string; message: string } | undefined): void =>
    this.#tell(this.#standing.trouble(trouble));
  #tuning: CaptionTuning;
  #languages: Readonly<Record<string, string>>;

  constructor(tuning: CaptionTuning, languages: Readonly<Record<string, string>>, options: LegCaptionsOptions) {
    this.#options = options;
    this.#tuning = tuning;
    this.#languages = languages;
    options.pool.on('trouble', this.#trouble);
    this.#leave = options.pool.attend();
    this.#tell(this.#standing.look());
  }

  /** Languages and keyterms from now on. */
  tune(tuning: CaptionTuning, languages: Readonly<Record<string, string>>): void {
    this.#tuning = tuning;
    this.#languages = languages;
    for (const [userId, { line }] of this.#people) this.#options.pool.tune(line, this.#tuningOf(userId));
  }

  packet(packet: VoicePacket): void {
    let person = this.#people.get(packet.userId);
    if (!person) {
      this.#forgetSilent(packet.arrivedAt);
      person = this.#meet(packet.userId);
      this.#people.set(packet.userId, person);
      this.#options.onMeet(packet.userId);
    }
    person.ear.packet(packet);
  }

  /** Lets go of a person at once: nothing of theirs that is not told yet will be. */
  drop(userId: string): void {
    const person = this.#people.get(userId);
    if (!person) return;
    this.#people.delete(userId);
    this.#options.pool.drop(person.line);
    person.ear.close();
  }

  /** Resolves when everything that was said is told. */
  async finish(): Promise<void> {
    this.#leave();
    const people = [...this.#people.values()];
    this.#people.clear();
    await Promise.all(people.map((person) => this.#end(person)));
    this.#options.pool.off('trouble', this.#trouble);
  }

  async #end({ ear, line }: Person): Promise<void> {
    ear.close();
    await this.#options.pool.finish(line, LAST_WORDS_MS);
  }

  #meet(userId: string): Person {
    const { pool, timeZero, scheduler, onPartial, onFinal, onLost } = this.#options;
    const line = pool.line(this.#tuningOf(userId), {
      partial: (part) => onPartial(userId, part),
      final: (part) => {
        onFinal(userId, part);
        this.#tell(this.#standing.heard());
      },
      lost: (span) => {
        onLost(userId, span);
        this.#tell(this.#standing.lost());
      },
      late: (isLate) => this.#tell(this.#standing.late(userId, isLate)),
    });
    const ear = new Ear({
      timeZero,
      scheduler,
      onFrame: (frame) => pool.say(line, frame),
      onEnd: () => pool.endSpurt(line),
    });
    return { ear, line };
  }

  #tuningOf(userId: string): CaptionTuning {
    return { ...this.#tuning, language: this.#languages[userId] ?? this.#tuning.language };
  }

  #forgetSilent(now: number): void {
    for (const [userId, person] of this.#people) {
      if (now - person.ear.heardAt < FORGET_MS) continue;
      this.#people.delete(userId);
      void this.#end(person);
    }
  }

  #tell(state: LegState | undefined): void {
    if (state) this.#options.onState(state);
  }
}
