/** The first call, whole: real processes, looked at from outside. One start serves all tests of this file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FirstCall, joinAll, leaveAll, playCall, type Scene, setScene } from './scenario/first-call.ts';
import { rowsOf, table } from './scenario/report.ts';
import { findChromium, launchChromium } from './stack/browser.ts';
import { mintCode } from './stack/hub.ts';
import { Stack } from './stack/stack.ts';

let directory: string;
let scene: Scene;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-test-'));
  scene = await setScene(await Stack.start({ directory }), { captions: true });
}, 120_000);

afterAll(async () => {
  for (const watcher of scene?.watchers ?? []) watcher.close();
  const ends = (await scene?.stack.stop()) ?? [];
  // Asked to end, the voice node and the simulators finish by themselves; wrangler dies of the signal.
  expect(ends.filter(({ name, code }) => name !== 'worker' && code !== 0)).toEqual([]);
  await rm(directory, { recursive: true, force: true });
}, 60_000);

const chromium = findChromium();
/** CI installs Chromium; a machine without one runs the rest. */
const mustBrowse = process.env.CI === 'true' || chromium !== undefined;

describe('two servers talk', () => {
  let call: FirstCall;
  const shown: Record<string, string> = {};

  beforeAll(async () => {
    const browser = mustBrowse ? await launchChromium(chromium ?? '/usr/bin/chromium') : undefined;
    const page = await browser?.newPage({ viewport: { width: 1180, height: 680 }, colorScheme: 'light' });
    if (page) await openPage(page);
    let spokenLines = 0;
    call = await playCall(scene, {
      onLine: () => {
        spokenLines += 1;
        // In the middle of the overlapping lines: people are shown speaking.
        if (spokenLines === 6 && page) void lookDuring(page).then((text) => Object.assign(shown, text));
        if (spokenLines === 9 && page) void lookAtCaptions(page).then((text) => Object.assign(shown, text));
      },
    });
    if (page) {
      await page.waitForSelector('article[data-state=ended]');
      await page.waitForFunction(() => document.querySelectorAll('.stored li').length === 4);
      shown.after = await page.innerText('main');
    }
    await browser?.close();
  }, 150_000);

  async function openPage(page: Page): Promise<void> {
    const { stack, both } = scene;
    const code = await mintCode(
      stack.workerUrl,
      stack.hubSecret,
      both[0].ownerId,
      both.map(({ guildId }) => guildId),
    );
    await page.goto(`${stack.workerUrl}/#code=${code}`);
    await page.waitForFunction(() => document.querySelectorAll('.connection.live').length === 2);
    shown.address = page.url();
  }

  async function lookDuring(page: Page): Promise<Record<string, string>> {
    await page.waitForSelector('article[data-state=active]');
    await page.waitForSelector('.member.speaking');
    const file = process.env.SCREENSHOT_FILE ?? join(directory, 'dashboard.png');
    await page.screenshot({ path: file });
    return { during: await page.innerText('main') };
  }

  async function lookAtCaptions(page: Page): Promise<Record<string, string>> {
    await page.waitForSelector('.caption.partial');
    const path = process.env.CAPTIONS_SCREENSHOT_FILE ?? join(directory, 'captions.png');
    await page.setViewportSize({ width: 1200, height: 760 });
    await page.evaluate(() => document.querySelector('.captions')?.scrollIntoView({ block: 'end' }));
    await page.screenshot({ path });
    return { captions: await page.innerText('.captions') };
  }

  test('every promise of the scenario is seen', () => {
    const rows = rowsOf(call);
    expect(
      rows.filter(({ ok }) => !ok),
      table(rows),
    ).toEqual([]);
  });

  test('each side hears six or five utterances of the other, none of its own', () => {
    const heard = call.listeners.map(({ name, verdicts }) => [name, verdicts.filter(({ routed }) => routed).length]);
    expect(heard).toEqual([
      ['Ada', 5],
      ['Ben', 5],
      ['Cleo', 6],
      ['Dan', 6],
    ]);
  });

  test.runIf(mustBrowse)('the page shows the call while it lasts, and its recordings afterwards', () => {
    expect(shown.address).not.toContain('code=');
    for (const text of [
      'Harbour Games',
      'Mountain Lodge',
      'Ada',
      'Dan',
      'active',
      'recording',
      'end-to-end encrypted',
    ]) {
      expect(shown.during).toContain(text);
    }
    expect(shown.during).toMatch(/speaking/);
    expect(shown.captions).toMatch(/captions on.*Ada Hello over there, can you hear us\?.*Cleo/s);
    expect(shown.after).toContain('Ended: everybody left one side.');
    expect(shown.after?.match(/\.ogg/g)).toHaveLength(4);
  });

  test('the bot left both channels and took the notice off its name', async () => {
    const { stack, both } = scene;
    for (const { guildId } of both) {
      expect(await stack.sim.voiceStates(guildId)).toEqual([]);
      expect((await stack.sim.nickname(guildId, stack.application.botUserId)) ?? '').not.toContain('[REC]');
    }
  });
});

test('people who come back get a new call', async () => {
  const first = scene.watchers[0].sessions()[0]?.sessionId;
  const again = await joinAll(scene);
  expect(again.sessionId).not.toBe(first);
  const { stack, both } = scene;
  expect(await stack.sim.nickname(both[0].guildId, stack.application.botUserId)).toContain('[REC]');
  const ended = await leaveAll(scene, again.sessionId, 0);
  expect(ended.endReason).toBe('user_left');
}, 60_000);

test.runIf(mustBrowse)(
  'a member signs in with Discord, sees the server, and signs out',
  async () => {
    const { stack, both } = scene;
    const [ada] = both[0].members;
    const browser = await launchChromium(chromium ?? '/usr/bin/chromium');
    try {
      const page = await browser.newPage();
      await page.goto(stack.workerUrl);
      await page.click('text=Sign in with Discord');
      // On the simulated Discord's own page.
      await page.check(`input[name=user_id][value="${ada?.userId}"]`);
      await page.click('button[value=cancel]');
      await page.waitForSelector('text=You have cancelled at Discord');
      await page.click('text=Sign in with Discord');
      await page.check(`input[name=user_id][value="${ada?.userId}"]`);
      await page.click('button[value=authorize]');
      await page.waitForSelector('.connection.live');
      expect(await page.locator('.connection').count()).toBe(1);
      expect(await page.innerText('.guilds h2')).toContain(both[0].guildName);
      expect(page.url()).toBe(`${stack.workerUrl}/`);
      // The cookie outlives the page; no script can read it.
      await page.reload();
      await page.waitForSelector('.connection.live');
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.click('text=Sign out');
      await page.waitForSelector('text=You have signed out');
      await page.reload();
      await page.waitForSelector('text=You are not signed in');
    } finally {
      await browser.close();
    }
  },
  60_000,
);
