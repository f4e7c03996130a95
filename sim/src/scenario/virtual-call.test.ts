import { expect, test } from 'vitest';
import { loadClips } from '../clips/library.ts';
import { silenceFrame } from '../voice/rtp.ts';
import { type VirtualPacket, type VirtualSpeech, virtualCall } from './virtual-call.ts';

const clips = [...(await loadClips()).values()];
const of = (voice: string) => clips.filter((clip) => clip.voice === voice);
const speakers = ['ada', 'ben', 'cleo'].map((voice, index) => ({ userId: `${index + 5}`, clips: of(voice) }));
const minute = 60_000;

test('the same seed gives the same call, packet by packet; another seed another one', () => {
  const hear = (seed: number) => [...virtualCall({ seed, durationMs: minute, speakers })];
  expect(hear(1)).toEqual(hear(1));
  expect(hear(1)).not.toEqual(hear(2));
});

test('an hour: everything that was said arrives whole and in order, where the truth says', () => {
  const speeches: VirtualSpeech[] = [];
  const packets = new Map<string, VirtualPacket[]>();
  const onSpeech = (speech: VirtualSpeech) => speeches.push(speech);
  for (const packet of virtualCall({ seed: 3, durationMs: 60 * minute, speakers, onSpeech })) {
    const list = packets.get(packet.userId) ?? [];
    packets.set(packet.userId, list);
    list.push(packet);
  }
  expect(speeches.length).toBeGreaterThan(500);
  for (const { userId } of speakers) {
    const heard = packets.get(userId) ?? [];
    const said = speeches.filter((speech) => speech.userId === userId);
    // The last one may be cut off by the end.
    for (const { clip, firstTimestamp, startedAt } of said.slice(0, -1)) {
      const first = heard.findIndex(({ timestamp }) => timestamp === firstTimestamp);
      expect(heard[first]?.arrivedAt).toBe(startedAt);
      const run = heard.slice(first, first + clip.packets.length);
      expect(run.every(({ opus }, index) => opus.equals(Buffer.from(clip.packets[index] ?? [])))).toBe(true);
    }
    const steps = heard.slice(1).map(({ sequence }, index) => (sequence - (heard[index]?.sequence ?? 0)) & 0xffff);
    expect(new Set(steps)).toEqual(new Set([1]));
    // A spurt ends with five frames of silence.
    expect(heard.filter(({ opus }) => opus.equals(silenceFrame)).length).toBeGreaterThanOrEqual(5 * (said.length - 1));
  }
});

test('clocks run at their own rates, members come and go, and the network has its faults', () => {
  const slow = { userId: '5', clips: of('ada'), skewPpm: -200 };
  const fast = { userId: '6', clips: of('ben'), skewPpm: 200, faults: { loss: 0.1 } };
  const guest = { userId: '7', clips: of('cleo'), stays: [{ fromMs: 10 * minute, toMs: 11 * minute }] };
  const packets = [...virtualCall({ seed: 4, durationMs: 30 * minute, speakers: [slow, fast, guest], startsAt: 0 })];
  const drift = (userId: string) => {
    const own = packets.filter((packet) => packet.userId === userId);
    const [first, last] = [own[0], own.at(-1)];
    if (!first || !last) throw new Error(`${userId} said nothing`);
    const samples = (last.timestamp - first.timestamp + 2 ** 32) % 2 ** 32;
    return (samples / 48 / (last.arrivedAt - first.arrivedAt) - 1) * 1e6;
  };
  expect(drift('5')).toBeCloseTo(-200, 0);
  expect(drift('6')).toBeCloseTo(200, 0);
  const lost = packets.filter(({ userId }) => userId === '6');
  const gaps = lost.slice(1).filter(({ sequence }, index) => ((sequence - (lost[index]?.sequence ?? 0)) & 0xffff) > 1);
  expect(gaps.length / lost.length).toBeCloseTo(0.09, 1);
  const ofGuest = packets.filter(({ userId }) => userId === '7').map(({ arrivedAt }) => arrivedAt);
  expect(Math.min(...ofGuest)).toBeGreaterThan(10 * minute);
  expect(Math.max(...ofGuest)).toBeLessThanOrEqual(11 * minute);
});
