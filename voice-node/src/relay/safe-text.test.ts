import { expect, test } from 'vitest';
import { visible } from './invisible.ts';
import { withoutLinks } from './links.ts';
import { safeName, safeText } from './safe-text.ts';
import { relayWords } from './words.ts';

const names = {
  users: new Map([
    ['7', 'Ada *the* Great'],
    ['8', 'everyone'],
    ['9', '123'],
  ]),
  channels: new Map([['5', 'lounge']]),
};
const read = (text: string, limit = 2_000) => safeText(text, names, relayWords.en, limit);

test.each([
  ['hello', 'hello'],
  ['@everyone and @here', 'everyone and here'],
  ['@Everyone @@everyoneeveryone', 'Everyone everyoneeveryone'],
  ['@\u200Beveryone @e\u2060veryone', 'everyone everyone'],
  ['@<@8>', 'everyone'],
  ['<@1> <@!1>', '@somebody @somebody'],
  ['<@7>', '@Ada \\*the\\* Great'],
  ['<<@9>>', '\\<@123>'],
  ['<@&1>', '@a role'],
  ['<#1> <#5>', '#a channel #lounge'],
  ['<id:customize> </setup show:12>', '#a channel /setup show'],
  ['<:pepe_hands:12> <a:dance:13>', ':pepe\\_hands: :dance:'],
  ['<sound:1:2>', '[sound not relayed]'],
  ['<t:1700000000:R>', '<t:1700000000:R>'],
])('mentions become words: %j', (written, expected) => {
  expect(read(written).text).toBe(expected);
});

test.each([
  ['discord.gg/x', '[link removed]'],
  ['join DISCORD.GG/abc now', 'join [link removed] now'],
  ['https://example.com/a?b#c', '[link removed]'],
  ['<https://example.com>', '[link removed]'],
  ['a,https://x.y,b c', 'a,[link removed] c'],
  ['steam://run/1 discord://-/x', '[link removed] [link removed]'],
  ['[text](https://evil.example)', 'text [link removed]'],
  ['[text]( <https://evil.example> "t")', 'text [link removed] "t")'],
  ['[a](https://x.y)(b)', 'a [link removed]'],
  ['example.com and www.example.it/x', '[link removed] and [link removed]'],
  ['mail me@example.com', 'mail me@[link removed]'],
  ['discord.me/x', '[link removed]'],
  ['bücher.com', '[link removed]'],
  ['discоrd.gg/x (with a Cyrillic о)', '[link removed] (with a Cyrillic о)'],
  ['disc\u200Bord.g\u200Dg/x', '[link removed]'],
  ['ht\u2060tps:/\uFEFF/x.y', '[link removed]'],
  ['https\u00AD://x.y', '[link removed]'],
  ['ｈｔｔｐｓ：／／ｅｖｉｌ．ｃｏｍ', '[link removed]'],
  ['discord。gg/x', '[link removed]'],
  ['𝐝𝐢𝐬𝐜𝐨𝐫𝐝.𝐠𝐠/x', '[link removed]'],
])('links are removed: %j', (written, expected) => {
  expect(read(written)).toMatchObject({ text: expected, links: true });
});

test.each(['3.14 and/or 1/2', 'node.js, e.g. this', 'Wait... what?', 'No.It is not', 'a:b c://', '10:30', 'x.y'])(
  'no link: %j',
  (written) => {
    expect(read(written)).toEqual({ text: written, links: false, cut: false });
  },
);

test.each([
  ['**Admin**: hi', '\\*\\*Admin\\*\\*: hi'],
  ['\u202Egg.drocsid', 'gg.drocsid'],
  ['one\n**Bob**: hi', 'one\n\\*\\*Bob\\*\\*: hi'],
  ['one\n# two\n-# three\n> four\n>>> five\n  - six', 'one\n\\# two\n\\-# three\n\\> four\n\\>>> five\n  \\- six'],
  ['`code` ```js\nx```', '\\`code\\` \\`\\`\\`js\nx\\`\\`\\`'],
  ['\\*not\\*', '\\\\\\*not\\\\\\*'],
  ['[text](words)', '\\[text\\](words)'],
  ['~~gone~~ __under__', '\\~\\~gone\\~\\~ \\_\\_under\\_\\_'],
  ['a||secret||b', 'a||secret||b'],
  ['a||secret', 'a\\|\\|secret'],
  ['||a||b||', '||a||b\\|\\|'],
  ['a\n\n\n\n\nb\r\nc\u2028d', 'a\n\nb\nc\nd'],
])('markup stays what was typed: %j', (written, expected) => {
  expect(read(written).text).toBe(expected);
});

test('what nobody sees goes, what emoji and scripts need stays', () => {
  expect(visible('a\u202Eb\u2066c\u200Fd\u0000e\u{E0041}f')).toBe('abcdef');
  for (const text of ['👩‍👩‍👧', '❤️', '👍🏽', 'می‌خواهم', 'क्‍ष', 'é', '🏴‍☠️']) expect(visible(text)).toBe(text);
  expect(visible(`z${'\u0336'.repeat(40)}`)).toHaveLength(7);
  expect(visible('\uE000')).toBe('');
});

test('4,000 characters fit: cut between escapes, a spoiler closed', () => {
  const stars = read('*'.repeat(4_000), 1_999);
  expect(stars.cut).toBe(true);
  expect(stars.text).toMatch(/^(\\\*)+…$/);
  expect(stars.text.length).toBeLessThanOrEqual(1_999);
  expect(read(`||${'a'.repeat(3_000)}||`, 100).text).toMatch(/^\|\|a+\|\|…$/);
  expect(read('a'.repeat(2_000)).cut).toBe(false);
  expect(read('😀'.repeat(2_000), 100).text).toMatch(/^(😀)+…$/u);
});

test('a name is a name', () => {
  expect(safeName('**Ada**\n# x')).toBe('\\*\\*Ada\\*\\* # x');
  expect(safeName('@everyone')).toBe('everyone');
  expect(safeName('<@1> discord.gg/x')).toBe('\\<@1> …');
  expect(safeName('\u202E\u200B')).toBe('');
});

test('fifty times the longest text ends, whatever it is made of: this runs beside the audio', () => {
  const worst = ['a.', 'a-', '[](', `${'a'.repeat(60)}.`, 'a://', '<@', '|', '<', '</', '[a', 'x./', 'www'];
  for (const part of worst) expect(withoutLinks(part.repeat(200_000 / part.length))).not.toBe('');
  for (const part of worst) expect(read(part.repeat(4_000)).text.length).toBeLessThanOrEqual(2_000);
});
