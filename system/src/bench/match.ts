/**
 * Finds what was spoken in what was heard, packet by packet: the delay of a packet is from the instant it went out to the
 * bot by UDP to the instant the packet with its sound came back from the bot by UDP.
 *
 * By payload: a bridge that passes packets through leaves the Opus bytes as they are. By content: a bot that encodes anew sends
 * other bytes, so both streams are decoded, and each piece of 200 ms of speech is looked for in what was heard, by normalised
 * cross-correlation. A packet counts as the one that holds the larger part of the frame: an encoder's look-ahead of 6.5 ms
 * is not counted as delay, which favours who encodes.
 */
import { Decoder } from '@evan/opus';

export interface SpokenPacket {
  /** ms since the epoch. */
  sentAt: number;
  opus: Uint8Array;
}

export interface HeardPacket {
  /** ms since the epoch. */
  receivedAt: number;
  opus: Uint8Array;
}

export interface Matches {
  /** One delay for each packet that was found, ms. */
  delays: number[];
  /** Packets that were looked for. */
  sought: number;
}

/** No path takes longer; shorter than any clip, so that a clip spoken again is not taken for itself. ms. */
const LONGEST_MS = 700;
/** Discord's silence frame has three bytes; voice is longer. */
const SILENCE_BYTES = 3;
/** Two clocks of one process agree, but an instant is taken before and after the send: this much before is the same packet. ms. */
const EARLIEST_MS = 1;

/** Matches packets whose Opus bytes came through untouched. */
export function matchByPayload(spoken: readonly SpokenPacket[], heard: readonly HeardPacket[]): Matches {
  const byPayload = new Map<string, number[]>();
  for (const { opus, receivedAt } of heard) {
    const key = Buffer.from(opus).toString('base64');
    const instants = byPayload.get(key);
    if (instants) instants.push(receivedAt);
    else byPayload.set(key, [receivedAt]);
  }
  const voiced = spoken.filter(({ opus }) => opus.length > SILENCE_BYTES);
  const delays = voiced.flatMap(({ opus, sentAt }) => {
    const instants = byPayload.get(Buffer.from(opus).toString('base64')) ?? [];
    const at = instants.findIndex((instant) => instant >= sentAt - EARLIEST_MS && instant <= sentAt + LONGEST_MS);
    return at < 0 ? [] : [(instants.splice(at, 1)[0] ?? 0) - sentAt];
  });
  return { delays, sought: voiced.length };
}

/** Correlation runs at 6 kHz: enough for speech, an eighth of the work each way. */
const REDUCTION = 8;
const FRAME = 960 / REDUCTION;
/** libopus looks 312 samples ahead: sound that was encoded anew lies so much later inside its packets. */
const LOOK_AHEAD = 312 / REDUCTION;
/** Pieces of ten frames, one every five; each speaks for the five in its middle. */
const PIECE_FRAMES = 10;
const STEP_FRAMES = 5;
/** A piece that is quieter (as a share of full scale) says nothing. */
const QUIET = 0.01;
/** Sound that was coded a second time correlates by 0.9 and more; below this it is something else. */
const LEAST_CORRELATION = 0.8;

/** Matches packets by their sound. */
export function matchByContent(spoken: readonly SpokenPacket[], heard: readonly HeardPacket[]): Matches {
  const source = decodeReduced(spoken);
  const target = decodeReduced(heard);
  const length = PIECE_FRAMES * FRAME;
  const delays: number[] = [];
  let sought = 0;
  for (let start = 0; start + PIECE_FRAMES <= spoken.length; start += STEP_FRAMES) {
    const [first, last] = [spoken[start], spoken[start + PIECE_FRAMES - 1]];
    // A piece must not reach over the pause between two clips: the packets beside it are apart in time.
    if (!first || !last || last.sentAt - first.sentAt > (PIECE_FRAMES + 1) * 20) continue;
    const piece = source.subarray(start * FRAME, start * FRAME + length);
    if (rootMeanSquare(piece) < QUIET) continue;
    sought += STEP_FRAMES;
    const from = heard.findIndex(({ receivedAt }) => receivedAt >= first.sentAt - EARLIEST_MS);
    if (from < 0) continue;
    const end = heard.findIndex(({ receivedAt }) => receivedAt > first.sentAt + LONGEST_MS);
    const found = bestPosition(piece, target, from * FRAME, (end < 0 ? heard.length : end) * FRAME);
    if (found.correlation < LEAST_CORRELATION) continue;
    const shift = Math.round((found.position - LOOK_AHEAD) / FRAME) - start;
    for (let frame = start + 2; frame < start + 2 + STEP_FRAMES; frame += 1) {
      const [out, back] = [spoken[frame], heard[frame + shift]];
      if (out && back) delays.push(back.receivedAt - out.sentAt);
    }
  }
  return { delays, sought };
}

function bestPosition(piece: Float32Array, target: Float32Array, from: number, to: number) {
  const pieceEnergy = energy(piece, 0, piece.length);
  let best = { position: from, correlation: 0 };
  let targetEnergy = energy(target, from, piece.length);
  for (let position = from; position < to && position + piece.length <= target.length; position += 1) {
    let product = 0;
    for (let index = 0; index < piece.length; index += 1) {
      product += (piece[index] ?? 0) * (target[position + index] ?? 0);
    }
    const correlation = product / Math.sqrt(pieceEnergy * targetEnergy + 1e-12);
    if (correlation > best.correlation) best = { position, correlation };
    targetEnergy += (target[position + piece.length] ?? 0) ** 2 - (target[position] ?? 0) ** 2;
    if (targetEnergy < 0) targetEnergy = 0;
  }
  return best;
}

/** One channel at 6 kHz, the packets one behind the other whatever the time between them. */
function decodeReduced(packets: readonly { opus: Uint8Array }[]): Float32Array {
  const decoder = new Decoder({ channels: 2, sample_rate: 48_000 });
  const samples = new Float32Array(packets.length * FRAME);
  for (const [index, { opus }] of packets.entries()) {
    const bytes = Uint8Array.from(decoder.decode(opus));
    const pcm = new Int16Array(bytes.buffer);
    for (let at = 0; at < FRAME; at += 1) {
      let sum = 0;
      for (let value = 0; value < 2 * REDUCTION; value += 1) sum += pcm[at * 2 * REDUCTION + value] ?? 0;
      samples[index * FRAME + at] = sum / (2 * REDUCTION * 32_768);
    }
  }
  return samples;
}

function energy(samples: Float32Array, from: number, length: number): number {
  let sum = 0;
  for (let index = from; index < from + length; index += 1) sum += (samples[index] ?? 0) ** 2;
  return sum;
}

function rootMeanSquare(samples: Float32Array): number {
  return Math.sqrt(energy(samples, 0, samples.length) / samples.length);
}
