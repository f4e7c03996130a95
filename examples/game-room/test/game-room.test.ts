// @vitest-environment node
/** The game room as it is started, in Chromium, against a hub and a rejoin route that the test plays. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, launchChromium } from '../../../client/test/browser.ts';
import { CHANNEL, FakeHub, GUILD, OTHER_CHANNEL } from '../../../client/test/fake-hub.ts';

const chromium = findChromium();
const root = join(import.meta.dirname, '..');
const PLAYER = '400000000000000001';
const SECRET = 'a secret of more than thirty-two characters';
const web = `https://discord.com/channels/${GUILD}/${CHANNEL}`;
const link = { status: 200, body: { kind: 'link', web, app: `discord://-/channels/${GUILD}/${CHANNEL}` } };

test('without settings it says what is missing, and what it is for', () => {
  const { status, stderr } = spawnSync(process.execPath, ['server.ts'], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, GUILD_ID: GUILD, CHANNEL_ID: 'lobby', GAME_TOKEN_SECRET: 'short' },
  });
  expect(status).toBe(1);
  for (const name of ['PATCHBAY_URL', 'GAME_TOKEN_SECRET', 'GAME_TOKEN_ISSUER', 'CHANNEL_ID']) {
    expect(stderr).toMatch(new RegExp(`^  ${name}: .{20}`, 'm'));
  }
  expect(stderr).not.toContain('GUILD_ID');
});

describe.skipIf(!chromium)('in Chromium', () => {
  let hub: FakeHub;
  let server: ChildProcess;
  let url: string;
  let browser: Browser;
  let page: Page;
  /** What the browser complained about. */
  let complaints: string[];

  beforeAll(async () => {
    const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
    const built = spawnSync(process.execPath, [vite, 'build'], { cwd: root, encoding: 'utf8' });
    expect(built.status, built.stderr).toBe(0);
    hub = await new FakeHub().start();
    server = spawn(process.execPath, ['server.ts'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        PATCHBAY_URL: hub.url,
        GAME_TOKEN_SECRET: SECRET,
        GAME_TOKEN_ISSUER: 'four-in-a-row',
        GUILD_ID: GUILD,
        CHANNEL_ID: CHANNEL,
        PORT: '0',
      },
    });
    if (!server.stdout) throw new Error('no output');
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    url = /http:\S+/.exec(line)?.[0] ?? '';
    browser = await launchChromium(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill();
    await hub?.stop();
  });
  beforeEach(async () => {
    hub.join(PLAYER);
    const context = await browser.newContext({ viewport: { width: 1100, height: 760 } });
    await context.route('https://discord.com/**', (route) => route.fulfill({ body: 'Discord' }));
    await context.addInitScript(() => {
      // How often the dialog came up.
      Object.assign(window, { dialogs: 0 });
      new MutationObserver((records) => {
        for (const { addedNodes } of records) {
          for (const node of addedNodes)
            if (node instanceof HTMLDialogElement) Object.assign(window, { dialogs: 1 + dialogCount() });
        }
      }).observe(document, { childList: true, subtree: true });
      function dialogCount(): number {
        return (window as unknown as { dialogs: number }).dialogs;
      }
    });
    page = await context.newPage();
    complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    return () => context.close();
  });

  const dialogs = () => page.evaluate(() => (window as unknown as { dialogs: number }).dialogs);
  const modal = () => page.getByRole('dialog', { name: 'You dropped out of voice' });
  const rejoin = () => page.getByRole('button', { name: 'Rejoin voice' });
  /** `waitFor` of what cannot be told apart by role: what lies behind a modal dialog has none. */
  const toast = (text: string) => page.locator('.toast', { hasText: text }).waitFor();
  const photograph = async (name: string) => {
    const folder = process.env.SCREENSHOT_FOLDER;
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
  };

  async function sitDown(): Promise<string> {
    const auth = once(hub, 'auth');
    await page.goto(url);
    await page.getByLabel('Your Discord user id').fill(PLAYER);
    await page.getByRole('button', { name: 'Sit down' }).click();
    await page.getByText('in voice', { exact: true }).waitFor();
    const [{ token }] = await auth;
    return token;
  }

  test('the token says who plays, for whom, where, and not for long', async () => {
    const token = await sitDown();
    const { payload } = await jwtVerify(token, new TextEncoder().encode(SECRET), { audience: 'patchbay' });
    expect(decodeProtectedHeader(token).alg).toBe('HS256');
    const { iat = 0, exp = 0, ...claims } = payload;
    expect(claims).toEqual({ iss: 'four-in-a-row', aud: 'patchbay', sub: PLAYER, guilds: [GUILD], scope: 'self' });
    expect(exp - iat).toBeLessThanOrEqual(900);
    const stranger = await fetch(new URL('/token', url), { method: 'POST' });
    expect(stranger.status).toBe(401);
    expect((await fetch(new URL('/..%2fserver.ts', url))).status).toBe(404);
  });

  test('dropped out: the dialog opens, each failure of Rejoin is a toast, coming back closes it', async () => {
    await sitDown();
    await page.mouse.move(5, 5);
    await photograph('game-room');
    hub.leave(PLAYER, 'moderator');
    await modal().waitFor();
    await page.getByText('A moderator disconnected you.').waitFor();
    await page.mouse.move(5, 5);
    const failures: [number, string, string][] = [
      [409, 'channel_full', 'The channel is full. Try again when somebody has left.'],
      [403, 'not_in_guild', 'You are no longer a member of this server.'],
      [404, 'channel_gone', 'The voice channel no longer exists.'],
      [403, 'no_permission', 'You may not join this channel. Ask a moderator.'],
      [503, 'discord_unavailable', 'Discord does not answer. Try again in a moment.'],
      [401, 'token_refused', 'The token was refused. Sign in again.'],
      [429, 'too_many_requests', 'Too many tries. Wait a moment.'],
    ];
    for (const [status, code, message] of failures) {
      hub.rejoinAnswer = { status, body: { code, message } };
      const asked = once(hub, 'rejoin');
      await rejoin().click();
      const [{ url: path, body }] = await asked;
      expect([path, body]).toEqual([`/api/guilds/${GUILD}/voice/rejoin`, { channelId: CHANNEL }]);
      await toast(message);
      await page.getByRole('alert').getByText(message).waitFor();
      if (code === 'channel_full') await photograph('game-room-dropped-out');
    }
    hub.rejoinAnswer = { status: 200, body: { kind: 'moved' } };
    await rejoin().click();
    await page.getByRole('button', { name: 'Rejoining…' }).waitFor();
    hub.join(PLAYER);
    await modal().waitFor({ state: 'detached' });
    await toast('You are in voice.');
    expect(await dialogs()).toBe(1);
    // Refused fetches are reported by the browser itself; nothing else is wrong, and the page's own policy allows all it does.
    expect(complaints.filter((text) => !text.startsWith('Failed to load resource'))).toEqual([]);
  });

  test('a link opens Discord, stays in the dialog, and is gone when the player is back', async () => {
    await sitDown();
    hub.leave(PLAYER);
    await modal().waitFor();
    hub.rejoinAnswer = link;
    const opened = page.context().waitForEvent('page');
    await rejoin().click();
    const discord = await opened;
    await discord.waitForURL(web);
    await discord.close();
    expect(await page.getByRole('link', { name: 'Open the app' }).getAttribute('href')).toBe(link.body.app);
    await photograph('game-room-link');
    hub.join(PLAYER);
    await modal().waitFor({ state: 'detached' });
    hub.leave(PLAYER);
    await modal().waitFor();
    expect(await page.getByRole('link').count()).toBe(0);
  });

  test('moved to another channel is dropped out; staying without voice plays on, with a way back', async () => {
    await sitDown();
    hub.join(PLAYER, OTHER_CHANNEL);
    await page.getByText('You were moved to another channel.').waitFor();
    await page.keyboard.press('Escape');
    await modal().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Column 1:' }).click();
    await page.getByText('not in voice', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Back into voice' }).click();
    await modal().waitFor();
    expect(await dialogs()).toBe(2);
  });

  test('Leave leaves the room and the hub', async () => {
    await sitDown();
    hub.leave(PLAYER);
    await modal().waitFor();
    await modal().getByRole('button', { name: 'Leave the room' }).click();
    await page.getByText('You left the room.').waitFor();
    while (hub.open > 0) await once(hub, 'closed');
    const back = once(hub, 'accepted');
    await page.getByRole('button', { name: 'Come back' }).click();
    await back;
    expect(await dialogs()).toBe(1);
  });

  test.each(['replayed', 'forgotten'] as const)(
    'cut off for ten seconds: the drop-out arrives, once (%s)',
    async (how) => {
      await page.clock.install();
      await sitDown();
      await hub.stop();
      await page.getByText('connection lost, trying again…').waitFor();
      hub.leave(PLAYER, 'network', 0.6);
      if (how === 'forgotten') hub.forget();
      await page.clock.runFor(10_000);
      expect(await dialogs()).toBe(0);
      await hub.start();
      const back = once(hub, 'accepted');
      await page.clock.runFor(20_000);
      await back;
      await modal().waitFor();
      // Cut off and resumed once more: it is not told again.
      await page.getByRole('button', { name: 'Stay without voice' }).click();
      await page.getByText('watching').waitFor();
      hub.closeAll(1012);
      const again = once(hub, 'accepted');
      await page.clock.runFor(20_000);
      await again;
      hub.join(PLAYER);
      await toast('You are in voice.');
      expect(await dialogs()).toBe(1);
    },
  );

  test('a browser without network waits for it, and catches up at once', async () => {
    await page.clock.install();
    await sitDown();
    await page.context().setOffline(true);
    await page.getByText('no network, waiting for it…').waitFor();
    const connections = hub.connections;
    hub.leave(PLAYER);
    await page.clock.runFor(10_000);
    expect(hub.connections).toBe(connections);
    await page.context().setOffline(false);
    await modal().waitFor();
    expect(hub.connections).toBe(connections + 1);
    expect(await dialogs()).toBe(1);
  });

  test('a drop-out that mends itself within the grace opens nothing', async () => {
    await page.clock.install();
    await sitDown();
    await page.clock.pauseAt(Date.now() + 60_000);
    hub.leave(PLAYER);
    await page.getByText('not in voice', { exact: true }).waitFor();
    await page.clock.runFor(999);
    hub.join(PLAYER);
    await page.getByText('in voice', { exact: true }).waitFor();
    await page.clock.runFor(60_000);
    expect(await dialogs()).toBe(0);
  });

  test('in the dark, and on a phone', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await sitDown();
    await page.mouse.move(5, 5);
    await photograph('game-room-dark');
    hub.leave(PLAYER, 'network', 0.6);
    await modal().waitFor();
    await photograph('game-room-dropped-out-dark');
    await page.setViewportSize({ width: 360, height: 640 });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    for (const button of await modal().getByRole('button').all()) {
      const box = await button.boundingBox();
      expect((box?.y ?? 1_000) + (box?.height ?? 0)).toBeLessThanOrEqual(640);
    }
    await photograph('game-room-phone');
  });
});
