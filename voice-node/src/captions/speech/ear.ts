/**
 * What one person says on one leg, from packets to frames: put in order, decoded, holes filled, and cut into spurts. Time comes from
 * RTP, anchored by the least delayed packets, as in the recording.
 */
import { Downsampler } from '../../audio/downsample.ts';
import { EarliestLine } from '../../audio/earliest-line.ts';
import { CHANNELS, libopus, type OpusCodec, type OpusDecoder } from '../../audio/opus-codec.ts';
import { FRAME_SAMPLES, SAMPLE_RATE, type VoicePacket } from '../../audio/packet.ts';
import { RtpUnwrapper } from '../../audio/rtp.ts';
import { isSilence, lossFrame, packetSamples } from '../../audio/toc.ts';
import type { Scheduler } from '../../ops/scheduler.ts';
import { FRAME_LENGTH, FRAME_MS, type SpeechFrame, type SpurtClock } from './speech-frame.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** A packet that comes before its turn waits so long for the ones that it overtook. ms */
const REORDER_MS = 60;
/** Packets that may have come before the first one of a stream. */
const FIRST_OVERTAKEN = 3;
/** A spurt is over after so much time without a packet. ms */
export const SPURT_END_MS = 300;
/** … and so long after the first silence frame: five of them take so much. ms */
export const QUIET_END_MS = 100;
/** So many lost frames in a row are guessed; a longer hole is silence. */
const MOST_CONCEALED = 3;
/** Silence that ends a spurt whose own silence frames were lost: recognisers want to hear that the last word is over. */
const TAIL_FRAMES = 5;

export interface EarOptions {
  /** The session's time zero, ms since the epoch. */
  timeZero: number;
  scheduler: Scheduler;
  codec?: OpusCodec;
  onFrame(frame: SpeechFrame): void;
  /** The spurt is over; its last frame was given. */
  onEnd(): void;
}

interface Waiting {
  opus: Uint8Array;
  timestamp: number;
}

interface Spurt {
  clock: SpurtClock;
  /** RTP time of its first packet, without wrap. */
  first: number;
  /** RTP time at which the next packet follows without a hole. */
  next: number;
  /** Frames given. */
  frames: number;
  /** Frames since the last one that was voice. */
  quiet: number;
}

export class Ear {
  readonly #options: EarOptions;
  #ssrc: number | undefined;
  #rtp = new RtpUnwrapper();
  #line = new EarliestLine();
  #decoder: OpusDecoder;
  #downsampler = new Downsampler();
  readonly #waiting = new Map<number, Waiting>();
  #last: number | undefined;
  #previous: Uint8Array | undefined;
  #spurt: Spurt | undefined;
  /** Samples that are no whole frame yet. */
  #rest: Int16Array = new Int16Array(0);
  #heardAt = 0;
  /** Silence frames came since. */
  #quietAt: number | undefined;
  #cancelEnd: (() => void) | undefined;
  #cancelHold: (() => void) | undefined;

  constructor(options: EarOptions) {
    this.#options = options;
    this.#decoder = (options.codec ?? libopus).createDecoder();
  }

  /** When the last packet came; ms since the epoch. */
  get heardAt(): number {
    return this.#heardAt;
  }

  packet(packet: VoicePacket): void {
    if (packet.ssrc !== this.#ssrc) this.#newStream(packet.ssrc);
    this.#heardAt = packet.arrivedAt;
    const { sequence, timestamp } = this.#rtp.unwrap(packet);
    this.#line.observe(packet.arrivedAt, packet.arrivedAt - timestamp / SAMPLES_PER_MS);
    if (this.#spurt) this.#spurt.clock.startMs = this.#startOf(this.#spurt.first);
    if (this.#last !== undefined && sequence <= this.#last) return;
    // The very first packets may have overtaken each other, too.
    this.#last ??= sequence - 1 - FIRST_OVERTAKEN;
    this.#waiting.set(sequence, { opus: packet.opus, timestamp });
    this.#drain();
  }

  /** Ends what is being said. */
  close(): void {
    this.#cancelHold?.();
    for (const sequence of [...this.#waiting.keys()].sort((left, right) => left - right)) this.#take(sequence);
    this.#end();
  }

  #newStream(ssrc: number): void {
    if (this.#ssrc !== undefined) this.close();
    this.#ssrc = ssrc;
    this.#rtp = new RtpUnwrapper();
    this.#line = new EarliestLine();
    this.#decoder = (this.#options.codec ?? libopus).createDecoder();
    this.#waiting.clear();
    this.#last = undefined;
  }

  #drain(): void {
    while (this.#waiting.has((this.#last ?? 0) + 1)) this.#take((this.#last ?? 0) + 1);
    if (this.#waiting.size === 0) {
      this.#cancelHold?.();
      this.#cancelHold = undefined;
      return;
    }
    this.#cancelHold ??= this.#options.scheduler.after(REORDER_MS, () => {
      this.#cancelHold = undefined;
      // What has not come by now is lost.
      this.#take(Math.min(...this.#waiting.keys()));
      this.#drain();
    });
  }

  #take(sequence: number): void {
    const packet = this.#waiting.get(sequence);
    if (!packet) return;
    this.#waiting.delete(sequence);
    const lost = sequence - (this.#last ?? sequence - 1) - 1;
    this.#last = sequence;
    if (isSilence(packet.opus)) this.#quiet(packet);
    else this.#voice(packet, lost);
  }

  #voice({ opus, timestamp }: Waiting, lost: number): void {
    const hole = this.#spurt ? timestamp - this.#spurt.next : 0;
    if (hole < 0 || hole >= SPURT_END_MS * SAMPLES_PER_MS) this.#end();
    this.#spurt ??= {
      clock: { startMs: this.#startOf(timestamp) },
      first: timestamp,
      next: timestamp,
      frames: 0,
      quiet: 0,
    };
    const spurt = this.#spurt;
    this.#quietAt = undefined;
    const missing = Math.round((timestamp - spurt.next) / FRAME_SAMPLES);
    for (let index = 0; index < missing; index += 1) {
      if (index < Math.min(lost, MOST_CONCEALED)) this.#decode(lossFrame(this.#previous));
      else this.#give(new Int16Array(FRAME_LENGTH));
    }
    this.#decode(opus);
    spurt.quiet = 0;
    spurt.next = timestamp + (packetSamples(opus) || FRAME_SAMPLES);
    this.#watch();
  }

  /** A silence frame: heard like any other, and the end of the spurt if nothing follows. */
  #quiet({ opus, timestamp }: Waiting): void {
    const spurt = this.#spurt;
    if (!spurt || timestamp < spurt.next) return;
    if (spurt.quiet < TAIL_FRAMES && timestamp === spurt.next) {
      this.#decode(opus);
      spurt.quiet += 1;
      spurt.next = timestamp + FRAME_SAMPLES;
    }
    if (this.#quietAt !== undefined) return;
    this.#quietAt = this.#options.scheduler.now();
    // The timer may be set for the end without silence frames, which is later.
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    this.#watch();
  }

  #decode(opus: Uint8Array): void {
    this.#previous = opus;
    try {
      this.#give(this.#downsampler.push(this.#decoder.decode(opus)));
    } catch {
      // A damaged packet is a hole of its length like a lost one: nothing else can be done, and the next one is good.
      const samples = packetSamples(opus) || FRAME_SAMPLES;
      this.#give(this.#downsampler.push(new Int16Array(samples * CHANNELS)));
    }
  }

  #give(samples: Int16Array): void {
    const spurt = this.#spurt;
    if (!spurt) return;
    let pcm = samples;
    if (this.#rest.length > 0) {
      pcm = new Int16Array(this.#rest.length + samples.length);
      pcm.set(this.#rest);
      pcm.set(samples, this.#rest.length);
    }
    let at = 0;
    for (; at + FRAME_LENGTH <= pcm.length; at += FRAME_LENGTH) {
      const frame = pcm.length === FRAME_LENGTH ? pcm : pcm.slice(at, at + FRAME_LENGTH);
      this.#options.onFrame({ pcm: frame, clock: spurt.clock, atMs: spurt.frames * FRAME_MS });
      spurt.frames += 1;
    }
    this.#rest = pcm.length === at ? new Int16Array(0) : pcm.slice(at);
  }

  #startOf(timestamp: number): number {
    return timestamp / SAMPLES_PER_MS + (this.#line.least ?? 0) - this.#options.timeZero;
  }

  /** One timer for all packets: it looks when it was last heard, and goes on. */
  #watch(): void {
    this.#cancelEnd ??= this.#options.scheduler.after(QUIET_END_MS, () => this.#look());
  }

  #look(): void {
    this.#cancelEnd = undefined;
    if (!this.#spurt) return;
    const now = this.#options.scheduler.now();
    const end = Math.min(this.#heardAt + SPURT_END_MS, (this.#quietAt ?? Infinity) + QUIET_END_MS);
    if (now >= end) this.#end();
    else this.#cancelEnd = this.#options.scheduler.after(end - now, () => this.#look());
  }

  #end(): void {
    const spurt = this.#spurt;
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    this.#quietAt = undefined;
    if (!spurt) return;
    for (let quiet = spurt.quiet; quiet < TAIL_FRAMES; quiet += 1) this.#give(new Int16Array(FRAME_LENGTH));
    this.#rest = new Int16Array(0);
    this.#spurt = undefined;
    this.#options.onEnd();
  }
}
