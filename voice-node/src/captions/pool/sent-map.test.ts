import { expect, test } from 'vitest';
import { FRAME_MS } from '../speech/speech-frame.ts';
import { SentMap, sessionMs } from './sent-map.ts';

/** Sends so many frames of somebody, spoken from `startMs` on. */
function send(map: SentMap<string>, owner: string, position: number, frames: number, startMs: number): number {
  const clock = { startMs };
  for (let index = 0; index < frames; index += 1) map.add(owner, position + index, { clock, atMs: index * FRAME_MS });
  return position + frames;
}

test('audio time comes back to the speaker and to when it was said', () => {
  const map = new SentMap<string>();
  const second = send(map, 'ada', 0, 50, 10_000);
  const third = send(map, 'ben', second, 50, 20_000);
  send(map, 'ada', third, 50, 30_000);
  const place = (startMs: number, endMs: number) => {
    const run = map.of(startMs, endMs);
    return run && [run.owner, sessionMs(run, startMs)];
  };
  expect(place(200, 400)).toEqual(['ada', 10_200]);
  expect(place(1_500, 1_600)).toEqual(['ben', 20_500]);
  expect(place(2_980, 3_020)).toEqual(['ada', 30_980]);
  // A little early, in the silence that ended the spurt before: it is clamped to what its speaker sent.
  expect(place(950, 1_300)).toEqual(['ben', 20_000]);
  // Begun by the first, with its end in what the second said.
  expect(place(700, 1_400)).toEqual(['ada', 10_700]);
  expect(place(3_300, 3_500)).toBeUndefined();
  expect(map.owners(900, 1_100)).toEqual(['ada', 'ben']);
});

test('a clock that became surer moves what was sent before', () => {
  const map = new SentMap<string>();
  const clock = { startMs: 5_020 };
  map.add('ada', 0, { clock, atMs: 0 });
  clock.startMs = 5_000;
  const run = map.of(0, 20);
  expect(run && sessionMs(run, 10)).toBe(5_010);
});
