/**
 * One speaker's packets on their way into a mix: in order, each once, and each at its time. Pure policy on the times that it is
 * given; decoding is the speaker's.
 *
 * Sequence numbers tell what was lost, RTP time tells what was a pause. A spurt starts as soon as its first packet has waited as
 * long as packets come late by now (20–60 ms) and then goes on tick by tick. A packet that is not there when its turn comes is
 * concealed. If nothing later is there either, it may only be late: it keeps its turn, and the delay has grown by the concealed
 * frame. If a later one comes instead, it was lost, and the concealed frame stood for it.
 */
import { FRAME_SAMPLES, type VoicePacket } from '../audio/packet.ts';
import { RtpUnwrapper } from '../audio/rtp.ts';
import { isSilence } from '../audio/toc.ts';
import { ArrivalLine } from './arrival-line.ts';

const FRAME_MS = 20;
/** The delay that jitter asks for lies between these. ms. */
export const LEAST_DELAY_MS = 20;
export const MOST_DELAY_MS = 60;
/** So many frames are concealed in a row; then there is silence, and the next packet starts anew. */
export const MOST_CONCEALED = 3;
/** A jump of RTP time over so many frames is a pause or another clock, not loss or reordering. */
const MOST_JUMP = 10;
/** One second: a sender that floods is cut off. */
const MOST_PACKETS = 50;
/** Timers and clocks have fractions. ms. */
const TOLERANCE_MS = 0.01;

/** What is heard of the speaker in the next 20 ms. */
export type Step =
  | { kind: 'silence' }
  | { kind: 'play'; opus: Uint8Array }
  /** `run`: how many were concealed in a row before this one. */
  | { kind: 'conceal'; run: number }
  /** Both are decoded and the first is faded into the second: the delay has shrunk by what lay between. */
  | { kind: 'hurry'; from: Uint8Array; to: Uint8Array };

interface Waiting {
  sequence: number;
  timestamp: number;
  arrivedAt: number;
  opus: Uint8Array;
}

const silence: Step = { kind: 'silence' };

export class JitterBuffer {
  /** Frames that were left out to shorten the delay. */
  skipped = 0;
  /** When the packet that was played last arrived. */
  playedArrivedAt = 0;
  readonly #unwrapper = new RtpUnwrapper();
  readonly #line = new ArrivalLine();
  #queue: Waiting[] = [];
  /** Sequence number of the last packet that had its turn. */
  #played = -Infinity;
  /** RTP time of the frame whose turn is next; undefined: the next packet starts a spurt. */
  #next: number | undefined;
  /** Frames concealed for a packet that still has its turn. */
  #held = 0;
  #run = 0;

  /** Takes note of when a packet came, whether it is kept or not. `starts`: it is the first of a spurt. */
  observe(packet: VoicePacket, starts: boolean): void {
    const { timestamp } = this.#unwrapper.unwrap(packet);
    // Some senders' RTP time stands still in pauses: no packet of theirs would ever be in time again.
    if (starts && this.#line.age(timestamp, packet.arrivedAt) > MOST_DELAY_MS) {
      this.#line.reset(timestamp, packet.arrivedAt);
    }
    this.#line.observe(timestamp, packet.arrivedAt);
  }

  /** Keeps an observed packet for its turn. False: it is there already, or its turn has passed. */
  put(packet: VoicePacket): boolean {
    const { sequence, timestamp } = this.#unwrapper.unwrap(packet);
    if (sequence <= this.#played || this.#isPast(timestamp)) return false;
    let index = this.#queue.length;
    while (index > 0 && (this.#queue[index - 1]?.sequence ?? 0) > sequence) index -= 1;
    if (this.#queue[index - 1]?.sequence === sequence) return false;
    this.#queue.splice(index, 0, { sequence, timestamp, arrivedAt: packet.arrivedAt, opus: packet.opus });
    if (this.#queue.length > MOST_PACKETS) this.#drop();
    return true;
  }

  /** Goes on after a packet that was heard elsewhere: the one that follows it has its turn at the next tick. */
  continueAfter(packet: VoicePacket): void {
    const { sequence, timestamp } = this.#unwrapper.unwrap(packet);
    this.#played = sequence;
    this.#next = timestamp + FRAME_SAMPLES;
    this.#run = 0;
    this.#held = 0;
  }

  /** Empties it. What is known of the network stays. */
  clear(): void {
    this.#queue = [];
    this.#next = undefined;
    this.#run = 0;
    this.#held = 0;
  }

  get hasVoice(): boolean {
    return this.#queue.some(({ opus }) => !isSilence(opus));
  }

  /** How long a packet should wait, on the line of the least delayed ones. ms. */
  get targetMs(): number {
    return Math.min(MOST_DELAY_MS, Math.max(LEAST_DELAY_MS, this.#line.jitter));
  }

  /** One tick of 20 ms. `speaking`: nothing says that the spurt is over. */
  next(now: number, speaking: boolean): Step {
    return this.#next === undefined ? this.#start(now) : this.#goOn(this.#next, now, speaking);
  }

  /** A tick that is left out: what would have been heard in it is not. */
  leaveOut(): void {
    if (this.#next === undefined) return;
    this.#next += FRAME_SAMPLES;
    while (this.#queue[0] && this.#isPast(this.#queue[0].timestamp)) this.#drop();
  }

  /**
   * The packet after the one just played, when the delay is a frame longer than it need be: for a frame that turned out silent, so
   * that this one is heard in its place.
   */
  instead(now: number): Uint8Array | undefined {
    const [head] = this.#queue;
    if (!head || this.#next === undefined || head.timestamp !== this.#next || isSilence(head.opus)) return undefined;
    if (this.#line.age(head.timestamp, now) < this.targetMs - TOLERANCE_MS) return undefined;
    this.skipped += 1;
    return this.#play(head).opus;
  }

  /** Between spurts: silence has no place of its own, and the first voice waits for its time. */
  #start(now: number): Step {
    this.#dropWhile(({ opus }) => isSilence(opus));
    // After a stall a crowd waits: those whose time is long past are left out.
    while (this.#queue.length > 1 && this.#ageOfHead(now) > MOST_DELAY_MS + TOLERANCE_MS) this.#drop();
    this.#dropWhile(({ opus }) => isSilence(opus));
    const [head] = this.#queue;
    if (!head) return silence;
    if (this.#line.age(head.timestamp, head.arrivedAt) > MOST_DELAY_MS && this.#queue.length === 1) {
      // Nobody waits behind it: the way has become longer.
      this.#line.reset(head.timestamp, head.arrivedAt);
    }
    const age = this.#ageOfHead(now);
    if (age < this.targetMs - TOLERANCE_MS && age + FRAME_MS <= MOST_DELAY_MS) return silence;
    return this.#play(head);
  }

  #goOn(next: number, now: number, speaking: boolean): Step {
    const [head] = this.#queue;
    if (!head) return speaking ? this.#underrun(next, now) : this.#pause();
    const lost = head.sequence - this.#played - 1;
    let ahead = Math.round((head.timestamp - next) / FRAME_SAMPLES);
    if (lost > 0 && ahead > 0) {
      // The frames that were concealed while it was open whether this one was late stood for it.
      const stoodFor = Math.min(this.#held, ahead);
      this.#next = next + stoodFor * FRAME_SAMPLES;
      ahead -= stoodFor;
    }
    this.#held = 0;
    if (ahead < 0 || ahead > MOST_JUMP || (lost === 0 && ahead > 0)) return this.#restart(now);
    if (ahead > 0) {
      if (this.#run >= MOST_CONCEALED) return this.#restart(now);
      this.#next = (this.#next ?? next) + FRAME_SAMPLES;
      return this.#conceal();
    }
    if (isSilence(head.opus)) {
      this.#take();
      return this.#pause();
    }
    return this.#hurry(head, now) ?? this.#play(head);
  }

  /** Nothing is there. */
  #underrun(next: number, now: number): Step {
    if (this.#run >= MOST_CONCEALED) return this.#pause();
    if (this.#line.age(next, now) + FRAME_MS <= MOST_DELAY_MS + TOLERANCE_MS) this.#held += 1;
    else this.#next = next + FRAME_SAMPLES;
    return this.#conceal();
  }

  /** The sender's clock, or a jam that has passed, has brought the delay over its limit, and no silence came to take it off. */
  #hurry(head: Waiting, now: number): Step | undefined {
    const over = this.#ageOfHead(now) - MOST_DELAY_MS;
    if (over <= TOLERANCE_MS) return undefined;
    const index = Math.min(Math.ceil(over / FRAME_MS), this.#queue.length - 1);
    const to = this.#queue[index];
    if (index === 0 || !to || isSilence(to.opus)) return undefined;
    for (let dropped = 0; dropped < index; dropped += 1) this.#drop();
    return { kind: 'hurry', from: head.opus, to: this.#play(to).opus };
  }

  #play(packet: Waiting): { kind: 'play'; opus: Uint8Array } {
    this.#take();
    this.playedArrivedAt = packet.arrivedAt;
    this.#next = packet.timestamp + FRAME_SAMPLES;
    this.#run = 0;
    this.#held = 0;
    return { kind: 'play', opus: packet.opus };
  }

  #conceal(): Step {
    this.#run += 1;
    return { kind: 'conceal', run: this.#run - 1 };
  }

  #pause(): Step {
    this.#next = undefined;
    this.#run = 0;
    this.#held = 0;
    return silence;
  }

  #restart(now: number): Step {
    this.#pause();
    return this.#start(now);
  }

  #ageOfHead(now: number): number {
    const [head] = this.#queue;
    return head ? this.#line.age(head.timestamp, now) : 0;
  }

  #isPast(timestamp: number): boolean {
    if (this.#next === undefined) return false;
    const behind = Math.round((this.#next - timestamp) / FRAME_SAMPLES);
    return behind > 0 && behind <= MOST_JUMP;
  }

  #dropWhile(isUseless: (packet: Waiting) => boolean): void {
    while (this.#queue[0] && isUseless(this.#queue[0])) this.#take();
  }

  #drop(): void {
    this.#take();
    this.skipped += 1;
  }

  #take(): void {
    const taken = this.#queue.shift();
    if (taken) this.#played = taken.sequence;
  }
}
