import { expect, test } from 'vitest';
import { type CaptionLine, CaptionList, nextCaptions } from './captions.ts';
import type { Caption } from './protocol.ts';

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
  expect(say(lines, '1', 'one!', true, 'a')).toBe(lines);
  expect(shown(lines)).toEqual(['1:one!.', '1:two']);
  for (const id of ['c', 'd']) lines = say(lines, '1', id, true, id);
  expect(shown(lines)).toEqual(['1:two', '1:c.', '1:d.']);
});

const caption = (captionId: string, startMs: number, change: Partial<Caption> = {}): Caption => ({
  ...{ guildId: '1', sessionId: 's', channelId: '10', userId: '1', captionId, text: captionId, startMs },
  ...change,
});
const said = (payload: Caption) => ({ payload, id: payload.captionId ?? '', at: 1 });

test('lines stand in the order of their time, also when a final moves them; another session is not asked for', () => {
  const list = new CaptionList({ sessionId: 's' });
  for (const [id, at] of [
    ['a', 100],
    ['c', 300],
    ['b', 200],
  ] as const)
    list.take(said(caption(id, at)), false);
  expect(shown(list.lines)).toEqual(['1:a', '1:b', '1:c']);
  list.take(said(caption('a', 250)), true);
  expect(shown(list.lines)).toEqual(['1:b', '1:a.', '1:c']);
  list.take(said(caption('x', 1, { sessionId: 'other' })), true);
  expect(list.lines).toHaveLength(3);
});

test('who comes late gets what was said; a new picture ends partials and what may not be seen any more', () => {
  const list = new CaptionList();
  list.take(said(caption('a', 100)), true);
  list.take(said(caption('hidden', 150, { channelId: '11' })), true);
  list.take(said(caption('open', 200)), false);
  const channels = [{ channelId: '10', name: 'Lounge', configured: true, state: { kind: 'idle' as const } }];
  list.restart({ channels, captions: { finals: [caption('a', 100), caption('b', 50)], states: [] } }, 5);
  expect(shown(list.lines)).toEqual(['1:b.', '1:a.']);
  list.restart({ channels }, 6);
  expect(list.lines).toHaveLength(2);
});
