import { expect, test } from 'vitest';
import { type CaptionLine, nextCaptions } from './captions.ts';

let count = 0;
function say(lines: readonly CaptionLine[], userId: string, text: string, final: boolean, captionId?: string) {
  count += 1;
  const payload = { guildId: '1', userId, text, ...(captionId === undefined ? {} : { captionId }) };
  return nextCaptions(lines, { payload, id: `id-${count}`, at: count, final }, 3);
}
const shown = (lines: readonly CaptionLine[]) =>
  lines.map(({ userId, text, final }) => `${userId}:${text}${final ? '.' : ''}`);

test('partials replace each other, speaker by speaker, until the final', () => {
  let lines = say([], '1', 'he', false);
  const key = lines[0]?.key;
  lines = say(lines, '2', 'yes', false);
  lines = say(lines, '1', 'hello', false);
  lines = say(lines, '1', 'hello there', true);
  expect(shown(lines)).toEqual(['1:hello there.', '2:yes']);
  expect(lines[0]?.key).toBe(key);
  lines = say(lines, '1', 'how', false);
  expect(shown(lines)).toEqual(['1:hello there.', '2:yes', '1:how']);
});

test('where utterances have ids, they decide; what is late or too old goes', () => {
  let lines = say([], '1', 'one', false, 'a');
  lines = say(lines, '1', 'two', false, 'b');
  lines = say(lines, '1', 'one!', true, 'a');
  expect(say(lines, '1', 'on', false, 'a')).toBe(lines);
  expect(shown(lines)).toEqual(['1:one!.', '1:two']);
  for (const id of ['c', 'd']) lines = say(lines, '1', id, true, id);
  expect(shown(lines)).toEqual(['1:two', '1:c.', '1:d.']);
});
