/**
 * Where the packets of one participant lie on the session's timeline. Pure, and a function of the journal alone: after a crash the
 * same journal gives the same chunks.
 *
 * RTP time tells exact distances inside a stream but not where it stands; arrival tells where, with jitter on top, which only ever
 * delays. So each spurt is anchored by the least (arrival − RTP time) of the packets around its start, those that follow included:
 * nothing is decided before they are in the journal. Inside a spurt RTP time alone decides, and audio is never stretched: drift is
 * taken up in the silence between spurts.
 *
 * In a chunk each packet takes a place on a grid of 20 ms; how far the spurt really is from the grid is kept beside it, to the
 * sample, for everything that is decoded and mixed later.
 */
import { FRAME_SAMPLES, SAMPLE_RATE, type VoicePacket } from '../../audio/packet.ts';
import { isOneFrame } from '../../audio/toc.ts';
import { anchorOf, type TimedPacket } from './anchor.ts';
import { type StreamState, streamAfter, unwrapInto } from './stream.ts';
import type { OpenSpurt, TrackState } from './track-state.ts';

/** A jump of RTP time over this much is the start of a new spurt: 100 ms. */
export const SPURT_GAP_SAMPLES = SAMPLE_RATE / 10;

/** A packet at its place. */
export interface PlacedPacket {
  /** Place on the grid: frames of 20 ms from time zero. */
  frame: number;
  opus: Uint8Array;
  /** Packets of the same stream that were lost right before this one. */
  lostBefore: number;
  /** Begins a spurt, or is the first of the chunk. */
  startsSpurt: boolean;
  /** Samples from the place on the grid to where it really lies. */
  shift: number;
}

/** What could not be placed, in packets. */
export interface Unplaced {
  /** Came when the chunk of its place was closed already. */
  late: number;
  /** Received twice. */
  duplicate: number;
  /** Lies before the recording began. */
  early: number;
  /** Not 20 ms long, as Discord asks for. */
  oddLength: number;
}

export interface Placement {
  packets: PlacedPacket[];
  unplaced: Unplaced;
  /** What the next chunk of this participant begins with. */
  state: TrackState;
}

/** Places a participant's packets, given in order of arrival, up to the end of a chunk; later ones are carried over. */
export function placeTrack(
  before: TrackState,
  packets: readonly VoicePacket[],
  { timeZero, firstFrame, endFrame }: { timeZero: number; firstFrame: number; endFrame: number },
): Placement {
  const unplaced: Unplaced = { late: 0, duplicate: 0, early: 0, oddLength: 0 };
  const streams = new Map<number, StreamState>(before.streams.map((stream) => [stream.ssrc, stream]));
  const bySsrc = new Map<number, TimedPacket[]>();
  const take = (packet: TimedPacket): void => {
    const list = bySsrc.get(packet.ssrc);
    if (list) list.push(packet);
    else bySsrc.set(packet.ssrc, [packet]);
  };
  for (const carried of before.carried) take(carried);
  for (const packet of packets) {
    if (!isOneFrame(packet.opus)) unplaced.oddLength += 1;
    else take(unwrapInto(streams, packet, timeZero));
  }

  const spurts: Spurt[] = [];
  for (const [ssrc, list] of bySsrc) {
    list.sort((left, right) => left.sequence - right.sequence);
    const stream = streams.get(ssrc);
    const fresh = list.filter((packet, index) => {
      const known = packet.sequence === (list[index - 1]?.sequence ?? Number.NaN);
      if (known) unplaced.duplicate += 1;
      else if (packet.sequence <= (stream?.placedSequence ?? -Infinity)) unplaced.late += 1;
      else return true;
      return false;
    });
    spurts.push(...spurtsOf(fresh, stream, before.open));
  }
  spurts.sort((left, right) => left.exact - right.exact);

  const placed: PlacedPacket[] = [];
  const carried: TimedPacket[] = [];
  let nextFrame = Math.max(before.nextFrame, firstFrame);
  let open: OpenSpurt | undefined = before.open;
  for (const spurt of spurts) {
    const origin: OpenSpurt = spurt.goesOn ?? {
      ssrc: spurt.ssrc,
      timestamp: spurt.packets[0]?.timestamp ?? 0,
      // A place that is taken makes the spurt follow what is there; where it really lies is kept in the shift.
      frame: Math.round(spurt.exact / FRAME_SAMPLES),
      exact: spurt.exact,
    };
    let first = true;
    let push = 0;
    for (const packet of spurt.packets) {
      const distance = packet.timestamp - origin.timestamp;
      const wanted = origin.frame + Math.round(distance / FRAME_SAMPLES);
      if (wanted + push < firstFrame) {
        unplaced.early += 1;
        continue;
      }
      if (first && wanted + push < nextFrame) push = nextFrame - wanted;
      const frame = wanted + push;
      if (frame >= endFrame) {
        carried.push(packet);
        continue;
      }
      if (frame < nextFrame) {
        unplaced.duplicate += 1;
        continue;
      }
      const stream = streams.get(packet.ssrc);
      const last = stream?.placedSequence;
      placed.push({
        frame,
        opus: packet.opus,
        lostBefore: last === undefined ? 0 : packet.sequence - last - 1,
        startsSpurt: first && !spurt.goesOn,
        shift: Math.round(origin.exact + distance) - frame * FRAME_SAMPLES,
      });
      if (stream) {
        stream.placedSequence = packet.sequence;
        stream.placedTimestamp = packet.timestamp;
      }
      if (first) open = { ...origin, frame: origin.frame + push };
      first = false;
      nextFrame = frame + 1;
    }
  }
  let lastArrival = 0;
  for (const list of bySsrc.values()) for (const { arrival } of list) lastArrival = Math.max(lastArrival, arrival);
  return {
    packets: placed,
    unplaced,
    state: {
      streams: [...streams.values()].map((stream) => streamAfter(stream, bySsrc.get(stream.ssrc) ?? [], lastArrival)),
      open,
      nextFrame,
      carried,
    },
  };
}

interface Spurt {
  ssrc: number;
  /** Samples from time zero to its first packet. */
  exact: number;
  packets: TimedPacket[];
  /** The spurt of the chunk before that goes on here. */
  goesOn: OpenSpurt | undefined;
}

function spurtsOf(packets: TimedPacket[], stream: StreamState | undefined, open: OpenSpurt | undefined): Spurt[] {
  const spurts: Spurt[] = [];
  let last = stream?.placedTimestamp;
  for (const packet of packets) {
    const current = spurts.at(-1);
    const joined = last !== undefined && packet.timestamp - last <= SPURT_GAP_SAMPLES;
    last = packet.timestamp;
    if (current && joined) current.packets.push(packet);
    else {
      const goesOn = joined && open?.ssrc === packet.ssrc ? open : undefined;
      spurts.push({ ssrc: packet.ssrc, exact: 0, packets: [packet], goesOn });
    }
  }
  const history = stream?.offsets ?? [];
  for (const [index, spurt] of spurts.entries()) {
    const first = spurt.packets[0];
    if (!first) continue;
    if (spurt.goesOn) spurt.exact = spurt.goesOn.exact + first.timestamp - spurt.goesOn.timestamp;
    else
      spurt.exact =
        first.timestamp +
        anchorOf(
          spurts.map((one) => one.packets),
          index,
          history,
        );
  }
  return spurts;
}
