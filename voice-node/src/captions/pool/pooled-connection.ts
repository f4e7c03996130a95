/** One connection to the service and its slots: sends what the holders say in lock-step, and gives each result to whoever said it. */
import type { CaptionWord } from '@patchbay/shared/events';
import type { Scheduler } from '../../ops/scheduler.ts';
import type { CaptionTuning } from '../caption-key.ts';
import type { CaptionEngine, EngineConnection, EngineResult } from '../engine.ts';
import { FRAME_LENGTH, FRAME_MS } from '../speech/speech-frame.ts';
import { Lease } from './lease.ts';
import { framesTogether } from './lock-step.ts';
import type { ConnectionView } from './plan.ts';
import { SentMap, sessionMs } from './sent-map.ts';
import type { SpeakerLine } from './speaker-line.ts';

/** The service closes a connection that says nothing for 10 s. ms */
export const KEEP_ALIVE_MS = 4_000;
/** A final that has not come by then does not come. ms */
export const FINAL_WAIT_MS = 1_500;
/** Whoever goes on within so much time keeps the slot. ms */
export const SAME_LEASE_MS = 700;
/** A word that reaches so near to where a turn was cut off may be half a word. ms */
const CUT_WORD_MS = 100;
/** Frames by which the end of a result may fall short of what it holds. */
const ROUNDING = 0.1;
const TAIL_SLACK = 5;
/** A stream that was ended has so long to tell the rest. ms */
const FINISH_MS = 3_000;
/** Speech that piled up goes out no faster than this, above what a connection may have at once: the service takes a stream for live. */
const PACE = 1.25;
const BURST_FRAMES = 1_000 / FRAME_MS;

interface Slot {
  lease: Lease | undefined;
  generation: number;
  sent: SentMap<Lease>;
  lastHolder: SpeakerLine | undefined;
  freedAt: number;
}

export interface PooledConnectionOptions {
  id: number;
  key: string;
  tuning: CaptionTuning;
  channels: number;
  engine: CaptionEngine;
  scheduler: Scheduler;
  /** Others wait for a slot. */
  isWanted: () => boolean;
  onOpened(connection: PooledConnection): void;
  /** Something that was sent is final now. */
  onSettled(): void;
  /** A line has lost its slot; it may have more to send. */
  onFreed(line: SpeakerLine): void;
  /** It is gone; these lines were cut off in the middle. */
  onGone(connection: PooledConnection, cutOff: SpeakerLine[], how: GoneHow): void;
}

export interface GoneHow {
  /** Absent: it was open. */
  refused?: { limit: boolean; code: string; message: string };
  /** Asked for by the pool. */
  asked: boolean;
  /** It told at least one result. */
  proven: boolean;
}

export class PooledConnection {
  readonly id: number;
  readonly key: string;
  readonly #options: PooledConnectionOptions;
  readonly #connection: EngineConnection;
  readonly #slots: Slot[];
  #state: ConnectionView<SpeakerLine>['state'] = 'opening';
  /** Frames sent on each channel. */
  #position = 0;
  #idleSince: number;
  #lastSentAt: number;
  #proven = false;
  #gone = false;
  #budget = BURST_FRAMES;
  #budgetAt: number;
  #cancelPace: (() => void) | undefined;
  #cancelKeepAlive: (() => void) | undefined;
  #cancelFinish: (() => void) | undefined;

  constructor(options: PooledConnectionOptions) {
    const { id, key, channels, tuning, engine, scheduler } = options;
    this.#options = options;
    this.id = id;
    this.key = key;
    this.#slots = Array.from({ length: channels }, () => ({
      lease: undefined,
      generation: 0,
      sent: new SentMap<Lease>(),
      lastHolder: undefined,
      freedAt: 0,
    }));
    this.#idleSince = this.#lastSentAt = this.#budgetAt = scheduler.now();
    this.#connection = engine.open(
      { channels, ...tuning },
      {
        opened: () => this.#opened(),
        result: (result) => this.#result(result),
        refused: (refusal) => this.#ended({ refused: refusal }),
        closed: () => this.#ended({}),
      },
    );
  }

  get view(): ConnectionView<SpeakerLine> {
    return {
      id: this.id,
      key: this.key,
      state: this.#state,
      idleSince: this.#idleSince,
      slots: this.#slots.map(({ lease, lastHolder, freedAt }) => ({
        holder: lease?.line,
        heldSince: lease?.since ?? 0,
        ending: lease?.ending ?? false,
        lastHolder,
        freedAt,
      })),
    };
  }

  /** Gives a slot to a line. */
  assign(index: number, line: SpeakerLine): void {
    const slot = this.#slots[index];
    if (!slot || slot.lease) return;
    slot.generation += 1;
    slot.lease = new Lease(line, slot.generation, this.#options.scheduler.now());
    this.pump();
  }

  /** The line that holds a slot has more to send. */
  pump(): void {
    if (this.#state !== 'open' && this.#state !== 'retiring') return;
    for (;;) {
      for (const [index, slot] of this.#slots.entries()) this.#passEnds(index, slot);
      const frames = Math.min(
        framesTogether(
          this.#slots.map(({ lease }) => {
            if (!lease || lease.ending) return { frames: 0, ended: false, speaking: false };
            return { ...lease.line.kept.ready, speaking: lease.line.kept.open };
          }),
        ),
        this.#allowance(),
      );
      if (frames === 0) break;
      this.#send(frames);
    }
    for (const [index, slot] of this.#slots.entries()) this.#considerFree(index, slot);
  }

  /** Ends the turn of a slot's holder. */
  cut(index: number): void {
    const slot = this.#slots[index];
    if (!slot?.lease || slot.lease.ending) return;
    slot.lease.ending = true;
    if (slot.lease.line.kept.isTorn) slot.lease.cutAt = this.#position;
    this.#finalize(index, slot.lease);
    this.#considerFree(index, slot);
  }

  /** Ends the turn of a line, if it has a slot here. */
  cutLine(line: SpeakerLine): void {
    this.cut(this.#slots.findIndex(({ lease }) => lease?.line === line));
  }

  /** Takes the slot from a line at once; what comes of it is nobody's. */
  drop(line: SpeakerLine): void {
    for (const slot of this.#slots) if (slot.lease?.line === line) this.#free(slot);
  }

  /** Takes nobody any more. */
  retire(): void {
    if (this.#state === 'open') this.#state = 'retiring';
  }

  /** Ends the stream: the rest is told, then it is gone. */
  finish(): void {
    if (this.#state === 'closing') return;
    const wasOpen = this.#state !== 'opening';
    this.#state = 'closing';
    if (!wasOpen) {
      this.#connection.close();
      return;
    }
    this.#connection.finish();
    this.#cancelFinish = this.#options.scheduler.after(FINISH_MS, () => this.#connection.close());
  }

  #opened(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#idleSince = this.#budgetAt = this.#options.scheduler.now();
    this.#sent();
    this.#keepAlive();
    this.#options.onOpened(this);
  }

  #passEnds(index: number, { lease }: Slot): void {
    if (!lease || lease.ending) return;
    while (lease.line.kept.takeEnd(this.#position)) {
      lease.quietSince = this.#options.scheduler.now();
      this.#finalize(index, lease);
    }
  }

  #finalize(index: number, lease: Lease): void {
    lease.stopWaiting();
    // Everything may be final already: the service has nothing to answer then.
    if (lease.finalUpTo >= this.#position) return;
    lease.awaiting = this.#position;
    this.#connection.finalize(index);
    this.#sent();
    lease.cancelWait = this.#options.scheduler.after(FINAL_WAIT_MS, () => {
      lease.stopWaiting();
      lease.line.giveUp(lease.language, lease.line.kept.unsettled);
      lease.line.kept.settle(this.#position);
      lease.finalUpTo = this.#position;
      this.pump();
    });
  }

  #allowance(): number {
    const now = this.#options.scheduler.now();
    this.#budget = Math.min(BURST_FRAMES, this.#budget + ((now - this.#budgetAt) / FRAME_MS) * PACE);
    this.#budgetAt = now;
    const whole = Math.floor(this.#budget);
    if (whole < 1) {
      this.#cancelPace ??= this.#options.scheduler.after(5 * FRAME_MS, () => {
        this.#cancelPace = undefined;
        this.pump();
      });
    }
    return whole;
  }

  #send(frames: number): void {
    const channels = this.#slots.length;
    const pcm = new Int16Array(frames * FRAME_LENGTH * channels);
    for (const [index, { lease, sent }] of this.#slots.entries()) {
      if (!lease || lease.ending) continue;
      for (let count = 0; count < frames; count += 1) {
        const position = this.#position + count;
        const frame = lease.line.kept.take(position);
        if (!frame) break;
        sent.add(lease, position, frame);
        lease.quietSince = undefined;
        const first = count * FRAME_LENGTH * channels + index;
        for (let at = 0; at < FRAME_LENGTH; at += 1) pcm[first + at * channels] = frame.pcm[at] as number;
      }
    }
    this.#position += frames;
    this.#budget -= frames;
    this.#connection.send(Buffer.from(pcm.buffer));
    this.#sent();
  }

  #result(result: EngineResult): void {
    const slot = this.#slots[result.channel];
    if (!slot) return;
    this.#proven = true;
    const [fromMs, toMs] = [result.start * 1000, (result.start + result.duration) * 1000];
    const byLease = new Map<Lease, CaptionWord[]>();
    for (const { text, start, end } of result.words) {
      const run = slot.sent.of(start * 1000, end * 1000);
      if (!run || end * 1000 > (run.owner.cutAt ?? Infinity) * FRAME_MS - CUT_WORD_MS) continue;
      const word = { text, startMs: sessionMs(run, start * 1000), endMs: sessionMs(run, end * 1000) };
      const words = byLease.get(run.owner);
      if (words) words.push(word);
      else byLease.set(run.owner, [word]);
    }
    for (const [lease, words] of byLease) {
      const isWhole = words.length === result.words.length;
      lease.line.hear(words, result.isFinal, lease.language, isWhole ? result.text : undefined);
    }
    const { lease } = slot;
    if (!result.isFinal || !lease || !slot.sent.owners(fromMs, toMs).includes(lease)) return;
    lease.finalUpTo = Math.max(lease.finalUpTo, toMs / FRAME_MS);
    const { awaiting } = lease;
    // The end of a result is rounded, and the answer to a Finalize may leave the silence at the end out.
    const slack = result.fromFinalize ? TAIL_SLACK : ROUNDING;
    if (awaiting !== undefined && lease.finalUpTo >= awaiting - slack) {
      lease.finalUpTo = Math.max(lease.finalUpTo, awaiting);
      lease.stopWaiting();
    }
    lease.line.kept.settle(lease.finalUpTo);
    this.#considerFree(result.channel, slot);
    this.#options.onSettled();
  }

  /** The slot is given back when all is final, and the person was quiet for a moment or others wait. */
  #considerFree(index: number, slot: Slot): void {
    const { lease } = slot;
    if (!lease || lease.awaiting !== undefined) return;
    const { kept } = lease.line;
    if (lease.ending) {
      // The word at the border is said again to the next slot; it is told once.
      kept.rewind();
      this.#free(slot);
      return;
    }
    if (kept.waits || kept.open || lease.quietSince === undefined) return;
    const now = this.#options.scheduler.now();
    const freeAt = lease.quietSince + SAME_LEASE_MS;
    const moved = lease.line.key !== this.key;
    if (now >= freeAt || moved || this.#state !== 'open' || this.#options.isWanted()) {
      kept.forgetSent();
      this.#free(slot);
    } else {
      lease.cancelWait ??= this.#options.scheduler.after(freeAt - now, () => {
        lease.cancelWait = undefined;
        if (slot.lease === lease) this.#considerFree(index, slot);
      });
    }
  }

  /** Others began to wait: whoever is only quiet gives the slot up. */
  yieldQuiet(): void {
    for (const [index, slot] of this.#slots.entries()) this.#considerFree(index, slot);
  }

  #free(slot: Slot): void {
    const { lease } = slot;
    if (!lease) return;
    lease.stopWaiting();
    slot.lease = undefined;
    slot.lastHolder = lease.line;
    slot.freedAt = this.#options.scheduler.now();
    if (this.#slots.every((one) => !one.lease)) this.#idleSince = slot.freedAt;
    this.#options.onFreed(lease.line);
  }

  #sent(): void {
    this.#lastSentAt = this.#options.scheduler.now();
  }

  #keepAlive(): void {
    const { scheduler } = this.#options;
    this.#cancelKeepAlive = scheduler.after(Math.max(1, this.#lastSentAt + KEEP_ALIVE_MS - scheduler.now()), () => {
      if (this.#gone || this.#state === 'closing') return;
      if (scheduler.now() - this.#lastSentAt >= KEEP_ALIVE_MS) {
        this.#connection.keepAlive();
        this.#sent();
      }
      this.#keepAlive();
    });
  }

  #ended({ refused }: { refused?: { limit: boolean; code: string; message: string } }): void {
    if (this.#gone) return;
    this.#gone = true;
    const asked = this.#state === 'closing';
    this.#state = 'closing';
    this.#cancelPace?.();
    this.#cancelKeepAlive?.();
    this.#cancelFinish?.();
    const cutOff: SpeakerLine[] = [];
    for (const slot of this.#slots) {
      const { lease } = slot;
      if (!lease) continue;
      lease.stopWaiting();
      slot.lease = undefined;
      lease.line.kept.rewind();
      cutOff.push(lease.line);
    }
    const how: GoneHow = { asked, proven: this.#proven, ...(refused ? { refused } : {}) };
    this.#options.onGone(this, cutOff, how);
  }
}
