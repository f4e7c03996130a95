/** Ten seconds of one voice as an Ogg Opus file of exactly that length. Pure. */
import { OggOpusWriter } from '../audio/ogg-opus.ts';
import { FRAME_SAMPLES, SAMPLE_RATE, SILENCE_FRAME } from '../audio/packet.ts';
import { RtpUnwrapper } from '../audio/rtp.ts';
import { isOneFrame, isSilence, lossFrame } from '../audio/toc.ts';
import type { KeptPacket } from './recent-voices.ts';

const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** A longer hole is silence that the sender did not send: nobody conceals a second. */
const MAX_LOSS_FRAMES = 50;
/** A jump of RTP time over this much begins a new run. Samples. */
const RUN_GAP = 100 * SAMPLES_PER_MS;
/** So does a packet that comes so much later than RTP time says: with some senders it stands still in pauses. Samples. */
const STANDSTILL = 1_000 * SAMPLES_PER_MS;
/** Runs whose best packet came this close to the best of all share its anchor: the rest was jitter, or a jam. Samples. */
const JITTER = 500 * SAMPLES_PER_MS;

interface Placed {
  packet: KeptPacket;
  /** Without wrap. */
  sequence: number;
  /** Frame of the file. */
  index: number;
  startsRun: boolean;
}

export interface SealedVoice {
  ogg: Buffer;
  /** Packets of sound that are in the file. */
  packets: number;
  /** Packets that the sequence numbers say were lost. */
  lostPackets: number;
}

/**
 * Where the packets of one SSRC lie. All of them are known, so the least delayed one anchors the whole stream: a recording, which
 * has to decide as it goes, can be up to the jitter worse.
 */
function place(packets: readonly KeptPacket[], from: number): Placed[] {
  const unwrapper = new RtpUnwrapper();
  const seen = new Set<number>();
  const all = packets.flatMap((packet) => {
    const { sequence, timestamp } = unwrapper.unwrap(packet);
    if (seen.has(sequence) || !isOneFrame(packet.opus)) return [];
    seen.add(sequence);
    return [{ packet, sequence, timestamp, offset: (packet.arrivedAt - from) * SAMPLES_PER_MS - timestamp }];
  });
  all.sort((left, right) => left.sequence - right.sequence);
  const runs: (typeof all)[] = [];
  for (const [at, one] of all.entries()) {
    const before = all[at - 1];
    const goesOn = before && one.timestamp - before.timestamp <= RUN_GAP && one.offset - before.offset <= STANDSTILL;
    if (goesOn) runs.at(-1)?.push(one);
    else runs.push([one]);
  }
  const best = (run: typeof all) =>
    run.reduce((least, { offset }) => Math.min(least, offset), Number.POSITIVE_INFINITY);
  const least = best(all);
  return runs.flatMap((run) => {
    const own = best(run);
    const anchor = own - least <= JITTER ? least : own;
    return run.map(({ packet, sequence, timestamp }, at) => ({
      packet,
      sequence,
      index: Math.round((timestamp + anchor) / FRAME_SAMPLES),
      startsRun: at === 0,
    }));
  });
}

/**
 * The file of what one person said between two instants (ms since the epoch): one packet for each 20 ms, silence and loss
 * included, because players ignore gaps in granule positions. `null` when there is no sound in it.
 */
export function sealedVoice(
  packets: readonly KeptPacket[],
  { from, to }: { from: number; to: number },
  about: { serial: number; comments: Record<string, string> },
): SealedVoice | null {
  const count = Math.round(((to - from) * SAMPLES_PER_MS) / FRAME_SAMPLES);
  const frames = Array<Uint8Array>(count).fill(SILENCE_FRAME);
  const taken = new Set<number>();
  let sound = 0;
  let lostPackets = 0;
  for (const stream of Map.groupBy(packets, ({ ssrc }) => ssrc).values()) {
    let last: Placed | undefined;
    for (const one of place(stream, from)) {
      const lost = last ? one.sequence - last.sequence - 1 : 0;
      lostPackets += lost;
      const hole = last ? one.index - last.index - 1 : 0;
      if (last && lost > 0 && !one.startsRun && hole <= MAX_LOSS_FRAMES) {
        for (let index = last.index + 1; index < one.index; index += 1) put(index, lossFrame(last.packet.opus));
      }
      if (put(one.index, one.packet.opus) && !isSilence(one.packet.opus)) sound += 1;
      last = one;
    }
  }
  if (sound === 0) return null;
  const writer = new OggOpusWriter(about.serial);
  const pages = [writer.header(about.comments), ...frames.flatMap((frame) => writer.add(frame) ?? []), writer.end()];
  return { ogg: Buffer.concat(pages), packets: sound, lostPackets };

  /** A place is taken once: after a rejoin the streams of two SSRCs may overlap by a frame. */
  function put(index: number, opus: Uint8Array): boolean {
    if (index < 0 || index >= count || taken.has(index)) return false;
    taken.add(index);
    frames[index] = opus;
    return true;
  }
}
