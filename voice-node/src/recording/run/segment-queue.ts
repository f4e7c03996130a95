/**
 * Makes chunks of segments, one segment after the other, and deletes a segment when all that it gave is stored. What a killed process
 * left is made again from the same journal, under the same names.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildChunks, type Chunk } from '../chunks/build-chunks.ts';
import type { Erasure } from '../chunks/erase-chunk.ts';
import { segmentPath } from '../journal/journal-writer.ts';
import { framesOf, type RunHeader } from './run-header.ts';

/** Hands a finished chunk over to those who store it. The promise of `stored` resolves when the bucket was seen to hold it. */
export type HandOver = (chunk: Chunk) => Promise<{ stored: Promise<void> }>;

/** Takes what somebody said between two instants out of the chunks of a session that are stored, or on their way. Resolves when it is done. */
export type Erase = (sessionId: string, erasure: Erasure) => Promise<void>;

export interface SegmentQueueOptions {
  directory: string;
  header: RunHeader;
  handOver: HandOver;
  /** Absent: chunks that were made before somebody's opt-out was known stay as they are. */
  erase?: Erase | undefined;
  /** A segment could not be made into chunks; its journal stays for the next start. */
  onFailed(error: unknown, segment: number): void;
  /** The chunks of a segment are made and handed over. */
  onBuilt?(segment: number): void;
  /** Bytes of the journal that belong to no record: a torn end, or a damaged disk. */
  onDamage(bytes: number, segment: number): void;
}

export class SegmentQueue {
  readonly #options: SegmentQueueOptions;
  #working: Promise<void> = Promise.resolve();
  readonly #storing = new Set<Promise<void>>();
  #broken = false;

  constructor(options: SegmentQueueOptions) {
    this.#options = options;
  }

  /** Makes a segment, whose file nobody writes any more, into chunks. `endFrame`: the recording ends there. */
  add(segment: number, endFrame?: number): void {
    this.#working = this.#working.then(() => this.#build(segment, endFrame));
  }

  /** Resolves when every segment given so far is made and handed over; false: one of them failed and its journal is kept. */
  async handedOver(): Promise<boolean> {
    await this.#working;
    return !this.#broken;
  }

  /** Resolves when everything is stored as well, and nothing local is left but the folder. */
  async stored(): Promise<boolean> {
    const whole = await this.handedOver();
    await Promise.all(this.#storing);
    return whole;
  }

  async #build(segment: number, endFrame: number | undefined): Promise<void> {
    const { directory, header, handOver, onFailed, onDamage } = this.#options;
    // Each segment begins with the state that the one before it left.
    if (this.#broken) return;
    const frames = framesOf(header, segment);
    try {
      const { chunks, damage, erase } = await buildChunks({
        directory,
        segment,
        sessionId: header.sessionId,
        timeZero: header.timeZero,
        firstFrame: frames.firstFrame,
        endFrame: endFrame ?? frames.endFrame,
        final: endFrame !== undefined,
      });
      if (damage.bytes > 0) onDamage(damage.bytes, segment);
      const receipts: Promise<void>[] = [];
      for (const chunk of chunks) receipts.push((await handOver(chunk)).stored);
      // Before this segment goes: who takes it up after a kill finds the opt-out in it, and erases again.
      for (const one of erase) receipts.push(this.#options.erase?.(header.sessionId, one) ?? Promise.resolve());
      this.#options.onBuilt?.(segment);
      const done = Promise.all(receipts).then(() => this.#clear(segment));
      this.#storing.add(done);
      done.then(
        () => this.#storing.delete(done),
        (error: unknown) => onFailed(error, segment),
      );
    } catch (error) {
      this.#broken = true;
      onFailed(error, segment);
    }
  }

  async #clear(segment: number): Promise<void> {
    const { directory } = this.#options;
    await rm(segmentPath(directory, segment), { force: true });
    await rm(join(directory, `chunks-${segment}`), { recursive: true, force: true });
    await rm(join(directory, `${String(segment).padStart(6, '0')}.state.json`), { force: true });
  }
}
