/** Who sees what on the hub of a running Worker: roles, overwrites, their changes, and the end of a membership. */
import type { VoiceChannel } from '@patchbay/shared/events';
import type { PresenceSnapshot, ServerMessage } from '@patchbay/shared/hub-protocol';
import { permissionBits } from '@patchbay/shared/permissions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import { JWT_SECRET, left, person, startWorld, TestBrowser, TestNode, type World } from './world.ts';

const { Administrator, ViewChannel } = permissionBits;
const OPEN = '20';
const STAFF = '21';
/** Role that the staff channel is open to. */
const KEY_ROLE = '70';
const ADMIN_ROLE = '71';
const OWNER = '9';

let world: World;
let node: TestNode;
beforeAll(async () => {
  world = await startWorld();
  node = new TestNode(world, 'node-1');
  const guildIds = ['101', '102', '103', '104', '105', '106', '107'];
  await node.connect([{ identityId: '501', guildIds }]);
});
afterAll(() => world.close());

const staffOnly = (guildId: string): VoiceChannel['overwrites'] => [
  { id: guildId, type: 'role', allow: '0', deny: String(ViewChannel) },
  { id: KEY_ROLE, type: 'role', allow: String(ViewChannel), deny: '0' },
];

/** An open channel and one for staff, as the node reports them. */
function picture(
  guildId: string,
  members: ReturnType<typeof person>[] = [],
  staff: VoiceChannel['overwrites'] = staffOnly(guildId),
  membersReported = false,
) {
  const roles = [
    { roleId: guildId, permissions: String(ViewChannel) },
    { roleId: ADMIN_ROLE, permissions: String(Administrator) },
  ];
  return {
    type: 'voice.snapshot' as const,
    guildId,
    guildName: `Guild ${guildId}`,
    identityId: '501',
    channels: [
      { channelId: OPEN, name: 'open', overwrites: [] },
      { channelId: STAFF, name: 'staff', ...(staff ? { overwrites: staff } : {}) },
    ],
    members,
    access: { ownerId: OWNER, roles, membersReported },
  };
}

async function look(guildId: string, userId: string, roles: string[] = [], scope: 'guild' | 'self' = 'guild') {
  world.discord.members.set(`${guildId}:${userId}`, roles);
  const { token } = await mintToken(JWT_SECRET, { sub: userId, guilds: [guildId], scope });
  const browser = new TestBrowser(world, guildId);
  await browser.auth(token);
  return { browser, token, first: payloadOf(await browser.event('presence.snapshot')) };
}
const payloadOf = (message: ServerMessage) => (message as unknown as { payload: PresenceSnapshot }).payload;
const channelsOf = (snapshot: PresenceSnapshot) => snapshot.channels.map(({ channelId }) => channelId);
const peopleOf = (snapshot: PresenceSnapshot) => snapshot.members.map(({ userId }) => userId);
/** What a browser was told of people, in words. */
const heard = (browser: TestBrowser) =>
  browser.inbox.all.flatMap((message) => {
    if (message.type !== 'event' || !message.event.startsWith('voice.')) return [];
    const { payload } = message as unknown as { payload: { userId?: string; member?: { userId: string } } };
    return [`${message.event} ${payload.userId ?? payload.member?.userId}`];
  });
/** Everybody sees the open channel, so whoever joins it last was seen after all else that there was to see. */
const settle = async (guildId: string, userId: string, browsers: TestBrowser[]) => {
  await node.report({ type: 'voice.joined', guildId, member: person(userId, OPEN) });
  const isIt = (payload: Record<string, unknown>) => (payload.member as { userId: string }).userId === userId;
  await Promise.all(browsers.map((browser) => browser.event('voice.joined', isIt)));
};

test('events and snapshots reach those who may see their channel: by roles, as owner, as administrator', async () => {
  await node.report(picture('101', [person('31', STAFF), person('32', OPEN)]));
  const plain = await look('101', '1');
  const staff = await look('101', '2', [KEY_ROLE]);
  const admin = await look('101', '3', [ADMIN_ROLE]);
  const owner = await look('101', OWNER);
  expect(channelsOf(plain.first)).toEqual([OPEN]);
  expect(peopleOf(plain.first)).toEqual(['32']);
  for (const { first } of [staff, admin, owner]) {
    expect(channelsOf(first)).toEqual([OPEN, STAFF]);
    expect(peopleOf(first)).toEqual(['31', '32']);
  }
  await node.report(
    { type: 'voice.joined', guildId: '101', member: person('33', STAFF) },
    { type: 'voice.flags', guildId: '101', member: { ...person('33', STAFF), serverMute: true } },
    { type: 'voice.moved', guildId: '101', member: person('33', OPEN), previousChannelId: STAFF },
    { type: 'voice.moved', guildId: '101', member: person('32', STAFF), previousChannelId: OPEN },
    left('101', STAFF, '32'),
  );
  const speaking = { v: 1, type: 'ephemeral', event: 'voice.speaking', guildId: '101', userId: '31' } as const;
  node.send({ ...speaking, channelId: STAFF, speaking: true });
  await staff.browser.event('voice.speaking');
  const browsers = [plain, staff, admin, owner].map(({ browser }) => browser);
  await settle('101', '34', browsers);
  // Out of sight is left, into sight is joined; nothing else of the staff channel is told.
  expect(heard(plain.browser)).toEqual(['voice.joined 33', 'voice.left 32', 'voice.joined 34']);
  expect(JSON.stringify(plain.browser.inbox.all)).not.toContain(`"${STAFF}"`);
  const all = ['voice.joined 33', 'voice.flags 33', 'voice.moved 33', 'voice.moved 32', 'voice.left 32'];
  for (const { browser } of [staff, admin, owner]) {
    expect(heard(browser).filter((each) => !each.startsWith('voice.speaking'))).toEqual([...all, 'voice.joined 34']);
  }
  const presence = await world.fetch('/api/guilds/101/presence', {
    headers: { authorization: `Bearer ${plain.token}` },
  });
  const { snapshot } = (await presence.json()) as { snapshot: PresenceSnapshot };
  expect(channelsOf(snapshot)).toEqual([OPEN]);
});

test('a channel whose overwrites were not told is seen by administrators alone', async () => {
  await node.report(picture('102', [person('31', STAFF)]));
  const bare = {
    ...picture('102', [person('31', STAFF)]),
    channels: [{ channelId: STAFF, name: 's' }],
  };
  await node.report(bare);
  expect(channelsOf((await look('102', '1', [KEY_ROLE])).first)).toEqual([]);
  expect(channelsOf((await look('102', '3', [ADMIN_ROLE])).first)).toEqual([STAFF]);
});

test('changed overwrites: those who see something else get a resync and a snapshot at once, the others nothing', async () => {
  await node.report(picture('103', [person('31', STAFF)]));
  const plain = await look('103', '1');
  const staff = await look('103', '2', [KEY_ROLE]);
  const before = plain.browser.inbox.all.length;
  const open = [{ id: '1', type: 'member' as const, allow: String(ViewChannel), deny: '0' }];
  await node.report(picture('103', [person('31', STAFF)], [...(staffOnly('103') ?? []), ...open]));
  await plain.browser.event('resync');
  const isNew = (message: ServerMessage) => message.type === 'event' && message.event === 'presence.snapshot';
  expect(peopleOf(payloadOf(await plain.browser.inbox.next(isNew, before)))).toEqual(['31']);
  // Closed to the staff's role, open to everybody, in one step.
  await node.report(picture('103', [person('31', STAFF)], [{ id: KEY_ROLE, type: 'role', allow: '0', deny: '1024' }]));
  await staff.browser.event('resync');
  const closed = staff.browser.inbox.all.length;
  await settle('103', '35', [plain.browser, staff.browser]);
  await node.report({ type: 'voice.joined', guildId: '103', member: person('36', STAFF) });
  await settle('103', '37', [plain.browser, staff.browser]);
  const later = staff.browser.inbox.all.slice(closed);
  expect(JSON.stringify(later)).not.toContain(`"${STAFF}"`);
  expect(heard(plain.browser).slice(-3)).toEqual(['voice.joined 35', 'voice.joined 36', 'voice.joined 37']);
});

test('a new channel, a new name and a deleted channel reach the page as a fresh picture', async () => {
  await node.report(picture('104'));
  const { browser } = await look('104', '1');
  const next = async () => {
    const from = browser.inbox.all.length;
    return async () =>
      payloadOf(await browser.inbox.next((m) => m.type === 'event' && m.event === 'presence.snapshot', from));
  };
  const created = await next();
  await node.report({
    type: 'channel.created',
    guildId: '104',
    channel: { channelId: '22', name: 'new', overwrites: [] },
  });
  expect((await created()).channels.map(({ name }) => name)).toEqual(['open', 'new']);
  const deleted = await next();
  await node.report({ type: 'channel.deleted', guildId: '104', channelId: '22' });
  expect(channelsOf(await deleted())).toEqual([OPEN]);
  const renamed = await next();
  await node.report({ ...picture('104'), guildName: 'Renamed' });
  expect((await renamed()).guildName).toBe('Renamed');
});

test('roles that are taken away and memberships that end are told by the node: a fresh picture, and 4003', async () => {
  await node.report(picture('105', [person('31', STAFF)], staffOnly('105'), true));
  const staff = await look('105', '2', [KEY_ROLE]);
  const self = await look('105', '4', [], 'self');
  expect(world.discord.asked).not.toContain('105:4');
  const from = staff.browser.inbox.all.length;
  // In one batch: what comes after the change is filtered by it.
  await node.report(
    { type: 'member.roles', guildId: '105', userId: '2', roles: [] },
    { type: 'voice.joined', guildId: '105', member: person('32', STAFF) },
  );
  await settle('105', '33', [staff.browser]);
  const later = staff.browser.inbox.all.slice(from);
  expect(JSON.stringify(later)).not.toContain('"32"');
  expect(later[0]).toMatchObject({ type: 'event', event: 'resync' });
  await node.report(
    { type: 'member.removed', guildId: '105', userId: '2' },
    { type: 'member.removed', guildId: '105', userId: '4' },
  );
  expect(await staff.browser.closed).toBe(4003);
  expect(await self.browser.closed).toBe(4003);
  expect(staff.browser.inbox.all.at(-1)).toMatchObject({ type: 'error', code: 'not_a_member' });
  const again = new TestBrowser(world, '105');
  await again.auth(staff.token);
  expect(await again.closed).toBe(4003);
});

test('who may see something else after a reconnection gets a resync, not a replay', async () => {
  await node.report(picture('106', [person('31', STAFF)], staffOnly('106'), true));
  const staff = await look('106', '2', [KEY_ROLE]);
  const ack = staff.browser.inbox.all.find((message) => message.type === 'ack');
  if (ack?.type !== 'ack' || !('epoch' in ack)) throw new Error('no auth.ok');
  staff.browser.socket.close();
  await staff.browser.closed;
  await node.report({ type: 'voice.joined', guildId: '106', member: person('32', STAFF) });
  const since = { epoch: ack.epoch, seq: ack.seq };
  const replayed = new TestBrowser(world, '106');
  await replayed.auth(staff.token, since);
  await replayed.event('voice.joined');
  expect(replayed.inbox.all.some((message) => message.type === 'event' && message.event === 'resync')).toBe(false);
  await node.report({ type: 'member.roles', guildId: '106', userId: '2', roles: [] });
  await replayed.event('resync');
  const again = new TestBrowser(world, '106');
  await again.auth(staff.token, since);
  await again.event('resync');
  expect(peopleOf(payloadOf(await again.event('presence.snapshot')))).toEqual([]);
  expect(JSON.stringify(again.inbox.all)).not.toContain('"32"');
});

test('many pages of one person ask Discord once, and who never was a member is refused', async () => {
  await node.report(picture('107'));
  const { token } = await mintToken(JWT_SECRET, { sub: '1', guilds: ['107'], scope: 'guild' });
  const pages = Array.from({ length: 5 }, () => new TestBrowser(world, '107'));
  await Promise.all(pages.map((page) => page.auth(token)));
  await Promise.all(pages.map((page) => page.event('presence.snapshot')));
  expect(world.discord.asked.filter((asked) => asked === '107:1')).toHaveLength(1);
  world.discord.members.set('107:2', null);
  const stranger = new TestBrowser(world, '107');
  await stranger.auth((await mintToken(JWT_SECRET, { sub: '2', guilds: ['107'], scope: 'guild' })).token);
  expect(await stranger.closed).toBe(4003);
});
