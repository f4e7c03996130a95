import { samplesPerPacket, silenceFrame } from '../voice/rtp.ts';

const packetMs = (samplesPerPacket * 1000) / 48_000;
/** Frames gathered before the first goes out: a sound card and a browser deliver them in bursts. */
const headStartMs = 60;
/** Silence frames that close a run of speech, as Discord asks for, so that listeners do not interpolate. */
const closingFrames = 5;
/** So many packet times without a frame, and the source has stopped. */
const patience = 10;
/** More than this many frames waiting means that the source's clock is faster: the oldest is dropped. */
const mostWaiting = 12;

/** How a member speaks without a clip. `atMs` is on the monotonic clock (`performance.now`) and becomes the RTP time. */
export interface SpeechLine {
  announce(speaking: number): void;
  send(opus: Buffer, atMs: number): void;
}

/**
 * Opus frames (20 ms each) that arrive whenever they do, sent on a schedule of one each 20 ms. Op 5 goes on with the
 * first, and off when nothing came for a while. RTP time runs on while nobody speaks.
 */
export class LiveSpeech {
  readonly #line: () => SpeechLine | undefined;
  readonly #waiting: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #nextMs = 0;
  /** Packet times since the last frame. */
  #quiet = 0;
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
    this.#quiet = 0;
    this.#schedule();
  }

  /** Drops what waits; only the closing silence follows. */
  stop(): void {
    this.#waiting.length = 0;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#nextMs - performance.now()));
  }

  #tick(): void {
    const opus = this.#waiting.shift();
    if (opus) {
      this.#announce();
      this.#quiet = 0;
    } else this.#quiet += 1;
    if (this.#quiet <= closingFrames) this.#announcedOn?.send(opus ?? silenceFrame, this.#nextMs);
    this.#nextMs += packetMs;
    if (this.#quiet < patience) {
      this.#schedule();
      return;
    }
    this.#timer = undefined;
    this.#announcedOn?.announce(0);
    this.#announcedOn = undefined;
  }

  #announce(): void {
    const line = this.#line();
    if (line !== this.#announcedOn) line?.announce(1);
    this.#announcedOn = line;
  }
}
