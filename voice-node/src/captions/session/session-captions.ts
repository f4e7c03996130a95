/** The captions of one session: which legs, in which languages, and where each word goes. */
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { CaptionsSpec, LegSpec, SessionSpec } from '@patchbay/shared/session-spec';
import type { VoicePacket } from '../../audio/packet.ts';
import type { Logger } from '../../ops/logger.ts';
import type { Scheduler } from '../../ops/scheduler.ts';
import type { CaptionPool } from '../pool/caption-pool.ts';
import type { FinalPart } from '../pool/speaker-line.ts';
import type { CaptionBook } from '../transcript/caption-book.ts';
import { LegCaptions } from './leg-captions.ts';
import { type LegState, stopped } from './leg-state.ts';
import type { PartialLane } from './partial-lane.ts';

/** The end of a session waits no longer for last words; what comes later is told all the same. ms */
const END_WAIT_MS = 3_000;

export interface SessionCaptionsTools {
  /** Absent: captions are off, for the reason in `off`. */
  pool: CaptionPool | undefined;
  off: string;
  partials: PartialLane;
  /** Opens what the transcript is made of; absent: there is no bucket to put one in. */
  openBook: ((sessionId: string, timeZero: number) => CaptionBook) | undefined;
  /** A person's name in a guild, where it is known. */
  nameOf: (guildId: string, userId: string) => string | undefined;
  report: (draft: NodeEventDraft) => void;
  scheduler: Scheduler;
  logger: Logger;
}

interface Captioned {
  spec: LegSpec;
  captions: LegCaptions | undefined;
}
type CaptionedLeg = CaptionsSpec['legs'][number];

export class SessionCaptions {
  readonly #tools: SessionCaptionsTools;
  readonly #sessionId: string;
  readonly #timeZero: number;
  readonly #legs = new Map<string, Captioned>();
  /** Legs whose last words are awaited. */
  readonly #leaving = new Set<Promise<void>>();
  #revision = 1;
  #optedOut: ReadonlySet<string> = new Set();
  #book: CaptionBook | undefined;

  constructor(tools: SessionCaptionsTools, { id, timeZero }: Pick<SessionSpec, 'id' | 'timeZero'>) {
    this.#tools = tools;
    this.#sessionId = id;
    this.#timeZero = timeZero;
  }

  has(legId: string): boolean {
    return this.#legs.has(legId);
  }

  /** Takes what a revision says of captions. */
  apply({ revision, legs, captions, optedOut, record }: SessionSpec): void {
    this.#revision = revision;
    this.#leaveOut(new Set(optedOut));
    const wanted = new Map(captions?.legs.map((leg) => [leg.legId, leg]));
    const present = new Map(legs.map((leg) => [leg.legId, leg]));
    for (const [legId, captioned] of this.#legs) {
      if (wanted.has(legId) && present.has(legId)) continue;
      this.#legs.delete(legId);
      this.#leave(captioned);
      // Of a leg that is gone there is nobody to tell.
      if (present.has(legId)) this.#state(captioned.spec, stopped);
    }
    for (const [legId, how] of wanted) {
      const spec = present.get(legId);
      if (!spec) continue;
      const { language, keyterms } = how;
      const known = this.#legs.get(legId);
      if (known) known.captions?.tune({ language, keyterms }, captions?.languages ?? {});
      else this.#begin(spec, how, captions?.languages ?? {});
      if (this.#tools.pool) this.#note(spec, how, record?.legs.includes(legId) ?? false);
    }
  }

  packet(legId: string, packet: VoicePacket): void {
    if (!this.#optedOut.has(packet.userId)) this.#legs.get(legId)?.captions?.packet(packet);
  }

  /** Ends captions. `told` resolves when the last words are told, or soon; `done` when nothing more will come. */
  finish(): { told: Promise<void>; done: Promise<void> } {
    for (const captioned of this.#legs.values()) this.#leave(captioned);
    this.#legs.clear();
    const done = Promise.all(this.#leaving).then(() => this.#book?.end());
    if (this.#leaving.size === 0) return { told: done, done };
    const told = new Promise<void>((resolve) => {
      const cancel = this.#tools.scheduler.after(END_WAIT_MS, resolve);
      void done.finally(() => {
        cancel();
        resolve();
      });
    });
    return { told, done };
  }

  #begin(spec: LegSpec, { language, keyterms }: CaptionedLeg, languages: Readonly<Record<string, string>>): void {
    const { pool, off, scheduler, openBook, partials } = this.#tools;
    const captioned: Captioned = { spec, captions: undefined };
    this.#legs.set(spec.legId, captioned);
    if (!pool) {
      this.#state(spec, { state: 'off', code: 'captions_off', message: off });
      return;
    }
    this.#book ??= openBook?.(this.#sessionId, this.#timeZero);
    const { guildId, channelId } = spec;
    const place = { sessionId: this.#sessionId, guildId, channelId };
    captioned.captions = new LegCaptions({ language, keyterms }, languages, {
      pool,
      timeZero: this.#timeZero,
      scheduler,
      // Later they may be gone, and their name with them.
      onMeet: (userId) => this.#book?.name(guildId, userId, this.#tools.nameOf(guildId, userId)),
      onPartial: (userId, { captionId, text, startMs }) =>
        partials.tell({ ...place, userId, captionId, text, startMs }),
      onFinal: (userId, part) => this.#final(spec, userId, part),
      onLost: (userId, { fromMs, toMs }) => this.#book?.add({ type: 'lost', guildId, userId, fromMs, toMs }),
      onState: (state) => this.#state(spec, state),
    });
  }

  #final(spec: LegSpec, userId: string, part: FinalPart): void {
    const { guildId, channelId } = spec;
    this.#tools.partials.forget(part.captionId);
    this.#book?.add({ type: 'final', guildId, userId, ...part });
    this.#tools.report({ type: 'caption.final', ...this.#about(spec), channelId, userId, ...part });
  }

  #note({ guildId }: LegSpec, { language, keyterms, prerecorded }: CaptionedLeg, recorded: boolean): void {
    this.#book?.guild({ type: 'guild', guildId, language, keyterms, prerecorded, recorded });
  }

  #leaveOut(optedOut: ReadonlySet<string>): void {
    for (const userId of optedOut) {
      if (this.#optedOut.has(userId)) continue;
      for (const { captions } of this.#legs.values()) captions?.drop(userId);
    }
    this.#optedOut = optedOut;
    this.#book?.out(optedOut);
  }

  #leave({ captions }: Captioned): void {
    if (!captions) return;
    const left = captions
      .finish()
      .catch((error) => this.#tools.logger.error({ err: error }, 'the last words of a channel could not be told'))
      .finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  #state(spec: LegSpec, { state, code, message }: LegState): void {
    this.#tools.report({ type: 'caption.state', ...this.#about(spec), state, code, message });
  }

  #about({ guildId, legId }: LegSpec): { guildId: string; legId: string; sessionId: string; revision: number } {
    return { guildId, legId, sessionId: this.#sessionId, revision: this.#revision };
  }
}
