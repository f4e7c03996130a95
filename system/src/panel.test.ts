/** The panel of a call, as people see and press it: through the simulated Discord, the real Worker and the real voice node. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlMessage } from '@patchbay/sim/control-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { change } from './scenario/calls.ts';
import { type Scene, setScene } from './scenario/first-call.ts';
import type { PlayedSide } from './scenario/world.ts';
import { findChromium, launchChromium } from './stack/browser.ts';
import { Stack } from './stack/stack.ts';

let directory: string;
let scene: Scene;
let left: PlayedSide;
let right: PlayedSide;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-panel-'));
  scene = await setScene(await Stack.start({ directory }));
  [left, right] = scene.both;
  for (const side of scene.both) await setUp(side, 'panel', [{ name: 'text', type: 7, value: side.textChannelId }]);
}, 120_000);

afterAll(async () => {
  for (const watcher of scene?.watchers ?? []) watcher.close();
  await scene?.stack.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

const sim = () => scene.stack.sim;

async function setUp(
  side: PlayedSide,
  name: string,
  options: { name: string; type: number; value: string | boolean }[],
) {
  const answer = await sim().command({
    applicationId: scene.stack.application.applicationId,
    guildId: side.guildId,
    channelId: side.textChannelId,
    userId: side.ownerId,
    name: 'setup',
    options: [{ name, type: 1, options }],
  });
  expect(answer.outcome).toBe('message');
}

interface Component {
  content?: string;
  label?: string;
  custom_id?: string;
  components?: Component[];
}
const flatten = (components: readonly Component[]): Component[] =>
  components.flatMap((component) => [component, ...flatten(component.components ?? [])]);
const partsOf = (message: ControlMessage) => flatten(message.components as Component[]);
const textOf = (message: ControlMessage) =>
  partsOf(message)
    .flatMap(({ content }) => content ?? [])
    .join('\n');

/** The panel of a side once it says this. There is never more than one message of it. */
async function panelSaying(side: PlayedSide, words: string | RegExp): Promise<ControlMessage> {
  return sim().until(
    async () => {
      const panels = (await sim().messages(side.textChannelId)).filter((message) => partsOf(message).length > 0);
      expect(panels.length).toBeLessThanOrEqual(1);
      return panels.find((message) =>
        typeof words === 'string' ? textOf(message).includes(words) : words.test(textOf(message)),
      );
    },
    { what: `a panel of ${side.guildName} that says “${words}”`, timeoutMs: 30_000 },
  );
}

const press = async (message: ControlMessage, label: string, userId: string) => {
  const customId = partsOf(message).find((part) => part.label === label)?.custom_id ?? 'no such button';
  return sim().click({ userId, messageId: message.id, customId });
};
const first = (side: PlayedSide) => side.members[0]?.userId ?? '';

test('it is posted when a channel waits, and follows the call in the same message', async () => {
  await sim().join(first(left), left.channelId);
  const waiting = await panelSaying(left, 'Waiting for another server');
  await sim().join(first(right), right.channelId);
  const [here, there] = await Promise.all([
    panelSaying(left, `In a call with **${right.guildName}**`),
    panelSaying(right, `In a call with **${left.guildName}**`),
  ]);
  expect(here.id).toBe(waiting.id);
  expect(textOf(here)).toContain('end-to-end encrypted');
  expect(here.editedAt).not.toBeNull();
  expect(partsOf(there).flatMap(({ label }) => label ?? [])).toEqual(['Next', 'Stop', 'Report']);
});

test('it names who speaks on the other side, with the delay; of an anonymous server it only counts', async () => {
  const [{ name, userId }, other] = right.members as [PlayedSide['members'][0], PlayedSide['members'][0]];
  await sim().speak(userId, { clip: 'cleo-1' });
  const speaking = await panelSaying(left, `Speaking: ${name}`);
  expect(textOf(speaking)).toMatch(/(\d+|under 1) ms delay/);
  expect(textOf(speaking)).toContain('end-to-end encrypted');
  expect(textOf(await panelSaying(right, 'Nobody is speaking there'))).not.toContain(name);
  const channel = { name: 'channel', type: 7, value: right.channelId };
  await setUp(right, 'channel', [channel, { name: 'anonymous', type: 5, value: true }]);
  await sim().join(other.userId, right.channelId);
  await sim().ready(other.userId);
  await sim().speak(other.userId, { clip: 'dan-1' });
  const counted = textOf(await panelSaying(left, /\d (person is|people are) speaking there/));
  for (const member of right.members) expect(counted).not.toContain(member.name);
  await setUp(right, 'channel', [channel, { name: 'anonymous', type: 5, value: false }]);
});

test('a hold is shown on both sides', async () => {
  const { sessionId } = scene.watchers[0].sessions()[0] ?? { sessionId: '' };
  // A channel that is in the call already is answered with its leg.
  const leg = { guildId: right.guildId, channelId: right.channelId };
  const { legId } = (await change(scene.stack, sessionId, { change: 'attach', leg })) as { legId: string };
  await change(scene.stack, sessionId, { change: 'hold', legId, on: true });
  await Promise.all([
    panelSaying(left, `**${right.guildName}** (on hold)`),
    panelSaying(right, 'This side is on hold'),
  ]);
  await change(scene.stack, sessionId, { change: 'hold', legId, on: false });
  await panelSaying(left, `In a call with **${right.guildName}**\n`);
});

const chromium = findChromium();

test.skipIf(!chromium)('people see it in their text channel, and press it there', async () => {
  const browser = await launchChromium(chromium ?? '');
  try {
    const page = await browser.newPage({ viewport: { width: 1100, height: 720 } });
    await page.goto(scene.stack.simPageUrl);
    await page.getByRole('button', { name: left.guildName, exact: true }).click();
    await page.getByRole('button', { name: 'general', exact: true }).click();
    const panel = page.locator('.message', { hasText: `In a call with ${right.guildName}` });
    await panel.waitFor();
    if (process.env.SCREENSHOT_FILE) await page.screenshot({ path: process.env.SCREENSHOT_FILE });
    await page.getByRole('button', { name: 'Act as somebody else' }).click();
    await page.getByRole('menuitem', { name: left.members[0]?.name ?? '' }).click();
    await panel.getByRole('button', { name: 'Report' }).click();
    await page.getByRole('dialog').getByText('Report this call').waitFor();
  } finally {
    await browser.close();
  }
});

test('who is not in the channel may not press; a report asks why, and is kept', async () => {
  const panel = await panelSaying(left, 'In a call with');
  const { userId: stranger } = await sim().createMember(left.guildId, { name: 'stranger' });
  const refused = await press(panel, 'Stop', stranger);
  expect(refused.message?.content).toContain('Only people in');
  expect(refused.message?.visibleTo).toBe(stranger);
  await panelSaying(left, 'In a call with');

  const form = await press(panel, 'Report', first(left));
  expect(form.outcome).toBe('modal');
  const reported = await sim().submitModal({ interactionId: form.interactionId, fields: { reason: 'shouting' } });
  expect(reported.message?.content).toMatch(/[0-9A-Z]{26}/);
});

test('Stop ends the call for both; the panels say so, and have nothing left to press', async () => {
  const [here] = await Promise.all([panelSaying(left, 'In a call with'), panelSaying(right, 'In a call with')]);
  expect((await press(here, 'Stop', first(left))).outcome).toBe('message');
  const after = await Promise.all(scene.both.map((side) => panelSaying(side, 'Somebody ended it.')));
  for (const panel of after) expect(partsOf(panel).some(({ label }) => label !== undefined)).toBe(false);
});

test('without a text channel there is no panel any more', async () => {
  await setUp(right, 'panel', []);
  await sim().until(async () => {
    const messages = await sim().messages(right.textChannelId);
    return messages.every((message) => partsOf(message).length === 0);
  });
});
