import { samplesPerPacket, silenceFrame } from '../voice/rtp.ts';

const packetMs = (samplesPerPacket * 1000) / 48_000;
/** Frames gathered before the first goes out: a sound card and a browser deliver them in bursts. */
const headStartMs = 60;
/** A source that gives nothing for this long has stopped. */
const patienceMs = 200;
/** More than this many frames waiting means that the source's clock is faster: the oldest is dropped. */
const mostWaiting = 12;

/** How a member speaks without a clip. `atMs` is on the monotonic clock (`performance.now`) and becomes the RTP time. */
export interface SpeechLine {
  announce(speaking: number): void;
  send(opus: Buffer, atMs: number): void;
}

/**
 * Opus frames (20 ms each) that arrive whenever they do, sent on a schedule of one each 20 ms. Op 5 goes on with the
 * first, and off, after five silence frames, when nothing came for a while. RTP time runs on while nobody speaks.
 */
export class LiveSpeech {
  readonly #line: () => SpeechLine | undefined;
  readonly #waiting: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #nextMs = 0;
  #lastFrameMs = 0;
  #announcedOn: SpeechLine | undefined;

  /** `line` is asked before each frame: a person who moves speaks on in the new channel. */
  constructor(line: () => SpeechLine | undefined) {
    this.#line = line;
  }

  push(opus: Buffer): void {
    this.#waiting.push(opus);
    if (this.#waiting.length > mostWaiting) this.#waiting.shift();
    if (this.#timer !== undefined) return;
    this.#announce();
    this.#nextMs = performance.now() + headStartMs;
    this.#lastFrameMs = this.#nextMs;
    this.#schedule();
  }

  /** Sends no more than the closing silence. */
  stop(): void {
    this.#waiting.length = 0;
    if (this.#timer !== undefined) this.#end();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#nextMs - performance.now()));
  }

  #tick(): void {
    const opus = this.#waiting.shift();
    if (opus) {
      this.#announce();
      this.#announcedOn?.send(opus, this.#nextMs);
      this.#lastFrameMs = this.#nextMs;
    } else if (this.#nextMs - this.#lastFrameMs >= patienceMs) return this.#end();
    this.#nextMs += packetMs;
    this.#schedule();
  }

  #announce(): void {
    const line = this.#line();
    if (line !== this.#announcedOn) line?.announce(1);
    this.#announcedOn = line;
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let index = 0; index < 5; index++) this.#announcedOn?.send(silenceFrame, this.#nextMs + index * packetMs);
    this.#announcedOn?.announce(0);
    this.#announcedOn = undefined;
  }
}
