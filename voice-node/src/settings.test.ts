import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

const least = { DISCORD_TOKENS: 'a, Bot b', HUB_URL: 'http://127.0.0.1:8787/', HUB_SECRET: 'x'.repeat(32) };

test('the least that is needed gives defaults, and says why recording is off', () => {
  const settings = readSettings({ ...least, S3_BUCKET: 'b', DISCORD_API_URL: '' });
  expect(settings).toMatchObject({
    discordTokens: ['a', 'b'],
    discordApiUrl: 'https://discord.com/api',
    hubUrl: 'http://127.0.0.1:8787',
    joinAttempts: 5,
    passThrough: true,
  });
  expect(settings.storage).toBeUndefined();
  expect(settings.recordingOff).toBe(
    'Recording is off: set S3_ENDPOINT, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY to store recordings.',
  );
});

test('pass-through can be switched off, and only by a clear word', () => {
  expect(readSettings({ ...least, BRIDGE_PASS_THROUGH: 'false' }).passThrough).toBe(false);
  expect(readSettings({ ...least, BRIDGE_PASS_THROUGH: '' }).passThrough).toBe(true);
  expect(() => readSettings({ ...least, BRIDGE_PASS_THROUGH: 'no' })).toThrow(/BRIDGE_PASS_THROUGH: must be true/);
});

test('messages are read only where that is said clearly', () => {
  expect(readSettings(least).messageContent).toBe(false);
  expect(readSettings({ ...least, MESSAGE_CONTENT: 'yes' }).messageContent).toBe(true);
  expect(() => readSettings({ ...least, MESSAGE_CONTENT: 'true' })).toThrow(/MESSAGE_CONTENT: must be yes or no/);
});

test('a wrong variable is named without its value', () => {
  expect(() => readSettings({ ...least, HUB_SECRET: 'short-secret' })).toThrow(/HUB_SECRET: must have 32/);
  expect(() => readSettings({ ...least, HUB_SECRET: 'short-secret' })).not.toThrow(/short-secret/);
  expect(() => readSettings({ ...least, DISCORD_TOKENS: ' ,' })).toThrow(/DISCORD_TOKENS: must hold at least one/);
});

test('captions need a key, and say how to turn them on without one', () => {
  const off = readSettings({ ...least, DEEPGRAM_API_KEY: '' });
  expect(off.captions).toBeUndefined();
  expect(off.captionsOff).toMatch(/DEEPGRAM_API_KEY/);
  expect(readSettings({ ...least, DEEPGRAM_API_KEY: 'k' }).captions).toEqual({
    apiKey: 'k',
    url: 'wss://api.deepgram.com',
    model: 'nova-3',
    connections: 100,
    channels: 1,
  });
  expect(() => readSettings({ ...least, CAPTION_CHANNELS: '21' })).toThrow(/CAPTION_CHANNELS: must be 1 to 20/);
  expect(() => readSettings({ ...least, DEEPGRAM_URL: 'deepgram' })).toThrow(/DEEPGRAM_URL: must be a URL/);
});
