// @vitest-environment node
/** The drop-out modal in Chromium: keyboard, what assistive technology is told, looks. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, launchChromium, servePage } from './browser.ts';

const chromium = findChromium();

describe.skipIf(!chromium)('in Chromium', () => {
  let browser: Browser;
  let served: Awaited<ReturnType<typeof servePage>>;
  let page: Page;
  beforeAll(async () => {
    served = await servePage('modal-page.tsx');
    browser = await launchChromium(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    served?.close();
  });
  beforeEach(async () => {
    const context = await browser.newContext({ viewport: { width: 900, height: 640 } });
    page = await context.newPage();
    await page.goto(served.url);
    return () => context.close();
  });

  const show = (shown: object) => page.evaluate((change) => window.show(change), shown);
  const calls = () => page.evaluate(() => window.calls);
  const dialog = () => page.getByRole('dialog');
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  const open = async () => {
    await page.getByRole('button', { name: 'Drop out' }).click();
    await dialog().waitFor();
  };

  test('it has a name and a description, and says what goes on as it changes', async () => {
    await show({ channelName: 'Game Night', cause: { kind: 'moderator', certainty: 1 } });
    await open();
    expect(await dialog().getAttribute('aria-modal')).toBe('true');
    const snapshot = await dialog().ariaSnapshot();
    expect(snapshot).toContain('dialog "You dropped out of voice"');
    const described = await dialog().evaluate((element) => {
      return document.getElementById(element.getAttribute('aria-describedby') ?? '')?.textContent;
    });
    expect(described).toBe('You are no longer in Game Night. A moderator disconnected you.');
    await show({ loading: true });
    await page.getByRole('status').getByText('Rejoining…').waitFor();
    await show({ loading: false, error: 'The channel is full.' });
    await page.getByRole('alert').getByText('The channel is full.').waitFor();
    const links = { web: 'https://discord.com/channels/1/2', app: 'discord://-/channels/1/2' };
    await show({ error: undefined, links });
    expect(await page.getByRole('link').evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual([
      links.app,
      links.web,
    ]);
    await show({ cause: { kind: 'moderator', certainty: 0.3 } });
    await page.getByText('A moderator').waitFor({ state: 'detached' });
  });

  test('the focus starts on Rejoin and goes round inside, both ways', async () => {
    await show({ dismissable: true });
    await open();
    const names = ['Rejoin voice', 'Stay without voice', 'Leave'];
    const seen: string[] = [await focused()];
    for (let step = 0; step < 6; step += 1) {
      await page.keyboard.press('Tab');
      seen.push(await focused());
    }
    expect(seen).toEqual([...names, ...names, names[0]]);
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).toBe('Leave');
    // Out of the dialog by program: the next Tab is back in it.
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press('Tab');
    expect(names).toContain(await focused());
  });

  test('the page behind it cannot be clicked or focused', async () => {
    await open();
    const box = await page.locator('button', { hasText: 'Background' }).boundingBox();
    await page.mouse.click((box?.x ?? 0) + 5, (box?.y ?? 0) + 5);
    await page.locator('button', { hasText: 'Background' }).evaluate((button) => button.focus());
    expect(await focused()).not.toBe('Background');
    expect(await calls()).toEqual([]);
    // Nor does a screen reader find it.
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    const named = nodes.filter(({ ignored }) => !ignored).map(({ name }) => name?.value);
    expect(named).toContain('Leave');
    expect(named).not.toContain('Background');
  });

  test('Esc leaves where there is nothing else to close it, and the focus goes back to where it was', async () => {
    await open();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    expect(await calls()).toEqual(['leave']);
    expect(await focused()).toBe('Drop out');
  });

  test('Esc plays on without voice where that is offered', async () => {
    await show({ dismissable: true });
    await open();
    // Nothing inside has the focus after a click beside the buttons.
    await page.getByRole('heading', { name: 'You dropped out of voice' }).click();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    expect(await calls()).toEqual(['dismiss']);
  });

  test('while it rejoins, Rejoin does nothing and keeps the focus; Leave still works', async () => {
    await open();
    await page.keyboard.press('Enter');
    await show({ loading: true });
    await page.getByRole('button', { name: 'Rejoining…' }).waitFor();
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Rejoining…');
    await page.getByRole('button', { name: 'Leave' }).click();
    expect(await calls()).toEqual(['rejoin', 'leave']);
  });

  test('a key that was held down when it opened presses nothing', async () => {
    await page.getByRole('button', { name: 'Background' }).focus();
    await page.keyboard.down(' ');
    await show({ open: true });
    await dialog().waitFor();
    await page.keyboard.down(' ');
    await page.keyboard.up(' ');
    await page.keyboard.down('Enter');
    await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    expect(await calls()).toEqual(['rejoin']);
  });

  test('Italian, and own words', async () => {
    await show({ italian: true, channelName: 'Serata giochi' });
    await open();
    expect(await dialog().ariaSnapshot()).toContain('dialog "Non sei più nel canale vocale"');
    await show({ italian: false, texts: { leave: 'Quit the match' } });
    await page.getByRole('button', { name: 'Quit the match' }).waitFor();
    await page.getByRole('button', { name: 'Rejoin voice' }).waitFor();
  });

  test('nothing moves for those who asked for reduced motion', async () => {
    const animations = () => dialog().evaluate((element) => element.getAnimations({ subtree: true }).length);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await show({ loading: true });
    await open();
    expect(await animations()).toBe(0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect(await animations()).toBeGreaterThan(0);
  });

  /** WCAG contrast of each text of the dialog against what is behind it. */
  function contrasts(): Promise<{ text: string; ratio: number }[]> {
    return dialog().evaluate((element) => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const rgb = (layers: string[]) => {
        if (!canvas) throw new Error('no canvas');
        for (const layer of layers) {
          canvas.fillStyle = layer;
          canvas.fillRect(0, 0, 1, 1);
        }
        return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
      };
      const luminance = (color: number[]) => {
        const [red = 0, green = 0, blue = 0] = color.map((value) => {
          const part = value / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const surface = getComputedStyle(element).backgroundColor;
      return [...element.querySelectorAll('h2, p, a, button, [role=status]')]
        .filter((each) => each.textContent)
        .map((each) => {
          const style = getComputedStyle(each);
          const front = luminance(rgb([surface, style.backgroundColor, style.color]));
          const back = luminance(rgb([surface, style.backgroundColor]));
          const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
          return { text: each.textContent ?? '', ratio };
        });
    });
  }

  test.each(['light', 'dark'] as const)('everything can be read in the %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const links = { web: 'https://discord.com/channels/1/2', app: 'discord://-/channels/1/2' };
    const cause = { kind: 'network', certainty: 1 };
    await show({ channelName: 'Game Night', cause, error: 'The channel is full.', links, dismissable: true });
    await open();
    const found = await contrasts();
    expect(found.length).toBeGreaterThanOrEqual(8);
    for (const { text, ratio } of found) expect(ratio, text).toBeGreaterThanOrEqual(4.5);
    const folder = process.env.SCREENSHOT_FOLDER;
    if (folder) await page.screenshot({ path: join(folder, `modal-${colorScheme}.png`) });
  });

  test('a theme of the page goes before the system’s, a colour of the page before both', async () => {
    const surface = () => dialog().evaluate((element) => getComputedStyle(element).backgroundColor);
    await page.emulateMedia({ colorScheme: 'light' });
    await open();
    const light = await surface();
    await page.evaluate(() => document.documentElement.setAttribute('data-patchbay-theme', 'dark'));
    const dark = await surface();
    expect(dark).not.toBe(light);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.evaluate(() => document.documentElement.setAttribute('data-patchbay-theme', 'light'));
    expect(await surface()).toBe(light);
    await page.evaluate(() => document.documentElement.style.setProperty('--patchbay-surface', 'rgb(1, 2, 3)'));
    expect(await surface()).toBe('rgb(1, 2, 3)');
  });
});
