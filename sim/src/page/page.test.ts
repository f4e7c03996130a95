import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { REST } from '@discordjs/rest';
import { Decoder } from '@evan/opus';
import { type APIInteraction, ButtonStyle, ComponentType, MessageFlags, Routes } from 'discord-api-types/v10';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { loadClips } from '../clips/library.ts';
import { SimControl } from '../control/client.ts';
import { type Simulator, startSimulator } from '../simulator.ts';
import { findChromium, launchChromium } from '../testing/browser.ts';
import { VoiceServer } from '../voice/voice-server.ts';

const chromium = findChromium();
const voiceServer = new VoiceServer();
let simulator: Simulator;
let control: SimControl;
let browser: Browser | undefined;
/** The bot's web server, and what it got. */
let endpoint: Server;
const received: APIInteraction[] = [];
let application: Awaited<ReturnType<SimControl['createApplication']>>;
let rest: REST;
let guildId: string;
let textChannelId: string;
let voiceChannelId: string;
let benId: string;

beforeAll(async () => {
  simulator = await startSimulator({ voiceServer });
  control = new SimControl(simulator.controlUrl);
  endpoint = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const interaction = JSON.parse(body) as APIInteraction;
    received.push(interaction);
    const value = 'data' in interaction ? JSON.stringify(interaction.data) : '';
    const data = { flags: MessageFlags.Ephemeral, content: `**got** ${/"value":"([^"]*)"/.exec(value)?.[1]}` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ type: 4, data }));
  });
  endpoint.listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  const interactionsUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`;
  application = await control.createApplication({ name: 'Dice Master', interactionsUrl });
  rest = new REST({ version: '10', api: simulator.apiUrl }).setToken(application.token);
  ({ guildId } = await control.createGuild({ name: 'Harbour' }));
  await control.addBot(guildId, application.botUserId);
  ({ channelId: textChannelId } = await control.createTextChannel(guildId, { name: 'general' }));
  ({ channelId: voiceChannelId } = await control.createVoiceChannel(guildId, { name: 'Lounge' }));
  ({ userId: benId } = await control.createMember(guildId, { name: 'ben' }));
  if (chromium) browser = await launchChromium(chromium);
});
afterAll(async () => {
  await browser?.close();
  endpoint.close();
  await simulator.close();
});

/** A tab at the guild. Errors of its scripts fail the test. */
async function open(): Promise<Page> {
  if (!browser) throw new Error('there is no browser');
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('pageerror', (error) => expect.unreachable(error.stack));
  await page.goto(simulator.pageUrl);
  await page.getByRole('button', { name: 'Harbour' }).click();
  await page.getByRole('heading', { name: 'Welcome to general' }).waitFor();
  return page;
}

async function actAs(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Act as somebody else' }).click();
  await page.getByRole('menuitem', { name }).click();
  await page.locator('.me-name', { hasText: name }).waitFor();
}

const userIdOf = (name: string) =>
  [...simulator.world.users.values()].find(({ username }) => username === name)?.id ?? '';

test.skipIf(!chromium)(
  'who opens the page makes a person, joins by a click, sees who speaks, and hangs up',
  async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Act as somebody else' }).click();
    await page.getByRole('menuitem', { name: 'Create a person…' }).click();
    await page.getByLabel('Name').fill('ada');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.locator('.me-name', { hasText: 'ada' }).waitFor();

    const since = await control.lastEventId();
    await page.getByRole('button', { name: 'Lounge', exact: true }).click();
    const joined = await control.waitForEvent(({ type }) => type === 'voice_joined', { since });
    expect(joined).toMatchObject({ userId: userIdOf('ada'), channelId: voiceChannelId });
    await page.getByText('Voice connected').waitFor();

    await control.join(benId, voiceChannelId);
    await control.setVoiceFlags(benId, { selfVideo: true });
    await control.serverMute(guildId, benId, { mute: true });
    await page.locator('.voice-person', { hasText: 'ben' }).getByTitle('Muted by a moderator').waitFor();
    await page.locator('.tile', { hasText: 'camera on' }).waitFor();
    await control.serverMute(guildId, benId, { mute: false });
    const ring = page.locator('.voice-person.speaking', { hasText: 'ben' });
    await Promise.all([ring.waitFor(), control.speak(benId, { clip: 'ben-1' })]);
    if (process.env.SCREENSHOT_FILE) await page.screenshot({ path: process.env.SCREENSHOT_FILE });
    await ring.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Mute' }).click();
    await control.waitForEvent((event) => event.type === 'voice_flags_changed' && event.selfMute, { since });
    await page.locator('.voice-person', { hasText: 'ada' }).getByTitle('Muted').waitFor();
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await control.until(async () => (await control.voiceStates(guildId)).length === 1);
    await control.leave(benId);
    await page.close();
  },
);

test.skipIf(!chromium)('a bot’s components are shown, and a click names message and button', async () => {
  const page = await open();
  await actAs(page, 'ben');
  const message = (await rest.post(Routes.channelMessages(textChannelId), {
    body: {
      content: 'A **table** is open <script>alert(1)</script>',
      embeds: [{ title: 'Table 1', color: 0xf0b232, fields: [{ name: 'Game', value: 'Go', inline: true }] }],
      components: [
        {
          type: ComponentType.ActionRow,
          components: [
            { type: ComponentType.Button, style: ButtonStyle.Primary, label: 'Take a seat', custom_id: 'seat' },
          ],
        },
      ],
    },
  })) as { id: string };
  const shown = page.locator(`[data-message="${message.id}"]`);
  await shown.locator('strong', { hasText: 'table' }).waitFor();
  expect(await shown.locator('.content').textContent()).toBe('A table is open <script>alert(1)</script>');
  expect(await shown.locator('.embed').textContent()).toMatch(/Table 1.*Game.*Go/s);
  const [request] = await Promise.all([
    page.waitForRequest('**/page/control/click'),
    shown.getByRole('button', { name: 'Take a seat' }).click(),
  ]);
  expect(request.postDataJSON()).toEqual({ userId: benId, messageId: message.id, customId: 'seat' });
  await rest.patch(Routes.channelMessage(textChannelId, message.id), { body: { content: 'Closed', components: [] } });
  await shown.getByText('(edited)').waitFor();
  expect(await shown.getByRole('button', { name: 'Take a seat' }).count()).toBe(0);
  await page.close();
});

test.skipIf(!chromium)(
  'a typed slash command reaches the bot, and only its person sees an ephemeral answer',
  async () => {
    await rest.put(Routes.applicationCommands(application.applicationId), {
      body: [
        {
          name: 'greet',
          description: 'Greets',
          options: [
            { type: 3, name: 'whom', description: 'Whom', required: true },
            { type: 3, name: 'how', description: 'How', choices: [{ name: 'Loudly', value: 'loud' }] },
          ],
        },
      ],
    });
    const [page, other] = await Promise.all([open(), open()]);
    await actAs(page, 'ben');
    await actAs(other, 'Harbour owner');
    received.length = 0;
    await page.locator('.composer textarea').fill('/gre');
    await page.getByRole('option', { name: '/greet' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'whom' }).fill('everybody');
    await page.getByRole('button', { name: '+ how' }).click();
    await page.getByRole('textbox', { name: 'how' }).fill('lou');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    const answer = page.locator('.message.ephemeral', { hasText: 'used greet' });
    await answer.locator('strong', { hasText: 'got' }).waitFor();
    expect(received).toMatchObject([
      {
        data: {
          name: 'greet',
          options: [
            { name: 'whom', value: 'everybody' },
            { name: 'how', value: 'loud' },
          ],
        },
      },
    ]);
    // What is said after the answer is shown to the other person, the answer is not.
    await page.locator('.composer textarea').fill('hello');
    await page.keyboard.press('Enter');
    await other.locator('.message', { hasText: 'hello' }).waitFor();
    expect(await other.locator('.message.ephemeral').count()).toBe(0);
    await Promise.all([page.close(), other.close()]);
  },
);

test.skipIf(!chromium)('the microphone is heard in the channel, and the channel in the browser', async () => {
  const page = await open();
  await actAs(page, 'ben');
  await page.getByRole('button', { name: 'Lounge', exact: true }).click();
  const listener = voiceServer.addMember({ guildId, channelId: voiceChannelId, userId: userIdOf('ada') });
  await listener.ready();
  const decoder = new Decoder({ channels: 1, sample_rate: 48_000 });
  const loud = new Promise<void>((resolve) => {
    listener.listen(({ fromUserId, opus }) => {
      if (fromUserId === benId && peak(decoder.decode(opus)) > 0.05) resolve();
    });
  });
  await page.getByRole('button', { name: 'Speak', exact: true }).click();
  await loud;
  await page.locator('.voice-person.speaking', { hasText: 'ben' }).waitFor();
  expect(listener.failures).toBe(0);

  const sockets = page.waitForEvent('websocket');
  await page.getByRole('button', { name: 'Speak', exact: true }).click(); // off: the socket closes
  const since = await control.lastEventId();
  await page.getByRole('button', { name: 'Hear', exact: true }).click();
  const socket = await sockets;
  const heard = new Promise<number>((resolve) => {
    socket.on('framereceived', ({ payload }) => {
      const data = Buffer.from(payload);
      if (peak(data.subarray(4)) > 0.05) resolve(data.readUInt32LE());
    });
  });
  const clip = (await loadClips()).get('ada-1');
  if (!clip) throw new Error('the clip is missing');
  await page.locator('.wide.on', { hasText: 'Hear' }).waitFor();
  listener.speak(clip);
  expect(await heard).toBe(listener.ssrc);
  await control.waitForEvent((event) => event.type === 'speaking' && event.speaking === 0, { since });
  await listener.leave();
  await control.leave(benId);
  await page.close();
});

test('no other site may use the page, its control operations or its sound', async () => {
  const { port } = new URL(simulator.pageUrl);
  const url = `${simulator.pageUrl}page/control/snapshot`;
  const post = async (headers: Record<string, string>) => (await fetch(url, { method: 'POST', headers })).status;
  expect(await post({ origin: `http://127.0.0.1:${port}` })).toBe(200);
  expect(await post({ origin: 'https://evil.example' })).toBe(403);
  expect(await post({ origin: 'null' })).toBe(403);
  expect(await post({ origin: `http://127.0.0.1:${Number(port) + 1}` })).toBe(403);
  // DNS rebinding: the site's own name leads to 127.0.0.1.
  const rebound = get({ port, host: '127.0.0.1', path: '/', headers: { host: `evil.example:${port}` } });
  const [answer] = (await once(rebound, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(403);
  answer.resume();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/page/sound?userId=${benId}`, { origin: 'https://evil.example' });
  socket.on('error', () => undefined);
  const [, refused] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  expect(refused.statusCode).toBe(403);
  refused.resume();
  // Nothing outside the page's folder is served.
  expect((await fetch(`${simulator.pageUrl}page/files/%2e%2e/package.json`)).status).toBe(404);
});

/** Highest sample of 16 bit PCM; full scale is 1. */
function peak(pcm: Uint8Array): number {
  let highest = 0;
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  for (let at = 0; at + 1 < pcm.byteLength; at += 2) highest = Math.max(highest, Math.abs(view.getInt16(at, true)));
  return highest / 32_768;
}
