import { createPublicKey, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { REST } from '@discordjs/rest';
import { Routes } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../simulator.ts';
import { SilentVoice } from '../testing/silent-voice.ts';
import { SimControl, SimControlError } from './client.ts';

const clip = {
  name: 'hello',
  voice: 'ada',
  text: 'Hello',
  toneHz: 9000,
  packets: [Buffer.from('a'), Buffer.from('b')],
};
let simulator: Simulator;
let control: SimControl;
/** The application's web server: what it got, and how it answers those that are rightly signed. */
let application: Awaited<ReturnType<SimControl['createApplication']>>;
let server: Server;
let received: { id: string; token: string; type: number; data?: { options?: unknown } }[];
let answer: (interaction: (typeof received)[number]) => unknown;

beforeEach(async () => {
  simulator = await startSimulator({ voiceServer: new SilentVoice(), clips: new Map([[clip.name, clip]]) });
  control = new SimControl(simulator.controlUrl);
  received = [];
  const seen = new Set<string>();
  server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const timestamp = String(request.headers['x-signature-timestamp']);
    const signature = Buffer.from(String(request.headers['x-signature-ed25519']), 'hex');
    const x = Buffer.from(application.publicKey, 'hex').toString('base64url');
    const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
    const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
    const genuine = verify(null, Buffer.from(timestamp + body), key, signature) && fresh && !seen.has(timestamp + body);
    seen.add(timestamp + body);
    if (!genuine) return response.writeHead(401).end('invalid request signature');
    const interaction = JSON.parse(body);
    received.push(interaction);
    const reply = await answer(interaction);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const interactionsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/interactions`;
  application = await control.createApplication({ name: 'bot', interactionsUrl });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await simulator.close();
});

async function scene() {
  const { guildId, ownerId } = await control.createGuild({ name: 'guild' });
  await control.addBot(guildId, application.botUserId);
  const { channelId } = await control.createVoiceChannel(guildId, { name: 'talk' });
  const { channelId: textChannelId } = await control.createTextChannel(guildId, { name: 'chat' });
  const { userId } = await control.createMember(guildId, { name: 'ada' });
  const where = { applicationId: application.applicationId, guildId, channelId: textChannelId, userId };
  return { guildId, ownerId, channelId, textChannelId, userId, where };
}

test('people join, speak, move and leave, and each step is an event', async () => {
  const { guildId, channelId, userId } = await scene();
  const since = await control.lastEventId();
  await control.join(userId, channelId);
  expect(await control.voiceStates(guildId)).toMatchObject([{ userId, channelId, bot: false }]);
  expect(await control.speak(userId, { clip: 'hello' })).toEqual({ startedAt: 1000, packets: 2, firstTimestamp: 7 });
  await control.waitUntilSilent(userId);
  expect((await control.spoken(userId)).map(({ opus }) => Buffer.from(opus, 'base64').toString())).toEqual(['a', 'b']);
  const other = await control.createVoiceChannel(guildId, { name: 'other' });
  await control.move(userId, other.channelId);
  await control.leave(userId);
  const left = await control.waitForEvent(({ type }) => type === 'voice_left', { since });
  expect(left).toMatchObject({ userId, previousChannelId: other.channelId });
  expect(await control.spoken(userId)).toHaveLength(2);
  await control.clearHeard(userId);
  expect(await control.spoken(userId)).toEqual([]);
});

test('until looks again after each event, and says what it waited for when time is up', async () => {
  const { guildId, userId, channelId } = await scene();
  const joined = control.until(async () => (await control.voiceStates(guildId)).length === 1);
  await control.join(userId, channelId);
  expect(await joined).toBe(true);
  const never = control.until(() => false, { timeoutMs: 50, what: 'a miracle' });
  await expect(never).rejects.toThrow(/a miracle did not come true within 50 ms/);
});

test('wrong input is refused with a code and a sentence', async () => {
  const { userId } = await scene();
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'accepted',
      (error: unknown) => (error instanceof SimControlError ? error.code : String(error)),
    );
  expect(await codeOf(control.join(userId, '1'))).toBe('unknown_channel');
  expect(await codeOf(control.join('ada', '1'))).toBe('invalid_input');
  expect(await codeOf(control.join(application.botUserId, '1'))).toBe('not_a_person');
  expect(await codeOf(control.speak(userId, { clip: 'none' }))).toBe('unknown_clip');
  expect(await codeOf(control.speak(userId, { clip: 'hello' }))).toBe('not_in_voice');
  const { status } = await fetch(`${simulator.controlUrl}/control/join`, { method: 'POST', body: '{' });
  expect(status).toBe(400);
});

test('a slash command is signed, carries its options, and its answer becomes a message', async () => {
  const { where, textChannelId, userId, channelId } = await scene();
  answer = () => ({ type: 4, data: { content: 'done', flags: 64 } });
  const options = [{ name: 'join', options: [{ name: 'channel', type: 7, value: channelId }] }];
  const result = await control.command({ ...where, name: 'call', options });
  expect(result).toMatchObject({ outcome: 'message', status: 200, message: { content: 'done', visibleTo: userId } });
  expect(await control.messages(textChannelId)).toMatchObject([{ content: 'done', authorId: application.botUserId }]);
  expect(received[0]).toMatchObject({
    type: 2,
    guild_id: where.guildId,
    member: { user: { id: userId }, permissions: expect.stringMatching(/^\d+$/) },
    data: {
      name: 'call',
      options: [{ name: 'join', type: 1, options: [{ name: 'channel', type: 7, value: channelId }] }],
      resolved: { channels: { [channelId]: { id: channelId } } },
    },
  });
});

test('a deferred answer is completed through the webhook; follow-ups are kept', async () => {
  const { where } = await scene();
  answer = () => ({ type: 5 });
  const first = await control.command({ ...where, name: 'slow' });
  expect(first).toMatchObject({ outcome: 'deferred', message: { content: '', flags: 128 } });
  const rest = new REST({ version: '10', api: simulator.apiUrl, retries: 0 });
  const token = received[0]?.token ?? '';
  const original = Routes.webhookMessage(application.applicationId, token, '@original');
  const completed = control.until(async () => {
    const { message } = await control.interaction(first.interactionId);
    return message?.content === 'ready';
  });
  await rest.patch(original, { body: { content: 'ready' }, auth: false });
  await completed;
  await rest.post(Routes.webhook(application.applicationId, token), { body: { content: 'more' }, auth: false });
  const now = await control.interaction(first.interactionId);
  expect(now).toMatchObject({ message: { content: 'ready', flags: 0 }, followUps: [{ content: 'more' }] });
  await expect(
    rest.post(Routes.interactionCallback(first.interactionId, token), { body: { type: 5 }, auth: false }),
  ).rejects.toMatchObject({ code: 40060 });
});

test('an answer after three seconds did not respond', async () => {
  const { where } = await scene();
  let release: (value: unknown) => void = () => undefined;
  answer = () => new Promise((resolve) => (release = resolve));
  const result = await control.command({ ...where, name: 'late' });
  expect(result).toMatchObject({ outcome: 'did_not_respond', status: null, message: null });
  expect(result.latencyMs).toBeGreaterThanOrEqual(2_900);
  release({ type: 5 });
});

test('forged, tampered, stale, unsigned and replayed interactions go out as such; PING is answered', async () => {
  const { where } = await scene();
  answer = ({ type }) => (type === 1 ? { type: 1 } : { type: 4, data: { content: 'done' } });
  for (const variant of ['forged', 'tampered', 'stale', 'missing'] as const) {
    const result = await control.command({ ...where, name: 'call', variant });
    expect(result, variant).toMatchObject({ outcome: 'refused', status: 401, refusal: 'invalid request signature' });
  }
  expect(received).toEqual([]);
  expect(await control.command({ ...where, name: 'call', variant: 'replayed' })).toMatchObject({ status: 401 });
  expect(received).toHaveLength(1);
  expect(await control.ping({ applicationId: application.applicationId })).toMatchObject({ outcome: 'pong' });
});

test('an answer that is none is refused', async () => {
  const { where } = await scene();
  answer = () => ({ type: 4, data: { content: '' } });
  expect(await control.command({ ...where, name: 'empty' })).toMatchObject({ outcome: 'refused', status: 200 });
});
