import { expect, test } from 'vitest';
import { clip, length, reply, statusWords } from './words.ts';

test('a refusal carries its code, an acceptance does not', () => {
  expect(reply('en', { ok: false, code: 'not_in_voice', values: {} })).toMatch(/\n-# not_in_voice$/);
  expect(reply('it', { ok: true, code: 'queued', values: { place: 3 } })).toBe(
    'Il tuo canale aspetta un altro server. Posto in coda: 3.',
  );
});

test('without a free identity the answer names the holders and how to add another', () => {
  const holders = [
    { channelId: '5', purpose: 'recording' as const },
    { channelId: '6', purpose: 'call' as const },
  ];
  const answer = reply('en', { ok: false, code: 'no_identity', values: {}, holders });
  expect(answer).toContain('in <#5> for a recording and in <#6> for a call');
  expect(answer).toContain('DISCORD_TOKENS');
});

test('status: place, partner and length in words', () => {
  const channel = { channelId: '5', name: 'Stage' };
  expect(
    statusWords('en', { ...channel, use: 'waiting', since: 5_000, place: 2, expectedWait: null, unserved: false }, 0),
  ).toBe('<#5> is waiting for another server since <t:5:R>. Place in the queue: 2.');
  expect(
    statusWords('en', { ...channel, use: 'waiting', since: 5_000, place: 2, expectedWait: 61_000, unserved: false }, 0),
  ).toMatch(/Expected wait: about 2 min\.$/);
  const call = { ...channel, use: 'session' as const, state: 'active', since: 60_000 };
  expect(statusWords('en', { ...call, partners: ['Lodge'] }, 125_000)).toBe(
    '<#5> is in a call with Lodge: active. Length: 1:05 (since <t:60:t>).',
  );
  expect(statusWords('it', { ...call, partners: ['Another server'], since: null }, 0)).toBe(
    '<#5> è in chiamata con un altro server: attiva.',
  );
  expect([length(0), length(59_999), length(3_600_000)]).toEqual(['0:00', '0:59', '1:00:00']);
});

test('too many lines are counted, and the message fits', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(50)}`);
  const message = clip(lines, (count) => `${count} more`);
  expect(message.length).toBeLessThanOrEqual(2_000);
  const shown = message.split('\n');
  expect(shown.at(-1)).toBe(`${100 - (shown.length - 1)} more`);
});
