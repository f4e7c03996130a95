/** Plays the conversation: each line at its time, and everything that was heard of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadClips } from '@patchbay/sim/clips';
import type { SimControl } from '@patchbay/sim/control-client';
import type { SpokenClip } from '../hearing/levels.ts';
import { decodeHeard, decodePackets, type HeardPacket } from '../hearing/timeline.ts';
import { type ClipVerdict, judge } from '../hearing/verdict.ts';
import { lines } from './cast.ts';
import type { PlayedSide } from './world.ts';

export interface Spoken extends SpokenClip {
  userId: string;
  voice: string;
}

/** Speaks every line of the script. Resolves when the last word is out. */
export async function speakLines(
  sim: SimControl,
  both: readonly PlayedSide[],
  onLine: (name: string, text: string) => void = () => undefined,
): Promise<Spoken[]> {
  const clips = await loadClips();
  const members = both.flatMap(({ members: people }) => people);
  const began = performance.now();
  const spoken: (Spoken & { firstTimestamp: number })[] = [];
  for (const line of lines) {
    const member = members.find(({ voice }) => voice === line.voice);
    const clip = clips.get(line.clip);
    if (!member || !clip) throw new Error(`The script names ${line.clip}, which nobody can say`);
    // The script is a piece of music: its pauses are part of it.
    await sleep(Math.max(0, line.at - (performance.now() - began)));
    const { startedAt, firstTimestamp } = await sim.speak(member.userId, { clip: line.clip });
    onLine(member.name, clip.text);
    spoken.push({
      label: line.clip,
      userId: member.userId,
      voice: clip.voice,
      toneHz: clip.toneHz,
      startedAt,
      firstTimestamp,
      samples: decodePackets(clip.packets),
    });
  }
  await Promise.all(members.map(({ userId }) => sim.waitUntilSilent(userId)));
  return Promise.all(spoken.map(async (clip) => ({ ...clip, startedAt: await spokenAt(sim, clip) })));
}

/** One person says one clip. Resolves with when it was spoken, after its last word. */
export async function speakClip(sim: SimControl, userId: string, label: string): Promise<Spoken> {
  const clip = (await loadClips()).get(label);
  if (!clip) throw new Error(`There is no clip ${label}.`);
  const { startedAt, firstTimestamp } = await sim.speak(userId, { clip: label });
  await sim.waitUntilSilent(userId);
  const { voice, toneHz, packets } = clip;
  const spoken = { label, userId, voice, toneHz, startedAt, firstTimestamp, samples: decodePackets(packets) };
  return { ...spoken, startedAt: await spokenAt(sim, spoken) };
}

/**
 * When a clip was spoken: RTP time tells exact distances, and the least delayed of its packets where it stands. The first packet
 * alone may have been held up by a busy machine.
 */
export async function spokenAt(
  sim: SimControl,
  clip: Pick<Spoken, 'userId' | 'samples'> & { firstTimestamp: number },
): Promise<number> {
  const frames = clip.samples.length / 960;
  const offsets = (await sim.spoken(clip.userId)).flatMap(({ sentAt, timestamp }) => {
    const distance = (timestamp - clip.firstTimestamp) | 0;
    return distance >= 0 && distance < frames * 960 ? [sentAt - distance / 48] : [];
  });
  return Math.min(...offsets);
}

export interface ListenerVerdict {
  name: string;
  verdicts: ClipVerdict[];
}

/** What one member heard through the bot of their channel. */
export interface Listener {
  name: string;
  side: PlayedSide;
  packets: HeardPacket[];
}

/** Fetches what every member heard. Judging takes seconds; the call need not wait for it. */
export async function collectHeard(
  sim: SimControl,
  both: readonly PlayedSide[],
  botUserId: string,
): Promise<Listener[]> {
  const people = both.flatMap((side) => side.members.map((member) => ({ side, ...member })));
  return Promise.all(
    people.map(async ({ side, name, userId }) => {
      const heard = (await sim.heard(userId)).filter(({ fromUserId }) => fromUserId === botUserId);
      return { name, side, packets: heard.map((packet) => ({ ...packet, opus: Buffer.from(packet.opus, 'base64') })) };
    }),
  );
}

/** Judges what was heard: the other side's voices, none of the own side's. */
export function judgeListeners(listeners: readonly Listener[], spoken: readonly Spoken[]): ListenerVerdict[] {
  const from = Math.min(...spoken.map(({ startedAt }) => startedAt)) - 500;
  const to = Math.max(...spoken.map(({ startedAt, samples }) => startedAt + samples.length / 48)) + 1000;
  return listeners.map(({ name, side, packets }) => {
    const isOwn = ({ userId }: Spoken) => side.members.some((member) => member.userId === userId);
    const routed = spoken.filter((clip) => !isOwn(clip));
    return { name, verdicts: judge(decodeHeard(packets, from, to), routed, spoken.filter(isOwn)) };
  });
}
