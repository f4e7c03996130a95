/** Roles of viewers where no voice node reports them: Discord is asked, again and again, and may be away. */
import { permissionBits } from '@patchbay/shared/permissions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { JWT_SECRET, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

let world: World;
let node: TestNode;
beforeAll(async () => {
  world = await startWorld({ VIEWER_CHECK_MS: '100' });
  node = new TestNode(world, 'node-1');
  await node.connect([{ identityId: '501', guildIds: ['101', '102'] }]);
});
afterAll(() => world.close());

/** Only a role opens the channel. */
function keyed(guildId: string) {
  const draft = snapshot(guildId, '501', `2${guildId}`, [person('31', `2${guildId}`)]);
  if (draft.type !== 'voice.snapshot') throw new Error('no snapshot');
  const allow = { roleId: '70', permissions: String(permissionBits.ViewChannel) };
  return { ...draft, access: { ownerId: '9', roles: [allow], membersReported: false } };
}
async function look(guildId: string, userId: string): Promise<TestBrowser> {
  const browser = new TestBrowser(world, guildId);
  await browser.auth((await mintToken(JWT_SECRET, { sub: userId, guilds: [guildId], scope: 'guild' })).token);
  return browser;
}

test('a role that is given is found out by asking, and so is the end of a membership', async () => {
  await node.report(keyed('101'));
  const browser = await look('101', '1');
  expect(await browser.event('presence.snapshot')).toMatchObject({ payload: { channels: [], members: [] } });
  world.discord.members.set('101:1', ['70']);
  await browser.event('resync');
  await browser.event('presence.snapshot', ({ members }) => (members as unknown[]).length === 1);
  world.discord.members.set('101:1', null);
  expect(await browser.closed).toBe(4003);
});

test('while Discord is away nobody new gets in, who is in stays for a while, and is then sent away to come again', async () => {
  world.discord.members.set('102:1', ['70']);
  await node.report(keyed('102'));
  const browser = await look('102', '1');
  await browser.event('presence.snapshot');
  world.discord.down = true;
  const late = await look('102', '2');
  expect(await late.closed).toBe(4013);
  expect(late.inbox.all.map((message) => message.type)).toEqual(['error']);
  expect(await browser.closed).toBe(4013);
  expect(browser.inbox.all.at(-1)).toMatchObject({ code: 'discord_unavailable' });
  world.discord.down = false;
  const again = await look('102', '1');
  await again.event('presence.snapshot', ({ members }) => (members as unknown[]).length === 1);
});
