/** Two minutes of two people through a bridge that always mixes, on virtual time, and what came out: for the proofs under loss. */
import { loadClips } from '../../../sim/src/clips/library.ts';
import { type VirtualPacket, type VirtualSpeech, virtualCall } from '../../../sim/src/scenario/virtual-call.ts';
import type { PacketFaults } from '../../../sim/src/voice/faults/packet-faults.ts';
import { libopus } from '../audio/opus-codec.ts';
import { timestampDistance } from '../audio/rtp.ts';
import { isSilence } from '../audio/toc.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import { Bridge } from './bridge.ts';
import type { BridgeOptions } from './bridge-options.ts';
import { ListeningCodec } from './listening-codec.ts';
import { type SentPacket, TestLeg } from './test-legs.ts';

const DURATION_MS = 120_000;
export const STARTS_AT = 1_767_225_600_000;
export const FRAME_MS = 20;

export const clips = [...(await loadClips()).values()];

/** One packet of speech that was decoded for a mix. */
export interface MixedPacket {
  userId: string;
  speech: number;
  /** Place in its clip. */
  index: number;
  mixedAt: number;
  /** From mouth to mixer, ms. */
  delay: number;
}

export interface CallResult {
  speeches: VirtualSpeech[];
  mixed: MixedPacket[];
  /** Packets of voice that arrived. */
  arrived: number;
  counters: Bridge['counters'];
  /** What each listener was sent; the listener on leg 5 hears person 6. */
  sent: Record<'5' | '6', SentPacket[]>;
}

export interface CallOptions {
  faults?: Partial<PacketFaults>;
  skewPpm?: number;
  bridge?: Pick<BridgeOptions, 'conceal' | 'passThrough'>;
}

/** The same seed each time: the same words at the same times, whatever happens to them on the way. */
export function lossyCall({ faults, skewPpm = 0, bridge: options }: CallOptions = {}): CallResult {
  const time = new VirtualTime(STARTS_AT);
  const codec = new ListeningCodec(libopus, time);
  const legs = { '5': new TestLeg('5', time), '6': new TestLeg('6', time) };
  const routes: [string, string][] = [
    ['5', '6'],
    ['6', '5'],
  ];
  const legList = Object.values(legs);
  const bridge = new Bridge({ legs: legList, routes, scheduler: time, codec, passThrough: false, ...options });
  const speakers = (['ada', 'ben'] as const).map((voice, person) => ({
    userId: `${person + 5}`,
    clips: clips.filter((clip) => clip.voice === voice),
    pauseMs: 1_500,
    skewPpm,
    ...(faults ? { faults } : {}),
  }));
  const speeches: VirtualSpeech[] = [];
  const packets = new Map<Uint8Array, VirtualPacket>();
  const onSpeech = (speech: VirtualSpeech) => speeches.push(speech);
  for (const packet of virtualCall({ seed: 7, durationMs: DURATION_MS, speakers, startsAt: STARTS_AT, onSpeech })) {
    time.runUntil(packet.arrivedAt);
    if (!isSilence(packet.opus)) packets.set(packet.opus, packet);
    legs[packet.userId as '5' | '6'].receive(packet);
  }
  time.runUntil(STARTS_AT + DURATION_MS + 5_000);
  bridge.close();
  const mixed = codec.decoded.flatMap(({ opus, at }) => {
    const packet = packets.get(opus);
    return packet ? [placeOf(packet, at, speeches, skewPpm)] : [];
  });
  const sent = { '5': legs['5'].sent, '6': legs['6'].sent };
  return { speeches, mixed, arrived: packets.size, counters: bridge.counters, sent };
}

function placeOf(
  packet: VirtualPacket,
  mixedAt: number,
  speeches: readonly VirtualSpeech[],
  skew: number,
): MixedPacket {
  const { userId, timestamp } = packet;
  const speech = speeches.findLastIndex(
    (said) => said.userId === userId && timestampDistance(said.firstTimestamp, timestamp) >= 0,
  );
  const said = speeches[speech];
  if (!said) throw new Error('A packet of no speech was mixed.');
  const index = Math.round(timestampDistance(said.firstTimestamp, timestamp) / 960);
  const spokenAt = said.startedAt + (index * FRAME_MS) / (1 + skew / 1e6);
  return { userId, speech, index, mixedAt, delay: mixedAt - spokenAt };
}
