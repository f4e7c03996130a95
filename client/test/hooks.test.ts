// @vitest-environment node
/** The React hooks in Chromium, in strict mode, against a hub that the test plays. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findChromium, launchChromium, servePage } from './browser.ts';
import { CHANNEL, type FakeHub, GUILD } from './fake-hub.ts';
import { nextAuth, startHub } from './follow.ts';

const chromium = findChromium();

describe.skipIf(!chromium)('in Chromium', () => {
  let browser: Browser;
  let served: Awaited<ReturnType<typeof servePage>>;
  beforeAll(async () => {
    served = await servePage('hooks-page.tsx');
    browser = await launchChromium(chromium ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    served?.close();
  });

  async function openPage(hub: FakeHub): Promise<{ page: Page; says: (id: string, text: string) => Promise<void> }> {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`${served.url}?hub=${encodeURIComponent(hub.url)}&guild=${GUILD}`);
    const says = (id: string, text: string) =>
      page
        .locator(`#${id}`)
        .filter({ hasText: new RegExp(`^${text}$`) })
        .waitFor({ state: 'attached' });
    return { page, says };
  }

  test('the member, where they are, why they dropped out, and that they are back', async () => {
    const hub = await startHub();
    hub.join('1');
    const { says } = await openPage(hub);
    await says('status', 'live');
    await says('channel', CHANNEL);
    hub.leave('1', 'unknown', 0);
    await says('calls', 'left:unknown');
    await says('channel', 'null');
    hub.publish('voice.cause', { guildId: GUILD, userId: '1', cause: { kind: 'moderator', certainty: 1 } });
    await says('dropout', 'moderator');
    hub.join('1');
    await says('dropout', 'undefined');
    await says('cause', 'moderator');
    await says('calls', `left:unknown joined:${CHANNEL}`);
    expect(hub.open).toBe(1);
  });

  test('captions and sessions', async () => {
    const hub = await startHub();
    const { says } = await openPage(hub);
    // What is said before the page is there is not for it.
    await says('status', 'live');
    await says('session', 'none');
    const say = (event: 'caption.partial' | 'caption.final', text: string) =>
      hub.publish(event, { guildId: GUILD, userId: '1', text });
    say('caption.partial', 'good');
    await says('captions', 'good…');
    say('caption.final', 'good evening');
    say('caption.partial', 'all');
    await says('captions', 'good evening. all…');
    const session = {
      sessionId: 's',
      mode: 'bridge',
      state: 'active',
      startedAt: 1,
      legs: [],
      recording: false,
      stored: [],
    };
    hub.publish('session.state', { guildId: GUILD, session });
    hub.publish('session.warning', { guildId: GUILD, sessionId: 's', secondsLeft: 60 });
    await says('session', 's active 60');
    hub.publish('session.state', { guildId: GUILD, session: { ...session, state: 'ended' } });
    await says('session', 'none');
  });

  test('the getToken of the latest rendering is asked, without a new connection for it', async () => {
    const hub = await startHub();
    const { page, says } = await openPage(hub);
    await says('status', 'live');
    await page.getByRole('button', { name: 'Sign in again' }).click();
    const before = hub.connections;
    hub.join('1');
    await says('channel', CHANNEL);
    expect(hub.connections).toBe(before);
    const next = nextAuth(hub);
    hub.closeAll(1012);
    expect((await next).auth.token).toBe('token-of-1-signed-in-again');
  });

  test('another member is another connection; gone from the page is gone from the hub; an error is shown', async () => {
    const hub = await startHub();
    const { page, says } = await openPage(hub);
    await says('status', 'live');
    const next = nextAuth(hub);
    await page.getByRole('button', { name: 'Other' }).click();
    expect((await next).auth).toEqual({ v: 1, type: 'auth', token: 'token-of-2' });
    await says('status', 'live');
    hub.closeAll(4003);
    await says('error', 'not_your_guild');
    await page.getByRole('button', { name: 'None' }).click();
    await page.locator('#status').waitFor({ state: 'detached' });
    expect(hub.open).toBe(0);
  });
});
