/** What is written in Discord: pure, in every order of words and answers. */
import { expect, test } from 'vitest';
import type { DiscordAnswer } from '../discord/rest.ts';
import type { CaptionLine, CaptionPlace } from './place.ts';
import { answered, begun, type CaptionsRecord, emptyRecord, nextStep, PAUSE_MS, SPACING_MS, said } from './plan.ts';
import { MESSAGE_LIMIT, pieces, readTranscriptButton, renderCaptions, textOf, transcriptButtonId } from './render.ts';

const place: CaptionPlace = { guildId: '1', textChannelId: '9', thread: false, locale: 'en', channelName: 'Lounge' };
const session = '01K0000000000000000000000A';
let ids = 0;
const line = (name: string, text: string, startMs: number, change: Partial<CaptionLine> = {}): CaptionLine => {
  ids += 1;
  return { sessionId: session, captionId: `c${ids}`, userId: name.padStart(3, '1'), name, text, startMs, ...change };
};
let nonces = 0;
const nonce = () => {
  nonces += 1;
  return `n${nonces}`;
};
const say = (record: CaptionsRecord, at: number, ...lines: CaptionLine[]) =>
  lines.reduce((next, each) => said(next, { place, line: each }, at, nonce), record);
let posted = 0;
const posts = (): DiscordAnswer => {
  posted += 1;
  return { kind: 'ok', body: { id: `m${posted}` } };
};
/** Takes one step with this answer. */
function step(record: CaptionsRecord, answer: DiscordAnswer, now = 0): CaptionsRecord {
  const next = nextStep(record);
  const message = next && record.messages[next.index];
  if (!next || !message) throw new Error('nothing is to be done');
  return answered(record, { step: next, nonce: message.nonce, version: message.version }, answer, now, nonce);
}
/** The newest message, as it is to be. */
const newest = (record: CaptionsRecord) => {
  const message = record.messages.at(-1);
  return message ? (renderCaptions(message) as { content: string; allowed_mentions: object }) : undefined;
};
/** A session whose notice is posted. */
const noticed = () => step(begun(emptyRecord, { place, sessionId: session }, 0, nonce), posts());

test('the notice comes first, also when the first word overtakes it', () => {
  const record = say(emptyRecord, 0, line('ada', 'hello', 1_000));
  expect(record.messages.map(({ content }) => content.kind)).toEqual(['notice', 'lines']);
  expect(nextStep(record)).toMatchObject({ kind: 'post', index: 0, channelId: '9' });
  expect(JSON.stringify(renderCaptions(record.messages[0] as never))).toContain('Captions are on in Lounge');
});

test('what one person says in a row is a block; what comes late stands where it was said', () => {
  const [hello, there, yes] = [line('ada', 'hello', 1_000), line('ada', 'there', 2_500), line('ben', 'yes', 2_000)];
  expect(textOf([hello, there], 'en')).toBe('**ada** `0:01` hello there');
  expect(textOf([hello, there, yes], 'en')).toBe('**ada** `0:01` hello\n**ben** `0:02` yes\n**ada** `0:02` there');
  const record = say(noticed(), 0, hello, there, yes, hello);
  expect(newest(record)?.content).toBe('**ada** `0:01` hello\n**ben** `0:02` yes\n**ada** `0:02` there');
  expect(record.messages.filter(({ content }) => content.kind === 'lines')).toHaveLength(1);
});

test('nothing that is said mentions, links or formats; who has no name is named by Discord', () => {
  const words = newest(say(noticed(), 0, line('*x*', '@everyone <@1> https://x.y **b**', 0)));
  expect(words?.allowed_mentions).toEqual({ parse: [] });
  expect(words?.content).not.toMatch(/(?<!\\)@everyone|(?<!\\)<@1|https:\/|(?<!\\)\*\*b/);
  const { name: _name, ...nameless } = line('ada', 'hi', 0, { userId: '77' });
  expect(textOf([nameless], 'en')).toBe('<@77> `0:00` hi');
  expect(textOf([{ ...nameless, userId: '0', guildName: 'Far_Away' }], 'it')).toBe('Qualcuno (Far\\_Away) `0:00` hi');
});

test('a full message is left, a new one begins; a long speech is divided and nothing of it lost', () => {
  let record = noticed();
  for (let second = 0; second < 200; second += 1) {
    record = say(
      record,
      second,
      line(second % 2 ? 'ada' : 'ben', `sentence number ${second} `.repeat(3), second * 1000),
    );
  }
  const all = record.messages.map((message) => (renderCaptions(message) as { content: string }).content);
  expect(all.length).toBeGreaterThan(5);
  expect(Math.max(...all.map(({ length }) => length))).toBeLessThanOrEqual(MESSAGE_LIMIT);
  for (let second = 0; second < 200; second += 1) expect(all.join('\n')).toContain(`sentence number ${second} `);
  const speech = Array.from({ length: 700 }, (_, index) => `*${index}*`).join(' ');
  expect(pieces(speech).join(' ')).toBe(speech);
  const long = say(noticed(), 0, line('ada', speech, 0)).messages;
  expect(long.length).toBeGreaterThan(3);
  for (const message of long)
    expect((renderCaptions(message) as { content: string }).content.length).toBeLessThan(2001);
});

test('after a minute without a word, and in another session, a new message begins', () => {
  const first = say(noticed(), 0, line('ada', 'one', 0));
  expect(say(first, PAUSE_MS - 1, line('ada', 'two', 0)).messages).toHaveLength(1);
  expect(say(first, PAUSE_MS, line('ada', 'two', 0)).messages).toHaveLength(2);
  const other = say(first, 1, line('ada', 'two', 0, { sessionId: '01K0000000000000000000000B' }));
  expect(other.messages.map(({ content }) => content.kind)).toEqual(['lines', 'notice', 'lines']);
  // A late word of the session before still finds its message.
  expect(JSON.stringify(say(other, 2, line('ada', 'late', 0)).messages[0])).toContain('late');
});

test('edits are two seconds apart, take all that came meanwhile, and end when all is shown', () => {
  let record = step(say(noticed(), 0, line('ada', 'one', 0)), posts(), 1_000);
  expect([nextStep(record), record.notBefore]).toEqual([undefined, 1_000 + SPACING_MS]);
  record = say(record, 1_100, line('ada', 'two', 10));
  const before = record;
  record = say(record, 1_200, line('ada', 'three', 20));
  expect(nextStep(record)).toMatchObject({ kind: 'edit', channelId: '9' });
  const { nonce: of = '', version = 0 } = before.messages.at(-1) ?? {};
  const asked = nextStep(before);
  if (!asked) throw new Error('an edit is due');
  // The third word came while the second one was on its way.
  const after = answered(record, { step: asked, nonce: of, version }, { kind: 'ok', body: {} }, 3_000, nonce);
  expect(nextStep(after)).toMatchObject({ kind: 'edit' });
  expect(nextStep(step(after, { kind: 'ok', body: {} }, 5_000))).toBeUndefined();
});

test('429 waits as long as it says; a lost answer is asked for with the same nonce and then edited', () => {
  const record = say(noticed(), 0, line('ada', 'one', 0));
  const late = step(record, { kind: 'later', afterMs: 7_000 }, 1_000);
  expect(late.notBefore).toBe(8_000);
  expect(nextStep(late)).toMatchObject({ kind: 'post' });
  expect(late.messages.at(-1)?.nonce).toBe(record.messages.at(-1)?.nonce);
  expect(nextStep(step(late, posts()))).toMatchObject({ kind: 'edit' });
});

test('a deleted message is written again; a refusal rests and loses nothing; a bad message holds up none', () => {
  const shown = step(say(noticed(), 0, line('ada', 'one', 0)), posts());
  const changed = say(shown, 1, line('ada', 'two', 0));
  const gone = step(changed, { kind: 'refused', status: 404, code: 10008 });
  expect(nextStep(gone)).toMatchObject({ kind: 'post' });
  expect(newest(gone)?.content).toContain('one two');
  const refused = step(changed, { kind: 'refused', status: 403, code: 50013 }, 100);
  expect([refused.problem, refused.notBefore]).toEqual(['missing_permissions', 60_100]);
  expect(nextStep(refused)).toMatchObject({ kind: 'edit' });
  expect(step(refused, { kind: 'ok', body: {} }).problem).toBeUndefined();
  expect(nextStep(step(changed, { kind: 'refused', status: 400, code: 50035 }))).toBeUndefined();
});

test('a session may have a thread of the notice; where it cannot, the channel has the words', () => {
  const of = { place: { ...place, thread: true }, sessionId: session };
  const begin = step(begun(emptyRecord, of, 0, nonce), { kind: 'ok', body: { id: '555' } });
  expect(nextStep(begin)).toMatchObject({ kind: 'thread', channelId: '9', messageId: '555', name: 'Lounge' });
  const add = (record: CaptionsRecord) => said(record, { place: of.place, line: line('ada', 'one', 0) }, 0, nonce);
  for (const answer of [
    { kind: 'ok', body: { id: '555' } },
    { kind: 'refused', status: 400, code: 160004 },
  ] as const) {
    expect(nextStep(add(step(begin, answer)))).toMatchObject({ kind: 'post', channelId: '555' });
  }
  const refused = step(begin, { kind: 'refused', status: 403, code: 50013 });
  expect(nextStep(add(refused))).toMatchObject({ kind: 'post', channelId: '9' });
  const made = step(add(step(begin, { kind: 'ok', body: {} })), posts());
  const deleted = step(add(made), { kind: 'refused', status: 404, code: 10003 });
  expect(nextStep(deleted)).toMatchObject({ kind: 'post', channelId: '9' });
});

test('while Discord cannot be reached memory is bounded', () => {
  let record = noticed();
  for (let at = 0; at < 300; at += 1) record = say(record, at * PAUSE_MS, line('ada', 'word', at));
  expect(record.messages.length).toBeLessThanOrEqual(50);
});

test('a button of a transcript names its session, and nothing else is one', () => {
  expect(readTranscriptButton(transcriptButtonId(session))).toBe(session);
  for (const id of ['', 'transcript:', `transcript:${session}x`, 'panel:next:1:']) {
    expect(readTranscriptButton(id)).toBeUndefined();
  }
});
