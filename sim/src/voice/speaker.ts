import type { Clip } from '../clips/clip.ts';
import type { Clock } from '../time/clock.ts';
import type { Speech } from './light-member.ts';
import type { MediaClock } from './media-clock.ts';
import { silenceFrame } from './rtp.ts';

/** Op 5 leads the first packet by at least this much, in ms: it travels by another socket and must not lose the race. */
const announceLeadMs = 20;
/** So many silence frames end a talk spurt (Discord docs, "Voice Data Interpolation"). */
const closingFrames = 5;
/** Live frames gathered before the first goes out: a sound card and a browser deliver them in bursts. */
const liveLeadFrames = 3;
/** More live frames than this waiting mean that the source's clock is faster: the oldest is dropped. */
const mostLiveFrames = 12;

export interface SpeakerOptions {
  /** Named in errors. */
  who: string;
  clock: Clock;
  mediaClock: MediaClock;
  /** Op 5: 1 when a spurt begins, 0 after its last packet. */
  announce(speaking: 0 | 1): void;
  /** Sends one packet; answers when it went out, ms since the epoch. */
  send(opus: Buffer, timestamp: number): number;
}

/** How a speech goes, told at once and not by promises, for clocks that do not wait for those. */
export interface SpeechCalls {
  /** The first packet is out: ms since the epoch, and its RTP time. */
  onStart(startedAt: number, firstTimestamp: number): void;
  /** The last packet is out. */
  onEnd(): void;
  /** The speaker left before. */
  onCut?(error: Error): void;
}

/** What is being said: a clip with an end, or live speech with none. */
interface Utterance {
  /** The next packet; undefined when there is none (any more, or for the moment). */
  next(): Buffer | undefined;
  onFirst(startedAt: number, firstTimestamp: number): void;
  onEnd(): void;
  onCut(error: Error): void;
}

/** A mouth: puts clips and live speech on the wire one after the other, packet by packet on the device's clock. */
export class Speaker {
  readonly #options: SpeakerOptions;
  readonly #queue: Utterance[] = [];
  readonly #live: Buffer[] = [];
  #liveIsQueued = false;
  #speaking = false;
  #closed = false;
  #cancel: () => void = () => undefined;

  constructor(options: SpeakerOptions) {
    this.#options = options;
  }

  /** Speaks a clip after what is being said already, with calls instead of promises. */
  say(clip: Clip, { onStart, onEnd, onCut = () => undefined }: SpeechCalls): void {
    let index = 0;
    this.#enqueue({
      next: () => {
        const packet = clip.packets[index];
        index += 1;
        return packet && Buffer.from(packet);
      },
      onFirst: onStart,
      onEnd,
      onCut,
    });
  }

  /** Speaks a clip after what is being said already. */
  speak(clip: Clip): Speech {
    const started = Promise.withResolvers<{ startedAt: number; firstTimestamp: number }>();
    const finished = Promise.withResolvers<void>();
    // Callers who look at one of the two promises only must not be told of the other one's error by the process.
    started.promise.catch(() => undefined);
    finished.promise.catch(() => undefined);
    this.say(clip, {
      onStart: (startedAt, firstTimestamp) => started.resolve({ startedAt, firstTimestamp }),
      onEnd: finished.resolve,
      onCut: (error) => {
        started.reject(error);
        finished.reject(error);
      },
    });
    return { started: started.promise, finished: finished.promise };
  }

  /** Takes one Opus packet of 20 ms of live speech (a microphone). When no more come, the spurt ends by itself. */
  feed(opus: Buffer): void {
    if (this.#closed) return;
    this.#live.push(opus);
    if (this.#live.length > mostLiveFrames) this.#live.shift();
    if (this.#liveIsQueued || this.#live.length < liveLeadFrames) return;
    this.#liveIsQueued = true;
    this.#enqueue({
      next: () => this.#live.shift(),
      onFirst: () => undefined,
      onEnd: () => {
        this.#liveIsQueued = false;
      },
      onCut: () => undefined,
    });
  }

  /** Stops in mid-word; what is said or waits is rejected. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel();
    const error = new Error(`${this.#options.who} left while speaking`);
    for (const utterance of this.#queue.splice(0)) utterance.onCut(error);
  }

  #enqueue(utterance: Utterance) {
    if (this.#closed) return utterance.onCut(new Error(`${this.#options.who} has left and cannot speak`));
    this.#queue.push(utterance);
    if (!this.#speaking) this.#begin();
  }

  #begin(): void {
    const { clock, mediaClock, announce } = this.#options;
    this.#speaking = true;
    announce(1);
    this.#tick(mediaClock.frameAfter(clock.now() + announceLeadMs), 0, true);
  }

  /** Arms the packet of one frame. `closing`: how many of the frames before it were silence at the end. */
  #tick(frame: number, closing: number, isFirst: boolean): void {
    const { clock, mediaClock, send } = this.#options;
    this.#cancel = clock.at(mediaClock.instantOf(frame), () => {
      const [utterance] = this.#queue;
      if (!utterance) return;
      const packet = utterance.next();
      const timestamp = mediaClock.timestampOf(frame);
      const sentAt = send(packet ?? silenceFrame, timestamp);
      if (isFirst) utterance.onFirst(sentAt, timestamp);
      const silence = packet ? 0 : closing + 1;
      if (silence < closingFrames) this.#tick(frame + 1, silence, false);
      else this.#end(utterance);
    });
  }

  #end(utterance: Utterance): void {
    this.#queue.shift();
    this.#speaking = false;
    this.#options.announce(0);
    utterance.onEnd();
    if (!this.#speaking && this.#queue.length > 0) this.#begin();
  }
}
