import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silenceFrame } from '../voice/rtp.ts';
import { LiveSpeech, type SpeechLine } from './live-speech.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A line that writes down what was done on it, with times since the beginning of the test. */
function recorder(): { line: SpeechLine; done: string[] } {
  const done: string[] = [];
  const start = performance.now();
  return {
    done,
    line: {
      announce: (speaking) => done.push(`speaking ${speaking}`),
      send: (opus, atMs) => done.push(`${opus.equals(silenceFrame) ? 'silence' : opus} at ${atMs - start}`),
    },
  };
}

test('a burst leaves one frame each 20 ms, then five of silence, then op 5 goes off; the next run begins anew', () => {
  const { line, done } = recorder();
  const speech = new LiveSpeech(() => line);
  for (const name of ['a', 'b', 'c']) speech.push(Buffer.from(name));
  vi.advanceTimersByTime(1_000);
  const silence = [120, 140, 160, 180, 200].map((at) => `silence at ${at}`);
  expect(done).toEqual(['speaking 1', 'a at 60', 'b at 80', 'c at 100', ...silence, 'speaking 0']);
  done.length = 0;
  speech.push(Buffer.from('d'));
  vi.advanceTimersByTime(60);
  expect(done).toEqual(['speaking 1', 'd at 1060']);
});

test('who moves while speaking is announced and heard in the new channel; too much waiting loses the oldest', () => {
  const [first, second] = [recorder(), recorder()];
  let { line } = first;
  const speech = new LiveSpeech(() => line);
  for (let index = 0; index < 20; index++) speech.push(Buffer.from(`${index}`));
  vi.advanceTimersByTime(60);
  expect(first.done).toEqual(['speaking 1', '8 at 60']);
  ({ line } = second);
  vi.advanceTimersByTime(20);
  speech.stop();
  vi.advanceTimersByTime(20);
  expect(second.done).toEqual(['speaking 1', '9 at 80', 'silence at 100']);
});
