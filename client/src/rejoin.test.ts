// @vitest-environment node
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { CHANNEL, GUILD } from '../test/fake-hub.ts';
import { startHub } from '../test/follow.ts';
import { addressesOf } from './addresses.ts';
import { VoiceEventsError } from './errors.ts';
import { VoiceEventsClient } from './voice-events-client.ts';

test('asks with the token and hands on the way back', async () => {
  const hub = await startHub();
  const client = new VoiceEventsClient({ url: hub.url, guildId: GUILD, getToken: async () => 'tok' });
  const web = `https://discord.com/channels/${GUILD}/${CHANNEL}`;
  const link = { kind: 'link', web, app: `discord://-/channels/${GUILD}/${CHANNEL}` };
  for (const body of [link, { kind: 'moved' }]) {
    hub.rejoinAnswer = { status: 200, body };
    const asked = once(hub, 'rejoin');
    expect(await client.rejoin(CHANNEL)).toEqual(body);
    expect((await asked)[0]).toEqual({
      method: 'POST',
      url: `/api/guilds/${GUILD}/voice/rejoin`,
      authorization: 'Bearer tok',
      body: { channelId: CHANNEL },
    });
  }
});

test.each([
  [403, 'not_in_guild'],
  [404, 'channel_gone'],
  [403, 'no_permission'],
  [409, 'channel_full'],
  [503, 'discord_unavailable'],
  [401, 'token_refused'],
  [429, 'too_many_requests'],
])('a refusal with %i %s is an error with code and sentence', async (status, code) => {
  const hub = await startHub();
  const client = new VoiceEventsClient({ url: hub.url, guildId: GUILD, getToken: async () => 'tok' });
  const message = `Sentence about ${code}.`;
  for (const body of [{ code, message }, { error: { code, message } }]) {
    hub.rejoinAnswer = { status, body };
    const error = await client.rejoin(CHANNEL).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(VoiceEventsError);
    expect(error).toMatchObject({ code, message });
  }
});

test('no answer, no token, or nonsense: an error with a code all the same', async () => {
  const hub = await startHub();
  const options = { url: hub.url, guildId: GUILD, getToken: async () => 'tok' };
  hub.rejoinAnswer = { status: 500, body: 'oops' };
  await expect(new VoiceEventsClient(options).rejoin(CHANNEL)).rejects.toMatchObject({ code: 'discord_unavailable' });
  await hub.stop();
  await expect(new VoiceEventsClient(options).rejoin(CHANNEL)).rejects.toMatchObject({ code: 'connection_lost' });
  const getToken = async () => {
    throw new VoiceEventsError('signed_out', 'Sign in first.');
  };
  await expect(new VoiceEventsClient({ ...options, getToken }).rejoin(CHANNEL)).rejects.toMatchObject({
    code: 'signed_out',
  });
});

test('addresses are made from the base or from the hub’s own', () => {
  const expected = { hub: 'wss://p.example/api/ws?guild=7', rejoin: 'https://p.example/api/guilds/7/voice/rejoin' };
  for (const url of ['https://p.example', 'https://p.example/', 'wss://p.example/api/ws', 'wss://p.example']) {
    expect(addressesOf(url, '7')).toEqual(expected);
  }
  expect(addressesOf('http://localhost:8787/sub', 'a/b').hub).toBe('ws://localhost:8787/sub/api/ws?guild=a%2Fb');
});
