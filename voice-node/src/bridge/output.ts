/**
 * What one leg hears: the outgoing stream of one output leg, with its own sequence numbers and timestamps.
 *
 * Modes: `idle` (nothing is sent, RTP time goes on with the wall clock), `pass` (one speaker's packets go out untouched, on
 * arrival), `mix` (two or more were speaking at once, a volume is set, or a tone plays; everything is decoded, summed and encoded
 * until all are silent), `tail`
 * (the silence frames at the end of a stream whose source sent none).
 */

import type { Sound } from '../audio/fade.ts';
import { addFrame, limitInto } from '../audio/mixer.ts';
import { FRAME_VALUES, type OpusEncoder } from '../audio/opus-codec.ts';
import { FRAME_SAMPLES, type LegPort, SAMPLE_RATE, SILENCE_FRAME, type VoicePacket } from '../audio/packet.ts';
import { addSequence, addTimestamp, sequenceDistance, timestampDistance } from '../audio/rtp.ts';
import { isSilence, packetSamples } from '../audio/toc.ts';
import { DelayMeter } from './delay-meter.ts';
import { OutputLine } from './output-line.ts';
import type { Speaker } from './speaker.ts';
import type { TonePlayer } from './tone-player.ts';

/** Discord asks for five silence frames at the end of a spurt, so that receivers do not interpolate. */
const TAIL_FRAMES = 5;
/** A source whose RTP time jumps by more than this inside a spurt has another clock: a pause would have ended the spurt. */
const MOST_STEP = SAMPLE_RATE;
/** Silent for so long before "stopped speaking" is announced: a flag that flaps is rate limited. ms. */
export const STOP_SPEAKING_MS = 200;

export type OutputMode =
  | { kind: 'idle' }
  | { kind: 'pass'; speaker: Speaker; base: PassBase }
  | { kind: 'mix' }
  | { kind: 'tail'; frames: number };

/** Ties a source's counters to ours for one spurt. */
interface PassBase {
  source: { ssrc: number; sequence: number; timestamp: number };
  sequence: number;
  timestamp: number;
}

export class Output {
  readonly leg: LegPort;
  /** Legs whose people are heard here. */
  sources: ReadonlySet<string>;
  mode: OutputMode = { kind: 'idle' };
  /** What is played here beside the voices: only while mixing. */
  tone: TonePlayer | undefined;
  /** Of the voices that are heard here. */
  readonly delay = new DelayMeter();
  readonly #createEncoder: () => OpusEncoder;
  #encoder: OpusEncoder | undefined;
  #sequence = Math.floor(Math.random() * 0x1_0000);
  #timestamp = Math.floor(Math.random() * 0x1_0000_0000);
  #lastSentAt: number | undefined;
  readonly #line = new OutputLine();
  /** The first tick of a mix after silence: RTP time has to catch up with the wall clock. */
  #wasSilent = true;
  /** Length of the last packet, in samples. */
  #length = FRAME_SAMPLES;
  #lastWasSilence = true;
  #lastSource: Speaker | 'encoder' | undefined;
  #announced = false;
  readonly #sum = new Int32Array(FRAME_VALUES);
  readonly #pcm = new Int16Array(FRAME_VALUES);

  constructor(leg: LegPort, sources: ReadonlySet<string>, createEncoder: () => OpusEncoder) {
    this.leg = leg;
    this.sources = sources;
    this.#createEncoder = createEncoder;
  }

  /** Announced as speaking: housekeeping still has to end it. */
  get announced(): boolean {
    return this.#announced;
  }

  /** Is this speaker heard here? Never the own leg, whatever the matrix says. */
  hears(speaker: Speaker): boolean {
    return speaker.legId !== this.leg.legId && this.sources.has(speaker.legId);
  }

  /**
   * Starts to pass a speaker's spurt through, at its first packet. RTP time stands where the packet was due, not where it came: a
   * first packet that was late would put its whole spurt off.
   */
  startPass(speaker: Speaker, packet: VoicePacket): void {
    const another = this.#lastSource !== undefined && this.#lastSource !== speaker;
    // Decoders at the other end carry the last source's state: one silence frame lets them land softly.
    const separated = another && !this.#lastWasSilence;
    const behind = this.#line.behind(this.#timestamp, speaker.dueAt);
    const step = Math.max(this.#length + (separated ? FRAME_SAMPLES : 0), behind);
    if (separated) this.#send(SILENCE_FRAME, step - FRAME_SAMPLES, packet.arrivedAt);
    const base = {
      source: { ssrc: packet.ssrc, sequence: packet.sequence, timestamp: packet.timestamp },
      sequence: addSequence(this.#sequence, 1),
      timestamp: addTimestamp(this.#timestamp, separated ? FRAME_SAMPLES : step),
    };
    this.mode = { kind: 'pass', speaker, base };
    this.#lastSource = speaker;
    this.#sequence = base.sequence;
    this.#timestamp = base.timestamp;
    this.#emit(packet.opus, packet.arrivedAt);
  }

  /** Passes a packet of the current speaker: our counters follow the source's distances, so that loss stays a gap. */
  pass(packet: VoicePacket): void {
    if (this.mode.kind !== 'pass') return;
    const { base, speaker } = this.mode;
    const timestamp = addTimestamp(base.timestamp, timestampDistance(base.source.timestamp, packet.timestamp));
    const step = timestampDistance(this.#timestamp, timestamp);
    if (packet.ssrc !== base.source.ssrc || step < Math.min(this.#length, FRAME_SAMPLES) || step > MOST_STEP) {
      // The speaker reconnected, or counts anew: another stream in the same spurt.
      this.startPass(speaker, packet);
      return;
    }
    this.#sequence = addSequence(base.sequence, sequenceDistance(base.source.sequence, packet.sequence));
    this.#timestamp = timestamp;
    this.#emit(packet.opus, packet.arrivedAt);
  }

  /** Mixes from the next tick on. In mid-speech the mix continues where the pass-through stops. The caller sees to the ticks. */
  startMix(): void {
    if (this.#encoder) this.#encoder.reset();
    else this.#encoder = this.#createEncoder();
    this.#wasSilent = !(this.mode.kind === 'pass' && this.mode.speaker.speaking);
    this.mode = { kind: 'mix' };
    this.#lastSource = 'encoder';
  }

  /**
   * One tick of 20 ms in `mix` or `tail`, due at `now`. `frames` are those of the speakers heard here; `spoken`: one of them
   * speaks.
   */
  tick(frames: readonly (Sound | undefined)[], spoken: boolean, now: number): void {
    if (this.mode.kind === 'mix') {
      this.#sum.fill(0);
      const tone = this.tone?.next(spoken);
      if (tone) addFrame(this.#sum, tone);
      if (this.tone?.over) this.tone = undefined;
      for (const frame of frames) if (frame) addFrame(this.#sum, frame);
      limitInto(this.#pcm, this.#sum);
      const opus = this.#encoder?.encode(this.#pcm);
      const step = this.#wasSilent ? Math.max(this.#length, this.#line.behind(this.#timestamp, now)) : this.#length;
      this.#wasSilent = false;
      if (opus) this.#send(opus, step, now);
    } else if (this.mode.kind === 'tail') {
      this.#send(SILENCE_FRAME, this.#length, now);
      this.mode.frames -= 1;
      if (this.mode.frames <= 0) this.mode = { kind: 'idle' };
    }
  }

  /** A tick that was missed in a stall and is not made up: time goes on, the packet is left out. */
  skipTick(): void {
    if (this.mode.kind !== 'mix' && this.mode.kind !== 'tail') return;
    this.#timestamp = addTimestamp(this.#timestamp, FRAME_SAMPLES);
  }

  /** Everybody is silent. In the mode `tail`, which it may return, silence frames are due on the tick. */
  finish(): 'idle' | 'tail' {
    this.#line.settle();
    this.mode = this.#lastWasSilence ? { kind: 'idle' } : { kind: 'tail', frames: TAIL_FRAMES };
    return this.mode.kind;
  }

  /** Announces "stopped speaking" once it has been silent for a while. */
  settle(now: number): void {
    if (!this.#announced || this.mode.kind !== 'idle' || this.#lastSentAt === undefined) return;
    if (now - this.#lastSentAt < STOP_SPEAKING_MS) return;
    this.#announced = false;
    this.leg.stopSpeaking();
  }

  #send(opus: Uint8Array, timestampStep: number, now: number): void {
    this.#sequence = addSequence(this.#sequence, 1);
    this.#timestamp = addTimestamp(this.#timestamp, timestampStep);
    this.#emit(opus, now);
  }

  #emit(opus: Uint8Array, now: number): void {
    this.#line.sent(this.#timestamp, now);
    this.#announced = true;
    this.#lastSentAt = now;
    this.#lastWasSilence = isSilence(opus);
    this.#length = this.#lastWasSilence ? FRAME_SAMPLES : packetSamples(opus) || FRAME_SAMPLES;
    this.leg.send({ opus, sequence: this.#sequence, timestamp: this.#timestamp });
  }
}
