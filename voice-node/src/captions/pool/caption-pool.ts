/**
 * The node's connections to the transcription service, shared by everybody who speaks in any session. `plan.ts` decides, this does
 * it: opens, closes, hands out slots, and keeps what was said until it is understood.
 */
import { EventEmitter } from 'node:events';
import { monotonicFactory } from 'ulid';
import type { Logger } from '../../ops/logger.ts';
import { realTime, type Scheduler } from '../../ops/scheduler.ts';
import type { CaptionTuning } from '../caption-key.ts';
import type { CaptionEngine } from '../engine.ts';
import type { SpeechFrame } from '../speech/speech-frame.ts';
import { Changes } from './changes.ts';
import type { GoneHow } from './connection-options.ts';
import { Openings } from './openings.ts';
import { nextIdleEnd, PATIENCE_MS, plan, type Step } from './plan.ts';
import { PooledConnection } from './pooled-connection.ts';
import { type LineEvents, SpeakerLine } from './speaker-line.ts';

/** Who waits is looked after so often: late words are told of, turns end. ms */
const LOOK_MS = 250;

export interface CaptionPoolOptions {
  engine: CaptionEngine;
  /** Channels of each connection. */
  channels: number;
  /** Most connections, until `limit` is set. */
  limit: number;
  logger: Logger;
  scheduler?: Scheduler;
}

export interface CaptionPoolEvents {
  /** Connections open, and how many could be used; told when it changes. */
  demand: [demand: { open: number; wanted: number }];
  /** The service takes no connection: why. `undefined`: it does again. */
  trouble: [trouble: { code: string; message: string } | undefined];
}

interface LineState {
  /** Absent: the line has a slot, or nothing to say. */
  waitingSince: number | undefined;
  connection: PooledConnection | undefined;
}

export class CaptionPool extends EventEmitter<CaptionPoolEvents> {
  readonly #options: CaptionPoolOptions;
  readonly #scheduler: Scheduler;
  readonly #nextId = monotonicFactory();
  /** Oldest first. */
  #connections: PooledConnection[] = [];
  readonly #lines = new Map<SpeakerLine, LineState>();
  #limit: number;
  #made = 0;
  readonly #openings = new Openings();
  #planning = false;
  #again = false;
  #cancelLook: (() => void) | undefined;
  #cancelIdle: (() => void) | undefined;
  #told = { open: 0, wanted: 0 };
  /** Legs on which somebody may begin to speak. */
  #attended = 0;
  readonly #changes: Changes;

  constructor(options: CaptionPoolOptions) {
    super();
    this.#options = options;
    this.#scheduler = options.scheduler ?? realTime;
    this.#limit = options.limit;
    this.#changes = new Changes(this.#scheduler);
  }

  /** Connections open and about to be, and how many could be used now. */
  get demand(): { open: number; wanted: number } {
    const users = new Map<string, number>();
    for (const [line, { waitingSince, connection }] of this.#lines) {
      if (waitingSince !== undefined || connection) users.set(line.key, (users.get(line.key) ?? 0) + 1);
    }
    const wanted = [...users.values()].reduce((sum, count) => sum + Math.ceil(count / this.#options.channels), 0);
    // Whoever speaks first shall not wait for a share.
    return { open: this.#connections.length, wanted: Math.max(wanted, this.#attended > 0 ? 1 : 0) };
  }

  /** People may begin to speak at any moment, until what is returned is called. */
  attend(): () => void {
    const change = (by: number): void => {
      this.#attended += by;
      this.#tellDemand();
    };
    change(1);
    return () => change(-1);
  }

  /** The most connections from now on. Surplus ones take nobody any more and close when they are idle. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#plan();
  }

  /** A way in for one person. `drop` or `finish` it in the end. */
  line(tuning: CaptionTuning, events: LineEvents): SpeakerLine {
    const line = new SpeakerLine(tuning, events, () => this.#nextId());
    this.#lines.set(line, { waitingSince: undefined, connection: undefined });
    return line;
  }

  /** Takes 20 ms of speech. */
  say(line: SpeakerLine, frame: SpeechFrame): void {
    line.kept.add(frame);
    line.lost(line.kept.trim());
    this.#advance(line);
  }

  /** The spurt is over. */
  endSpurt(line: SpeakerLine): void {
    line.kept.end();
    this.#advance(line);
  }

  /** Another language or other keyterms, from what is said next on. */
  tune(line: SpeakerLine, tuning: CaptionTuning): void {
    const before = line.key;
    line.tune(tuning);
    if (line.key === before) return;
    this.#lines.get(line)?.connection?.cutLine(line);
    this.#plan();
  }

  /** Forgets a line at once: nothing more of it is sent, told or kept. */
  drop(line: SpeakerLine): void {
    line.silence();
    const state = this.#lines.get(line);
    this.#lines.delete(line);
    state?.connection?.drop(line);
    this.#changes.tell();
  }

  /** Resolves when all that was said is told, or given up after `deadlineMs`; then the line is forgotten. */
  async finish(line: SpeakerLine, deadlineMs: number): Promise<void> {
    line.kept.end();
    this.#advance(line);
    const until = this.#scheduler.now() + deadlineMs;
    while (this.#lines.has(line) && !this.#isDone(line)) {
      if (!(await this.#changes.next(until - this.#scheduler.now()))) break;
    }
    if (!this.#isDone(line)) {
      line.giveUp(line.tuning.language, line.kept.unsettled());
      line.lost(line.kept.clear());
    }
    this.drop(line);
  }

  /** Ends every stream. Lines are finished before. Resolves when the connections are gone. */
  async close(): Promise<void> {
    this.#limit = 0;
    this.#cancelLook?.();
    this.#cancelIdle?.();
    for (const connection of this.#connections) connection.finish();
    const until = this.#scheduler.now() + 4_000;
    while (this.#connections.length > 0 && (await this.#changes.next(until - this.#scheduler.now())));
  }

  #isDone(line: SpeakerLine): boolean {
    const state = this.#lines.get(line);
    return !state || (state.waitingSince === undefined && !state.connection) || line.kept.isEmpty;
  }

  #advance(line: SpeakerLine): void {
    const state = this.#lines.get(line);
    if (!state) return;
    if (state.connection) state.connection.pump();
    else if (state.waitingSince === undefined && line.kept.waits) this.#wait(line, state);
  }

  #wait(_line: SpeakerLine, state: LineState): void {
    state.waitingSince = this.#scheduler.now();
    this.#plan();
  }

  get #waiting(): { line: SpeakerLine; key: string; since: number }[] {
    return [...this.#lines].flatMap(([line, { waitingSince }]) =>
      waitingSince === undefined ? [] : [{ line, key: line.key, since: waitingSince }],
    );
  }

  /** Others wait, and no connection can be opened for them. */
  get #isTight(): boolean {
    const mayOpen = this.#connections.length < this.#limit && this.#openings.mayOpen(this.#scheduler.now());
    return !mayOpen && this.#waiting.length > 0;
  }

  /** Does what the policy says, until it says nothing more. */
  #plan(): void {
    this.#again = true;
    if (this.#planning) return;
    this.#planning = true;
    while (this.#again) {
      this.#again = false;
      const now = this.#scheduler.now();
      const mayOpen = this.#openings.mayOpen(now);
      const steps = plan({
        connections: this.#connections.map(({ view }) => view),
        waiting: this.#waiting,
        // The service said that there are enough: whoever is idle makes room.
        limit: mayOpen ? this.#limit : Math.min(this.#limit, this.#connections.length),
        mayOpen,
        channels: this.#options.channels,
        now,
      });
      for (const step of steps) this.#do(step);
      if (this.#isTight) for (const connection of this.#connections) connection.yieldQuiet();
    }
    this.#planning = false;
    this.#armLook();
    this.#armIdle();
    this.#tellDemand();
  }

  #do(step: Step<SpeakerLine>): void {
    if (step.do === 'open') {
      this.#open(step.key);
      return;
    }
    const connection = this.#connections.find(({ id }) => id === step.connection);
    if (step.do === 'retire') connection?.retire();
    else if (step.do === 'close') connection?.finish();
    else if (step.do === 'cut') connection?.cut(step.slot);
    else {
      const state = this.#lines.get(step.line);
      if (!state || !connection) return;
      state.waitingSince = undefined;
      state.connection = connection;
      step.line.late(false);
      connection.assign(step.slot, step.line);
    }
  }

  #open(key: string): void {
    const tuning = [...this.#lines.keys()].find((line) => line.key === key)?.tuning;
    if (!tuning) return;
    this.#made += 1;
    const { engine, channels } = this.#options;
    this.#connections.push(
      new PooledConnection({
        id: this.#made,
        key,
        tuning,
        channels,
        engine,
        scheduler: this.#scheduler,
        isWanted: () => this.#isTight,
        onOpened: () => this.#plan(),
        onSettled: () => this.#changes.tell(),
        onFreed: (line) => this.#freed(line),
        onGone: (connection, cutOff, how) => this.#gone(connection, cutOff, how),
      }),
    );
  }

  #freed(line: SpeakerLine): void {
    const state = this.#lines.get(line);
    if (state) {
      state.connection = undefined;
      if (line.kept.waits) state.waitingSince = this.#scheduler.now();
    }
    this.#changes.tell();
    this.#plan();
  }

  #gone(connection: PooledConnection, cutOff: SpeakerLine[], { refused, asked, proven }: GoneHow): void {
    this.#connections = this.#connections.filter((one) => one !== connection);
    const now = this.#scheduler.now();
    for (const line of cutOff) {
      const state = this.#lines.get(line);
      if (!state) continue;
      state.connection = undefined;
      if (line.kept.waits) state.waitingSince = now;
    }
    if ((proven || asked) && this.#openings.works()) this.emit('trouble', undefined);
    if (!asked) {
      const { code, message } = refused ?? { code: 'captions_lost', message: 'The connection was lost.' };
      this.#options.logger.warn(
        { code, problem: message, cutOff: cutOff.length },
        'a connection to the transcription service is gone',
      );
      if (!proven) this.#fails(refused);
    }
    this.#changes.tell();
    this.#plan();
  }

  #fails(refused: GoneHow['refused']): void {
    const failure = this.#openings.fails(this.#scheduler.now(), refused);
    if (!failure) return;
    this.#scheduler.after(failure.waitMs, () => this.#plan());
    if (refused && failure.trouble) this.emit('trouble', { code: refused.code, message: refused.message });
  }

  #armLook(): void {
    if (this.#cancelLook || this.#waiting.length === 0) return;
    this.#cancelLook = this.#scheduler.after(LOOK_MS, () => {
      this.#cancelLook = undefined;
      const now = this.#scheduler.now();
      for (const { line, since } of this.#waiting) if (now - since >= PATIENCE_MS) line.late(true);
      this.#plan();
    });
  }

  #armIdle(): void {
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    const at = nextIdleEnd(this.#connections.map(({ view }) => view));
    if (at === undefined) return;
    this.#cancelIdle = this.#scheduler.after(Math.max(1, at - this.#scheduler.now()), () => this.#plan());
  }

  #tellDemand(): void {
    const demand = this.demand;
    if (demand.open === this.#told.open && demand.wanted === this.#told.wanted) return;
    this.#told = demand;
    this.emit('demand', demand);
  }
}
