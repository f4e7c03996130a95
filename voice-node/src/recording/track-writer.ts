/** Writes one participant's packets to one Ogg Opus file, at their places on the session's timeline. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { OggOpusWriter } from '../audio/ogg-opus.ts';
import { FRAME_SAMPLES, SILENCE_FRAME, type VoicePacket } from '../audio/packet.ts';
import { lossFrame } from '../audio/toc.ts';
import { type ObservedPacket, TrackClock } from '../audio/track-clock.ts';

/** Packets wait so long for an earlier one that was overtaken on the way. ms. */
export const REORDER_MS = 200;
/** A hole of more frames than this is not filled with concealment: nobody conceals a second. */
const MAX_LOSS_FRAMES = 50;

interface HeldPacket {
  packet: VoicePacket;
  clock: TrackClock;
  observed: ObservedPacket;
}

export interface FinishedTrack {
  userId: string;
  path: string;
  /** Samples at 48 kHz from time zero to the file's first sample. */
  firstSample: number;
  samples: number;
  lostPackets: number;
  bytes: number;
  sha256: string;
}

export class TrackWriter {
  readonly userId: string;
  readonly path: string;
  readonly #timeZero: number;
  readonly #ogg: OggOpusWriter;
  readonly #clocks = new Map<number, TrackClock>();
  #held: HeldPacket[] = [];
  #pages: Uint8Array[] = [];
  #file: Promise<FileHandle> | undefined;
  #lastCommitted: { ssrc: number; sequence: number; opus: Uint8Array } | undefined;
  #lostPackets = 0;

  constructor(options: {
    userId: string;
    path: string;
    timeZero: number;
    serial: number;
    comments: Record<string, string>;
  }) {
    this.userId = options.userId;
    this.path = options.path;
    this.#timeZero = options.timeZero;
    this.#ogg = new OggOpusWriter(options.serial);
    this.#pages.push(this.#ogg.header(options.comments));
  }

  /** Takes a packet. No I/O happens here. */
  add(packet: VoicePacket): void {
    let clock = this.#clocks.get(packet.ssrc);
    if (!clock) {
      clock = new TrackClock(this.#timeZero);
      this.#clocks.set(packet.ssrc, clock);
    }
    const observed = clock.observe(packet);
    let index = this.#held.length;
    while (index > 0 && this.#overtook(this.#held[index - 1], clock, observed)) index -= 1;
    this.#held.splice(index, 0, { packet, clock, observed });
  }

  /** Writes what has waited long enough, as whole pages. */
  async flush(now: number): Promise<void> {
    while (this.#held[0] && this.#held[0].packet.arrivedAt <= now - REORDER_MS) {
      const held = this.#held.shift();
      if (held) this.#commit(held);
    }
    await this.#write();
  }

  /** Writes the rest, fills up with silence to `endAt` (ms since the epoch), closes and measures the file. */
  async finish(endAt: number): Promise<FinishedTrack> {
    for (const held of this.#held.splice(0)) this.#commit(held);
    this.#fillUntil(Math.round(((endAt - this.#timeZero) * 48) / FRAME_SAMPLES), SILENCE_FRAME);
    const samples = this.#ogg.packets * FRAME_SAMPLES;
    this.#pages.push(this.#ogg.end());
    await this.#write();
    const file = await this.#open();
    await file.datasync();
    await file.close();
    return {
      userId: this.userId,
      path: this.path,
      firstSample: 0,
      samples,
      lostPackets: this.#lostPackets,
      ...(await digest(this.path)),
    };
  }

  /** Did a packet that is held come before one that was sent earlier? */
  #overtook(held: HeldPacket | undefined, clock: TrackClock, { sequence }: ObservedPacket): boolean {
    return held !== undefined && held.clock === clock && held.observed.sequence > sequence;
  }

  #commit({ packet, clock, observed }: HeldPacket): void {
    const { sequence, startsSpurt } = observed;
    const last = this.#lastCommitted?.ssrc === packet.ssrc ? this.#lastCommitted : undefined;
    const lost = last ? sequence - last.sequence - 1 : 0;
    if (lost < 0) return;
    this.#lostPackets += lost;
    // Placed only now: what came while it was held tells whether it was late.
    const index = Math.round(clock.place(observed) / FRAME_SAMPLES);
    // Spoken before time zero: not part of the session.
    if (index < 0) return;
    // A place that is taken (the anchor moved back between spurts) makes the packet follow the last one.
    const hole = index - this.#ogg.packets;
    // Inside a spurt a hole of exactly the lost packets is loss; any other is silence that the sender did not send.
    const isLoss = last !== undefined && lost > 0 && !startsSpurt && hole <= MAX_LOSS_FRAMES;
    this.#fillUntil(index, isLoss ? lossFrame(last.opus) : SILENCE_FRAME);
    this.#append(packet.opus);
    this.#lastCommitted = { ssrc: packet.ssrc, sequence, opus: packet.opus };
  }

  #fillUntil(index: number, filler: Uint8Array): void {
    while (this.#ogg.packets < index) this.#append(filler);
  }

  #append(opus: Uint8Array): void {
    const page = this.#ogg.add(opus);
    if (page) this.#pages.push(page);
  }

  #open(): Promise<FileHandle> {
    this.#file ??= open(this.path, 'wx');
    return this.#file;
  }

  async #write(): Promise<void> {
    if (this.#pages.length === 0) return;
    const pages = this.#pages;
    this.#pages = [];
    const file = await this.#open();
    await file.writev(pages);
  }
}

async function digest(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path)) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
