import { expect, test } from 'vitest';
import { VirtualClock } from '../time/virtual-clock.ts';
import { MediaClock } from './media-clock.ts';
import { silenceFrame } from './rtp.ts';
import { Speaker } from './speaker.ts';

/** A mouth on a virtual clock, and what it did: `what at ms`. */
function mouth(skewPpm = 0, phaseMs = 5) {
  const clock = new VirtualClock();
  const done: string[] = [];
  const packets: { at: number; timestamp: number }[] = [];
  const speaker = new Speaker({
    who: 'ada',
    clock,
    mediaClock: new MediaClock(clock, { skewPpm, phaseMs, firstTimestamp: 2 ** 32 - 960 }),
    announce: (speaking) => done.push(`speaking ${speaking}`),
    send: (opus, timestamp) => {
      done.push(`${opus.equals(silenceFrame) ? 'silence' : opus} at ${clock.now()}`);
      packets.push({ at: clock.now(), timestamp });
      return clock.wall();
    },
  });
  return { clock, done, packets, speaker };
}
const clip = (length: number) => ({
  name: 'clip',
  voice: 'ada',
  text: '',
  toneHz: 0,
  packets: Array.from({ length }, (_, index) => Buffer.from(`word ${index}`)),
});

test('a clip goes out one packet each 20 ms on the frames of the device, then five of silence, then op 5 goes off', async () => {
  const { clock, done, speaker } = mouth();
  const speech = speaker.speak(clip(2));
  const next = speaker.speak(clip(1));
  clock.runUntil(1_000);
  const silence = (from: number) => [0, 20, 40, 60, 80].map((ms) => `silence at ${from + ms}`);
  expect(done).toEqual([
    ...['speaking 1', 'word 0 at 25', 'word 1 at 45', ...silence(65), 'speaking 0'],
    ...['speaking 1', 'word 0 at 165', ...silence(185), 'speaking 0'],
  ]);
  expect(await speech.started).toEqual({ startedAt: clock.wall() - 975, firstTimestamp: 0 });
  await next.finished;
});

test('RTP time runs on while nobody speaks, and with the speed of the device', async () => {
  const { clock, packets, speaker } = mouth(200);
  speaker.speak(clip(1));
  clock.runUntil(3_600_000);
  speaker.speak(clip(1));
  clock.runUntil(3_700_000);
  const [first, later] = [packets[0], packets[6]];
  if (!first || !later) throw new Error('not all packets went out');
  const samples = (later.timestamp - first.timestamp + 2 ** 32) % 2 ** 32;
  // 200 ppm fast: in an hour 720 ms more than have passed.
  expect(samples / 48 - (later.at - first.at)).toBeCloseTo(720, 0);
  expect(samples % 960).toBe(0);
});

test('live speech waits for three frames, ends by itself, and drops the oldest of too many', () => {
  const { clock, done, speaker } = mouth();
  for (const name of ['a', 'b']) speaker.feed(Buffer.from(name));
  expect(done).toEqual([]);
  speaker.feed(Buffer.from('c'));
  clock.runUntil(1_000);
  expect(done.slice(0, 5)).toEqual(['speaking 1', 'a at 25', 'b at 45', 'c at 65', 'silence at 85']);
  expect(done.slice(-2)).toEqual(['silence at 165', 'speaking 0']);
  done.length = 0;
  for (let index = 0; index < 20; index++) speaker.feed(Buffer.from(`${index}`));
  clock.runUntil(2_000);
  expect(done.filter((line) => /^\d/.test(line))).toHaveLength(12);
  expect(done[1]).toBe('8 at 1025');
});

test('who leaves is cut off, and cannot speak any more', async () => {
  const { clock, done, speaker } = mouth();
  const speech = speaker.speak(clip(50));
  clock.runUntil(100);
  speaker.close();
  clock.runUntil(2_000);
  expect(done).toHaveLength(5);
  await expect(speech.finished).rejects.toThrow('ada left while speaking');
  await expect(speaker.speak(clip(1)).started).rejects.toThrow('ada has left and cannot speak');
});
