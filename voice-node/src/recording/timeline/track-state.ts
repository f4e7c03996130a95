/** What is remembered of a participant from one chunk to the next, so that the seam is exact. Kept as JSON beside the journal. */
import { z } from 'zod';
import type { TimedPacket } from './anchor.ts';
import type { StreamState } from './stream.ts';

/** A spurt that may go on in the next chunk. */
export interface OpenSpurt {
  ssrc: number;
  /** RTP time of its first packet, without wrap. */
  timestamp: number;
  /** Place of that packet on the grid: frames of 20 ms from time zero. */
  frame: number;
  /** Where it really lies: samples from time zero. */
  exact: number;
}

export interface TrackState {
  streams: StreamState[];
  open: OpenSpurt | undefined;
  /** The first place that is free. */
  nextFrame: number;
  /** Packets that belong to the next chunk already. */
  carried: TimedPacket[];
}

/** A participant of whom nothing is known yet. */
export const newTrack = (): TrackState => ({ streams: [], open: undefined, nextFrame: 0, carried: [] });

const opus = z.codec(
  z.base64(),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  {
    decode: (text) => Uint8Array.from(Buffer.from(text, 'base64')),
    encode: (bytes) => Buffer.from(bytes).toString('base64'),
  },
);

export const trackStateCodec = z.strictObject({
  streams: z.array(
    z.strictObject({
      ssrc: z.number(),
      newest: z.strictObject({
        sequence: z.number(),
        timestamp: z.number(),
        wideSequence: z.number(),
        wideTimestamp: z.number(),
      }),
      placedSequence: z.number().optional(),
      placedTimestamp: z.number().optional(),
      offsets: z.array(z.tuple([z.number(), z.number()])),
    }),
  ),
  open: z.strictObject({ ssrc: z.number(), timestamp: z.number(), frame: z.number(), exact: z.number() }).optional(),
  nextFrame: z.number(),
  carried: z.array(
    z.strictObject({
      ssrc: z.number(),
      sequence: z.number(),
      timestamp: z.number(),
      arrival: z.number(),
      opus,
    }),
  ),
});
