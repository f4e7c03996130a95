/** The game room against the real system: a player is thrown out of voice in Discord, and the page knows, refuses, and lets back in. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type House, makeHouse } from './scenario/calls.ts';
import { findChromium, launchChromium } from './stack/browser.ts';
import { freePort } from './stack/free-port.ts';
import { Stack } from './stack/stack.ts';

const chromium = findChromium();
const game = join(import.meta.dirname, '../../examples/game-room');
const secret = 'a secret of the game, more than thirty-two characters';

describe.skipIf(!chromium)('in Chromium', () => {
  let directory: string;
  let stack: Stack;
  let house: House;
  let server: ChildProcess;
  let url: string;
  let browser: Browser;
  let page: Page;
  let playerId: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'patchbay-game-'));
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    stack = await Stack.start({
      directory,
      workerSettings: async (sim, application) => {
        house = await makeHouse(sim, 'Games', ['Table'], [application.botUserId]);
        const issuer = { issuer: 'four-in-a-row', algorithm: 'HS256', secret, guilds: [house.guildId] };
        return { TOKEN_ISSUERS: JSON.stringify([issuer]), ALLOWED_ORIGINS: origin };
      },
    });
    await stack.startNode();
    const [table] = house.rooms;
    playerId = table?.userId ?? '';
    await stack.sim.join(playerId, table?.channelId ?? '');
    const vite = join(dirname(createRequire(join(game, 'package.json')).resolve('vite/package.json')), 'bin/vite.js');
    const built = spawnSync(process.execPath, [vite, 'build'], { cwd: game, encoding: 'utf8' });
    expect(built.status, built.stderr).toBe(0);
    server = spawn(process.execPath, ['server.ts'], {
      cwd: game,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        PATCHBAY_URL: stack.workerUrl,
        GAME_TOKEN_SECRET: secret,
        GAME_TOKEN_ISSUER: 'four-in-a-row',
        GUILD_ID: house.guildId,
        CHANNEL_ID: table?.channelId ?? '',
        PORT: String(port),
      },
    });
    if (!server.stdout) throw new Error('no output');
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    url = /http:\S+/.exec(line)?.[0] ?? '';
    browser = await launchChromium(chromium ?? '');
    const context = await browser.newContext({ viewport: { width: 1100, height: 760 } });
    await context.route('https://discord.com/**', (route) => route.fulfill({ body: 'Discord' }));
    page = await context.newPage();
    // A step that does not come is named, not the whole test.
    page.setDefaultTimeout(10_000);
    await page.goto(url);
    await page.getByLabel('Your Discord user id').fill(playerId);
    await page.getByRole('button', { name: 'Sit down' }).click();
    await page.getByText('in voice', { exact: true }).waitFor();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.kill();
    await stack?.stop();
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  const modal = () => page.getByRole('dialog', { name: 'You dropped out of voice' });
  const rejoin = () => page.getByRole('button', { name: 'Rejoin voice' }).click();
  const toast = (text: string) => page.locator('.toast', { hasText: text }).waitFor();
  const back = async () => {
    await stack.sim.join(playerId, house.rooms[0]?.channelId ?? '');
    await modal().waitFor({ state: 'detached' });
  };

  test('thrown out of voice in Discord: the dialog opens, and closes when the player is back', async () => {
    await stack.sim.disconnect(house.guildId, playerId);
    await modal().waitFor();
    const folder = process.env.SCREENSHOT_FOLDER;
    if (folder) await page.screenshot({ path: join(folder, 'game-room-real.png') });
    const opened = page.context().waitForEvent('page');
    await rejoin();
    const discord = await opened;
    await discord.waitForURL(`https://discord.com/channels/${house.guildId}/${house.rooms[0]?.channelId}`);
    await discord.close();
    await back();
    await toast('You are in voice.');
  });

  test('without network meanwhile: the drop-out arrives, once', async () => {
    await page.context().setOffline(true);
    await page.getByText('no network, waiting for it…').waitFor();
    await stack.sim.leave(playerId);
    await page.context().setOffline(false);
    await modal().waitFor();
    await back();
    await page.getByText('in voice', { exact: true }).waitFor();
    expect(await modal().count()).toBe(0);
  });

  test('what Discord says is what the player reads: no answer, a channel that is gone, a server they were removed from', async () => {
    await stack.sim.leave(playerId);
    await modal().waitFor();
    const effect = { kind: 'status', status: 503 } as const;
    await stack.sim.setRestFault({ method: 'GET', path: `/guilds/${house.guildId}`, times: 1, effect });
    await rejoin();
    await toast('Discord does not answer now.');
    await stack.sim.deleteChannel(house.rooms[0]?.channelId ?? '');
    await rejoin();
    await toast('This voice channel does not exist any more.');
    await stack.sim.kick(house.guildId, playerId);
    await rejoin();
    await toast('You are not a member of this server any more.');
  });
});
