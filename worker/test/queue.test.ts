/** Queueing by joining under races and changes, and the circuit breaker: what the objects hold, seen from inside. */
import type { SessionView } from '@patchbay/shared/hub-protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GuildTicket } from '../src/guild/ticket.ts';
import { left, person, snapshot, startWorld, TestNode, type World } from './world.ts';

let world: World;
let node: TestNode;
const view = async (guildId: string) => (await world.env.GUILD.getByName(guildId).snapshot()).snapshot;
const kindOf = async (guildId: string) => (await view(guildId)).channels[0]?.state.kind;
const joined = (guildId: string, userId: string, channelId: string) =>
  ({ type: 'voice.joined', guildId, member: person(userId, channelId) }) as const;

/** The ticket that a channel waits with, as the matchmaker was told it. */
async function ticketOf(guildId: string, channelId: string): Promise<GuildTicket> {
  const storage = await world.harness.getWorker().getDurableObjectStorage('GUILD', { name: guildId });
  const rows = (await storage.exec('SELECT body FROM tickets WHERE channel_id = ?', channelId)) as { body: string }[];
  return JSON.parse(rows[0]?.body ?? '{}') as GuildTicket;
}
/** The ids of the tickets that wait in a pool. */
async function waitingIn(pool: string): Promise<string[]> {
  const storage = await world.harness.getWorker().getDurableObjectStorage('MATCHMAKER', { name: pool });
  const rows = (await storage.exec('SELECT ticket_id FROM waiting ORDER BY ticket_id')) as { ticket_id: string }[];
  return rows.map((row) => row.ticket_id);
}

describe('tickets', () => {
  beforeAll(async () => {
    world = await startWorld();
    node = new TestNode(world, 'node-1');
    await node.connect([{ identityId: '501', guildIds: ['101', '102', '103'] }]);
    await node.report(snapshot('101', '501', '201'));
    await world.setup('101', '201');
  });
  afterAll(() => world.close());
  beforeEach(() => node.report(snapshot('101', '501', '201')));

  test('leaving and joining in one breath leaves one new ticket', async () => {
    await node.report(joined('101', '301', '201'));
    const first = await ticketOf('101', '201');
    await node.report(left('101', '201', '301'), joined('101', '302', '201'), left('101', '201', '302'));
    await node.report(joined('101', '303', '201'));
    const last = await ticketOf('101', '201');
    expect(last.ticketId).not.toBe(first.ticketId);
    await expect.poll(() => waitingIn('default')).toEqual([last.ticketId]);
    await node.report(left('101', '201', '303'));
    await expect.poll(() => waitingIn('default')).toEqual([]);
  });

  test('a setting that changes while the channel waits makes a new ticket in the old place, or in another pool', async () => {
    await node.report(joined('101', '301', '201'));
    const before = await ticketOf('101', '201');
    expect(before).toMatchObject({ mode: 'bridge', pool: 'default', ageRestricted: false, blocks: [], priority: 0 });
    const change = (name: string, value: string) =>
      world.setupCommand('101', '201', 'channel', [{ type: 3, name, value }]);
    await change('language', 'it');
    const italian = await ticketOf('101', '201');
    expect(italian).toMatchObject({ language: 'it', at: before.at });
    await expect.poll(() => waitingIn('default')).toEqual([italian.ticketId]);
    // A setting that no policy looks at changes nothing.
    await world.setupCommand('101', '201', 'limits', [{ type: 4, name: 'seconds', value: 60 }]);
    expect(await ticketOf('101', '201')).toEqual(italian);
    await change('pool', 'night');
    const moved = await ticketOf('101', '201');
    await expect.poll(() => waitingIn('night')).toEqual([moved.ticketId]);
    await expect.poll(() => waitingIn('default')).toEqual([]);
    await world.setupCommand('101', '201', 'reset', []);
    await expect.poll(() => waitingIn('night')).toEqual([]);
    expect(await kindOf('101')).toBe('idle');
    await world.setup('101', '201');
  });

  test('an age restriction goes into the ticket, also while it waits; a deleted channel takes its ticket back', async () => {
    await node.report(joined('101', '301', '201'));
    const plain = await ticketOf('101', '201');
    const restricted = { ...snapshot('101', '501', '201', [person('301', '201')]) };
    if (restricted.type !== 'voice.snapshot') throw new Error('not a snapshot');
    const [channel] = restricted.channels;
    if (!channel) throw new Error('no channel');
    await node.report({ ...restricted, channels: [{ ...channel, ageRestricted: true }] });
    const after = await ticketOf('101', '201');
    expect(after).toMatchObject({ ageRestricted: true, at: plain.at });
    expect(after.ticketId).not.toBe(plain.ticketId);
    await node.report({ type: 'channel.deleted', guildId: '101', channelId: '201' });
    await expect.poll(() => waitingIn('default')).toEqual([]);
  });

  test('the next ticket after /call next names the partner that it leaves, and asks at once', async () => {
    for (const [guildId, channelId] of [
      ['102', '202'],
      ['103', '203'],
    ] as const) {
      await node.report(snapshot(guildId, '501', channelId, [person(`3${guildId}`, channelId)]));
      await world.setup(guildId, channelId, 'idle', false);
    }
    const apply = await node.inbox.next((message) => message.type === 'session.apply');
    if (apply.type !== 'session.apply') throw new Error('not an apply');
    const { id, revision, legs } = apply.spec;
    for (const { guildId, legId } of legs) {
      await node.report({ type: 'session.active', guildId, sessionId: id, revision, legId, daveVersion: 1 });
    }
    const sessionOf = async (): Promise<SessionView | undefined> => (await view('102')).sessions[0];
    await expect.poll(async () => (await sessionOf())?.state).toBe('active');
    expect(await world.command('102', '3102', 'call next')).toContain('looks for another partner');
    await node.inbox.next((message) => message.type === 'session.end');
    for (const { guildId, legId } of legs) {
      const reason = 'command' as const;
      await node.report({ type: 'session.ended', guildId, sessionId: id, revision, legId, reason });
    }
    await expect.poll(() => kindOf('102')).toBe('waiting');
    expect(await ticketOf('102', '202')).toMatchObject({ lastPartner: '103' });
    // The other side does what it set up: it rests.
    await expect.poll(() => kindOf('103')).toBe('idle');
  });

  test('settings are kept in the database, too', async () => {
    await world.setupCommand('102', '202', 'channel', [{ type: 3, name: 'region', value: 'asia' }]);
    const body = () =>
      world.env.DB?.prepare("SELECT body FROM settings WHERE guild_id = '102' AND channel_id = '202'").first('body');
    await expect.poll(async () => JSON.parse(String(await body()))).toMatchObject({ region: 'asia', after: 'idle' });
    await world.setupCommand('102', '202', 'reset', []);
    await expect.poll(body).toBeNull();
  });

  test('a server in Italian answers an unknown language in Italian, a person their own language', async () => {
    const ask = async (locales: { locale: string; guild_locale: string }) => {
      const response = await world.interaction({
        type: 2,
        guild_id: '101',
        member: { permissions: '0', user: { id: '999' } },
        data: { name: 'call', options: [{ type: 1, name: 'join' }] },
        ...locales,
      });
      return ((await response.json()) as { data: { content: string } }).data.content;
    };
    expect(await ask({ locale: 'fr', guild_locale: 'it' })).toContain('Entra prima nel canale vocale');
    expect(await ask({ locale: 'en-GB', guild_locale: 'it' })).toContain('Join the voice channel');
  });
});

describe('one identity for two channels', () => {
  beforeAll(async () => {
    world = await startWorld({ FAILURE_REST_MS: '50' });
  });
  afterAll(() => world.close());

  test('the second channel is refused with the holder named, is never paired, and queues by itself when the bot is free', async () => {
    const fleet = new TestNode(world, 'node-1');
    await fleet.connect([{ identityId: '501', guildIds: ['101', '102'] }]);
    const two = snapshot('101', '501', '201', [person('301', '201'), person('302', '211')]);
    if (two.type !== 'voice.snapshot') throw new Error('not a snapshot');
    await fleet.report({ ...two, channels: [...two.channels, { channelId: '211', name: 'Stage' }] });
    await fleet.report(snapshot('102', '501', '202', [person('303', '202')]));
    await world.setup('101', '201', 'idle');
    await world.setup('102', '202', 'idle');
    const apply = await fleet.inbox.next((message) => message.type === 'session.apply');
    if (apply.type !== 'session.apply') throw new Error('not an apply');
    await world.setup('101', '211');
    const stage = async () => (await view('101')).channels.find((each) => each.channelId === '211')?.state.kind;
    expect(await stage()).toBe('idle');
    const refused = await world.command('101', '302', 'call join');
    expect(refused).toContain('The bot is in <#201> for a call');
    expect(refused).toMatch(/-# no_identity$/);
    expect(await world.command('101', '302', 'call status')).toContain('in <#201> for a call');
    const { id, revision, legs } = apply.spec;
    for (const { guildId, legId } of legs) {
      const reason = 'user_left' as const;
      await fleet.report({ type: 'session.ended', guildId, sessionId: id, revision, legId, reason });
    }
    await expect.poll(stage).toBe('waiting');
  });
});

describe('the circuit breaker', () => {
  beforeAll(async () => {
    world = await startWorld({
      CONNECT_TIMEOUT_MS: '50',
      END_TIMEOUT_MS: '50',
      BREAKER_FAILURES: '1',
      BREAKER_PAUSE_MS: '3600000',
    });
  });
  afterAll(() => world.close());

  test('a server whose calls do not start pauses: it does not queue, and says until when', async () => {
    const fleet = new TestNode(world, 'node-1');
    await fleet.connect([{ identityId: '501', guildIds: ['101', '102'] }]);
    for (const [guildId, channelId] of [
      ['101', '201'],
      ['102', '202'],
    ] as const) {
      await fleet.report(snapshot(guildId, '501', channelId, [person(`3${guildId}`, channelId)]));
      await world.setup(guildId, channelId);
    }
    // The legs never connect; the session gives up.
    await fleet.inbox.next((message) => message.type === 'session.end');
    await expect.poll(() => world.command('101', '3101', 'call join')).toMatch(/-# guild_paused$/);
    expect(await world.command('101', '3101', 'call status')).toMatch(/It may try again <t:\d+:R>/);
    expect(await world.command('101', '1', 'setup show', String(1 << 5))).toContain('the next try is <t:');
    expect(await kindOf('101')).toBe('idle');
  });
});
