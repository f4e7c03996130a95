import type { EngineConnection, EngineResult } from '../engine.ts';
import { FRAME_LENGTH, FRAME_MS } from '../speech/speech-frame.ts';
import { wordsByLease } from './attribution.ts';
import type { GoneHow, PooledConnectionOptions } from './connection-options.ts';
import { KeepAlive } from './keep-alive.ts';
import { Lease } from './lease.ts';
import { framesTogether } from './lock-step.ts';
import type { Refusal } from './openings.ts';
import { Pace } from './pace.ts';
import type { ConnectionView } from './plan.ts';
import { SentMap } from './sent-map.ts';
import type { SpeakerLine } from './speaker-line.ts';

/** A final that has not come by then does not come. ms */
export const FINAL_WAIT_MS = 1_500;
/** Whoever goes on within so much time keeps the slot. ms */
export const SAME_LEASE_MS = 700;
/** Frames by which the end of a result may fall short of what it holds. */
const ROUNDING = 0.1;
const TAIL_SLACK = 5;
/** A stream that was ended has so long to tell the rest. ms */
const FINISH_MS = 3_000;

interface Slot {
  lease: Lease | undefined;
  generation: number;
  sent: SentMap<Lease>;
  lastHolder: SpeakerLine | undefined;
  freedAt: number;
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
  #proven = false;
  #gone = false;
  readonly #pace: Pace;
  readonly #keepAlive: KeepAlive;
  #cancelPace: (() => void) | undefined;
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
    this.#idleSince = scheduler.now();
    this.#keepAlive = new KeepAlive(scheduler, () => this.#connection.keepAlive());
    this.#pace = new Pace(scheduler.now());
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
    this.#keepAlive.stop();
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
    this.#idleSince = this.#options.scheduler.now();
    this.#keepAlive.start();
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
    const awaiting = this.#position;
    lease.awaiting = awaiting;
    this.#connection.finalize(index);
    this.#keepAlive.sent();
    lease.cancelWait = this.#options.scheduler.after(FINAL_WAIT_MS, () => {
      lease.stopWaiting();
      const { line } = lease;
      // Whoever goes on meanwhile is heard on: only what was said before the end is given up.
      const unsettled = line.kept.unsettled(awaiting);
      if (unsettled) line.giveUp(lease.language, unsettled, unsettled.toMs);
      line.kept.settle(awaiting);
      lease.finalUpTo = Math.max(lease.finalUpTo, awaiting);
      this.pump();
    });
  }

  #allowance(): number {
    const whole = this.#pace.allowance(this.#options.scheduler.now());
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
    this.#pace.spend(frames);
    this.#connection.send(Buffer.from(pcm.buffer));
    this.#keepAlive.sent();
  }

  #result(result: EngineResult): void {
    const slot = this.#slots[result.channel];
    if (!slot) return;
    this.#proven = true;
    const [fromMs, toMs] = [result.start * 1000, (result.start + result.duration) * 1000];
    for (const [lease, words] of wordsByLease(slot.sent, result)) {
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

  #ended({ refused }: { refused?: Refusal }): void {
    if (this.#gone) return;
    this.#gone = true;
    const asked = this.#state === 'closing';
    this.#state = 'closing';
    this.#cancelPace?.();
    this.#keepAlive.stop();
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
