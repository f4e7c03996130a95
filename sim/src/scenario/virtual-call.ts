import type { Clip } from '../clips/clip.ts';
import { type Random, seededRandom } from '../time/random.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { FaultTable } from '../voice/faults/fault-table.ts';
import { LegLines } from '../voice/faults/leg-lines.ts';
import type { PacketFaults } from '../voice/faults/packet-faults.ts';
import { InProcessMember } from '../voice/in-process-member.ts';
import { ExternalSender } from '../voice/mls/proposal.ts';
import type { Participant, RoutedPacket } from '../voice/participant.ts';
import { Room } from '../voice/room.ts';
import { payloadOf, readHeader } from '../voice/rtp.ts';
import { wantsNothing } from '../voice/video/streams.ts';

export interface VirtualSpeaker {
  userId: string;
  /** What they say, in a random order. */
  clips: readonly Clip[];
  /** Mean pause between two clips, in ms; exponentially distributed. Default 4,000. */
  pauseMs?: number;
  /** Rate of their device, in parts per million; random within ±30 when left out. */
  skewPpm?: number;
  /** What the network does to their packets. */
  faults?: Partial<PacketFaults>;
  /** When they come and go, in ms from the start; any number of stays. Default: all the time. */
  stays?: readonly { fromMs: number; toMs: number }[];
}

/** A clip as it was spoken, for checking where it ended up. */
export interface VirtualSpeech {
  userId: string;
  clip: Clip;
  /** ms since the Unix epoch. */
  startedAt: number;
  /** RTP time of its first packet. */
  firstTimestamp: number;
}

/** A packet as a client in the channel receives it, out of all encryption. */
export interface VirtualPacket {
  userId: string;
  ssrc: number;
  sequence: number;
  timestamp: number;
  /** ms since the Unix epoch, with fractions. */
  arrivedAt: number;
  opus: Buffer;
}

export interface VirtualCallOptions {
  /** The same seed gives the same call, packet by packet. */
  seed: string | number;
  durationMs: number;
  speakers: readonly VirtualSpeaker[];
  /** ms since the Unix epoch. Default: the first instant of 2026. */
  startsAt?: number;
  onSpeech?(speech: VirtualSpeech): void;
}

const guildId = '1';
const listenerId = '0';

/**
 * Hours of a conversation in seconds: the members, clocks and faults of the simulator on a virtual clock, without a socket.
 * Yields what a client that listens would receive, in order of arrival.
 *
 * @example
 * for (const packet of virtualCall({ seed: 1, durationMs: 6 * 3_600_000, speakers })) journal.append(packet);
 */
export function* virtualCall(options: VirtualCallOptions): Generator<VirtualPacket, void, undefined> {
  const clock = new VirtualClock(options.startsAt);
  const arrived: VirtualPacket[] = [];
  const room = new Room({
    channelId: '2',
    daveVersion: 0,
    firstTransitionId: 'zero',
    commitTimeoutMs: 0,
    sender: new ExternalSender(),
    clock,
    onEpoch: nothing,
    onVersion: nothing,
    onReset: nothing,
    onSpeaking: nothing,
  });
  room.join(listener((packet) => arrived.push(packet), clock));
  const table = new FaultTable();
  for (const [index, speaker] of options.speakers.entries()) {
    const { userId, faults, stays = [{ fromMs: 0, toMs: options.durationMs }] } = speaker;
    if (faults) table.setPackets({ guildId, userId }, 'fromClient', { seed: options.seed, ...faults });
    for (const [stay, { fromMs, toMs }] of stays.entries()) {
      const random = seededRandom(`${options.seed}/${userId}/${stay}`);
      const lines = new LegLines(clock, table, { guildId, userId, ordinal: index });
      // SSRCs of one call never meet: so many members and stays there are not.
      const ssrc = 1 + 4 * (index * 1000 + stay);
      clock.at(fromMs, () => {
        const { skewPpm } = speaker;
        const keepsPackets = false;
        const onLeave = nothing;
        const made = { userId, ssrc, room, maxDaveVersion: 0, lines, skewPpm, random, keepsPackets, onLeave } as const;
        const member = new InProcessMember(made);
        member.enter();
        clock.at(toMs, () => member.stop());
        converse(clock, member, speaker, random, options.onSpeech ?? nothing);
      });
    }
  }
  while (clock.step(options.durationMs)) if (arrived.length > 0) yield* arrived.splice(0);
}

const nothing = () => undefined;

/** Says clip after clip with pauses, until the member has left. */
function converse(
  clock: VirtualClock,
  member: InProcessMember,
  { userId, clips, pauseMs = 4_000 }: VirtualSpeaker,
  random: Random,
  onSpeech: (speech: VirtualSpeech) => void,
): void {
  const next = () => {
    clock.after(-Math.log(1 - random()) * pauseMs, () => {
      const clip = clips[Math.floor(random() * clips.length)];
      if (!clip) return;
      member.say(clip, {
        onStart: (startedAt, firstTimestamp) => onSpeech({ userId, clip, startedAt, firstTimestamp }),
        onEnd: next,
      });
    });
  };
  next();
}

/** Somebody in the channel who only listens. */
function listener(onPacket: (packet: VirtualPacket) => void, clock: VirtualClock): Participant {
  return {
    userId: listenerId,
    ssrc: 0,
    maxDaveVersion: 0,
    codecs: undefined,
    video: undefined,
    wants: wantsNothing,
    sendJson: nothing,
    sendBinary: nothing,
    deliver(packet: RoutedPacket) {
      const opus = payloadOf(packet);
      if (!opus) return;
      const { ssrc, sequence, timestamp } = readHeader(packet.header);
      onPacket({ userId: packet.fromUserId, ssrc, sequence, timestamp, arrivedAt: clock.wall(), opus });
    },
  };
}
