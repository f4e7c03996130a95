/** Recordings that people and rules start and stop, opt-outs, and what a channel is told when it is not recorded. */
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ObedientNode } from './obedient-node.ts';
import { left, startWorld, type World } from './world.ts';

let world: World;
let fleet: ObedientNode;
beforeAll(async () => {
  world = await startWorld({ FAILURE_REST_MS: '50' });
  fleet = new ObedientNode(world);
  await fleet.node.connect([
    { identityId: '501', guildIds: ['101', '102'] },
    { identityId: '502', guildIds: ['101'] },
  ]);
  await fleet.place('101', ['501', '502'], ['201', '202'], [['391', '201']]);
  await fleet.place('102', ['501'], ['301'], [['392', '301']]);
});
afterAll(async () => {
  await fleet.stop();
  await world.close();
});

interface Given {
  type: number;
  name: string;
  value: string | number;
}
const MANAGE_GUILD = String(PermissionFlagsBits.ManageGuild);
/** What somebody reads who uses a command in guild 101. */
async function ask(
  userId: string,
  words: string,
  options: Given[] = [],
  { permissions = '0', roles = [] as string[], resolved = {} } = {},
): Promise<string> {
  const [name, ...subs] = words.split(' ');
  const nested = subs.reduceRight<unknown[]>((inner, sub, at) => {
    return [{ type: at === subs.length - 1 ? 1 : 2, name: sub, options: inner }];
  }, options);
  const member = { permissions, user: { id: userId }, roles };
  const data = { name, options: nested, resolved };
  const response = await world.interaction({ type: 2, guild_id: '101', member, data });
  return ((await response.json()) as { data: { content: string } }).data.content;
}
const owner = (words: string, options: Given[], resolved = {}) =>
  ask('1', words, options, { permissions: MANAGE_GUILD, resolved });
const channel = (channelId: string): Given => ({ type: 7, name: 'channel', value: channelId });
const about = (channelId: string, type = 2) => ({ channels: { [channelId]: { name: `voice ${channelId}`, type } } });

/** The newest spec of the recording of a channel. */
const recordingAt = (channelId: string): SessionSpec | undefined =>
  [...fleet.running.values()].find(({ legs }) => legs[0]?.role === 'recorder' && legs[0].channelId === channelId);
async function recorded(channelId: string): Promise<SessionSpec> {
  await expect.poll(() => recordingAt(channelId)).toBeDefined();
  const spec = recordingAt(channelId) as SessionSpec;
  await expect.poll(() => phaseOf(spec.id)).toBe('active');
  return spec;
}
const session = (sessionId: string) => world.env.SESSION.getByName(sessionId);
const recordOf = (sessionId: string) => session(sessionId).record();
const phaseOf = async (sessionId: string) => (await recordOf(sessionId))?.phase.state;
const reasonOf = async (sessionId: string) => {
  const phase = (await recordOf(sessionId))?.phase;
  return phase?.state === 'ended' ? phase.reason : null;
};
const isRecorded = async (channelId: string) =>
  (await world.env.GUILD.getByName('101').recordStatus(channelId)).recording !== null;
const begun = ({ id, legs }: SessionSpec) =>
  fleet.report({ type: 'recording.started', guildId: '101', sessionId: id, legId: legs[0]?.legId ?? '' });
async function stopped(userId: string, spec: SessionSpec): Promise<void> {
  const channelId = spec.legs[0]?.channelId ?? '';
  expect(await ask(userId, 'record stop', [channel(channelId)])).toContain('is not recorded any longer');
  await expect.poll(() => reasonOf(spec.id)).toBe('command');
  await expect.poll(() => isRecorded(channelId)).toBe(false);
}

test('/record start, status, note and stop: a session of its own, with its notice, its marks and its limit', async () => {
  expect(await ask('399', 'record start', [channel('201')])).toContain('\n-# not_in_channel');
  expect(await ask('399', 'record start')).toContain('\n-# not_in_voice');
  expect(await ask('391', 'record start', [channel('202')], { permissions: '16' })).toContain('\n-# nobody_to_record');
  expect(await ask('391', 'record note', [{ type: 3, name: 'text', value: 'x' }])).toContain('\n-# not_recorded');

  expect(await ask('391', 'record start', [{ type: 4, name: 'minutes', value: 30 }])).toContain(
    'begins to record <#201>',
  );
  const spec = await recorded('201');
  expect(spec).toMatchObject({ limits: { seconds: 1_800 }, routes: [], optedOut: [] });
  expect(spec.legs).toMatchObject([{ role: 'recorder', guildId: '101', language: 'en' }]);
  expect(spec.record).toEqual({ legs: [spec.legs[0]?.legId], required: true });
  expect(await ask('391', 'record start')).toContain('\n-# recorded_already');
  expect(await ask('391', 'record status')).toContain('is about to be recorded');

  await begun(spec);
  const noticed = { guildId: '101', sessionId: spec.id, legId: spec.legs[0]?.legId ?? '', userIds: ['391'] };
  for (const kind of ['nickname', 'spoken', 'nickname'] as const) {
    await fleet.report({ type: 'recording.noticed', ...noticed, kind });
  }
  const status = await ask('391', 'record status');
  expect(status).toMatch(/<#201> is being recorded since <t:\d+:R>. Asked for by <@391>. It ends <t:\d+:R>./);
  expect(status).toContain('Shown by: [REC] in front of the name of the bot and a spoken announcement.');
  expect(await ask('391', 'call status')).toContain('is being recorded since');
  const shown = async () => (await world.env.DB?.prepare('SELECT user_id, kind FROM notices').all())?.results;
  await expect.poll(shown).toEqual([
    { user_id: '391', kind: 'nickname' },
    { user_id: '391', kind: 'spoken' },
  ]);

  expect(await ask('391', 'record note', [{ type: 3, name: 'text', value: ' a\n **mark** ' }])).toContain(
    'Noted at 0:00:0',
  );
  expect((await recordOf(spec.id))?.notes).toMatchObject([{ guildId: '101', userId: '391', text: 'a **mark**' }]);
  await stopped('391', spec);
  expect(await ask('391', 'record stop')).toContain('\n-# not_recorded');
});

test('the staff that the server names may record where they are not; others may not', async () => {
  const may = () => ask('398', 'record start', [channel('201')], { roles: ['77'] });
  expect(await may()).toContain('\n-# not_in_channel');
  await owner('setup staff', [{ type: 8, name: 'role', value: '77' }]);
  expect(await may()).toContain('begins to record');
  await stopped('391', await recorded('201'));
});

test('in a call its own side is recorded, and is not any longer, while the call goes on', async () => {
  const legs = [
    { guildId: '101', channelId: '201' },
    { guildId: '102', channelId: '301' },
  ];
  const body = { mode: 'bridge', legs };
  const answer = await world.signedPost('/api/internal/sessions', 'operator', body);
  const { sessionId } = (await answer.json()) as { sessionId: string };
  await expect.poll(() => phaseOf(sessionId)).toBe('active');
  const spec = () => fleet.running.get(sessionId);
  const own = () => spec()?.legs.find(({ guildId }) => guildId === '101')?.legId;
  expect(spec()?.record).toBeUndefined();
  const { revision = 0 } = spec() ?? {};

  await ask('391', 'record start');
  await expect.poll(() => spec()?.record).toEqual({ legs: [own()] });
  expect(spec()?.revision).toBe(revision + 1);
  expect(await ask('391', 'record status')).toContain('What the people of this channel say in their call.');
  // What is kept of it follows who is in the channel while it is recorded, and no longer.
  await fleet.report({ type: 'recording.started', guildId: '101', sessionId, legId: own() ?? '' });
  const followed = async () =>
    (await world.env.RECORDING.getByName(sessionId).record())?.sides.map(({ endedAt }) => endedAt === null);
  await expect.poll(followed).toEqual([true]);
  await ask('391', 'record stop');
  await expect.poll(() => spec()?.record).toBeUndefined();
  await expect.poll(followed).toEqual([false]);
  expect(await phaseOf(sessionId)).toBe('active');

  // Its time is over: the call goes on without.
  await ask('391', 'record start');
  await expect.poll(() => spec()?.record).toBeDefined();
  await session(sessionId).setRecording('101', '201', true, Date.now() + 10);
  await expect.poll(() => spec()?.record).toBeUndefined();
  await expect.poll(() => isRecorded('201')).toBe(false);

  // Nobody would see it: the call goes on, and the channel is told.
  await ask('391', 'record start');
  await expect.poll(() => spec()?.record).toBeDefined();
  const failed = { guildId: '101', sessionId, code: 'notice_refused', message: 'no' };
  await fleet.report({ type: 'recording.failed', ...failed });
  await expect.poll(() => spec()?.record).toBeUndefined();
  await expect
    .poll(() => world.discord.said.splice(0))
    .toMatchObject([{ channelId: '201', content: expect.stringContaining('nobody would see it') }]);
  expect(await phaseOf(sessionId)).toBe('active');
  await ask('391', 'call stop');
  await expect.poll(() => reasonOf(sessionId)).toBe('command');
});

test('a channel that is made under a category is recorded when somebody joins, and not again after a stop by hand', async () => {
  const rule = await owner('setup record category', [{ type: 7, name: 'category', value: '700' }], about('700', 4));
  expect(rule).toContain('it is recorded by itself');
  expect(await owner('setup show', [])).toContain('recorded: new channels under <#700>');
  const made = (channelId: string, parentId: string) =>
    fleet.report({ type: 'channel.created', guildId: '101', channel: { channelId, name: channelId, parentId } });
  await made('211', '700');
  await made('212', '701');
  await fleet.join('101', '371', '212');
  await fleet.join('101', '372', '211');
  const first = await recorded('211');
  expect(await isRecorded('212')).toBe(false);
  expect(await ask('372', 'record status')).toContain('By a rule for its category.');

  // Nobody is left: it ends, and the bot watches on.
  await fleet.report(left('101', '211', '372'));
  await expect.poll(() => reasonOf(first.id)).toBe('empty');
  await expect.poll(() => isRecorded('211')).toBe(false);
  await fleet.join('101', '372', '211');
  const second = await recorded('211');
  await stopped('372', second);
  await fleet.join('101', '373', '211');
  expect(await isRecorded('211')).toBe(false);
  expect(await ask('373', 'record status')).toContain('Rules do not start it before everybody has left once.');
  await fleet.report(left('101', '211', '372'), left('101', '211', '373'));
  await fleet.join('101', '373', '211');
  const third = await recorded('211');
  // Thrown out: it does not come straight back.
  await fleet.report({
    ...{ type: 'session.ended', guildId: '101', sessionId: third.id, revision: third.revision },
    ...{ legId: third.legs[0]?.legId ?? '', reason: 'bot_removed' },
  });
  await expect.poll(() => isRecorded('211')).toBe(false);
  expect(await ask('373', 'record status')).toContain('Rules do not start it');

  const rules = { type: 3, name: 'rule', value: 'category:700' };
  expect(await owner('setup record remove', [rules])).toContain('This rule is gone');
  expect(await owner('setup record remove', [rules])).toContain('\n-# record_rule_unknown');
  await fleet.report(left('101', '211', '373'), left('101', '212', '371'));
});

test('a channel is recorded when so many people, a person or a role are there', async () => {
  const named = { ...about('202'), users: { 381: { username: 'ada' } }, roles: { 88: { name: 'press' } } };
  const options = [
    { type: 4, name: 'people', value: 3 },
    { type: 6, name: 'person', value: '381' },
    { type: 8, name: 'role', value: '88' },
  ];
  await owner('setup record channel', [channel('202'), ...options], named);
  world.discord.members.set('101:383', ['88']);
  const come = async (...userIds: string[]) => {
    for (const userId of userIds) await fleet.join('101', userId, '202');
  };
  const go = async (...userIds: string[]) => {
    const { id } = await recorded('202');
    await fleet.report(...userIds.map((userId) => left('101', '202', userId)));
    await expect.poll(() => reasonOf(id)).toBe('empty');
    await expect.poll(() => isRecorded('202')).toBe(false);
  };
  const why = async (userId: string) => {
    await recorded('202');
    return ask(userId, 'record status');
  };
  await come('384', '385');
  await expect.poll(() => world.discord.asked).toContain('101:385');
  expect(await isRecorded('202')).toBe(false);
  await come('386');
  expect(await why('386')).toContain('By a rule for so many people.');
  await go('384', '385', '386');
  await come('381');
  expect(await why('381')).toContain('By a rule for a person.');
  await go('381');
  await come('383');
  expect(await why('383')).toContain('By a rule for a role.');
  await go('383');
});

test('when it cannot be recorded the channel is told why, once, or else the channel of the panel', async () => {
  const fail = async (reason: 'error' | 'notice_refused', spec: SessionSpec) => {
    const { id: sessionId, revision, legs } = spec;
    await fleet.report({
      type: 'session.ended',
      guildId: '101',
      sessionId,
      revision,
      legId: legs[0]?.legId ?? '',
      reason,
    });
  };
  await fleet.join('101', '381', '202');
  const first = await recorded('202');
  await fail('error', first);
  fleet.running.delete(first.id);
  await expect.poll(() => world.discord.said.length).toBe(1);
  // The rule tries again after a rest; of further failures nothing is said.
  const second = await recorded('202');
  expect(second.id).not.toBe(first.id);
  await fail('error', second);
  fleet.running.delete(second.id);
  const third = await recorded('202');
  expect(world.discord.said.splice(0)).toMatchObject([
    { channelId: '202', content: expect.stringContaining('could not join or stay') },
  ]);

  world.discord.closed.add('202');
  await owner('setup panel', [channel('202'), { type: 7, name: 'text', value: '250' }], {
    channels: { ...about('202').channels, 250: { name: 'calls', type: 0 } },
  });
  // The panel tells of a recording without a call, too.
  const phase = async () => (await world.env.PANEL.getByName('101:202').record())?.wanted.phase;
  await expect.poll(phase).toMatchObject({ kind: 'recording', recording: false });
  await begun(third);
  await expect.poll(phase).toMatchObject({ kind: 'recording', recording: true });
  await fail('notice_refused', third);
  fleet.running.delete(third.id);
  const panel = () => world.discord.said.filter(({ content }) => content.includes('Change Nickname'));
  await expect.poll(panel).toMatchObject([{ channelId: '250' }]);
  await fleet.report(left('101', '202', '381'));
});

test('/privacy optout: the node has the list, with its instant, before anybody could speak on', async () => {
  await ask('391', 'record start');
  const { id } = await recorded('201');
  const before = Date.now();
  expect(await ask('391', 'privacy status')).toContain('You have not opted out');
  expect(await ask('391', 'privacy optout')).toContain('neither recorded nor transcribed');
  await expect.poll(() => fleet.running.get(id)?.optedOut).toEqual(['391']);
  const { optedOutAt } = fleet.running.get(id) ?? {};
  expect(optedOutAt?.['391']).toBeGreaterThanOrEqual(before);
  expect(await ask('391', 'privacy optout')).toContain('You have opted out since');
  await stopped('391', fleet.running.get(id) as SessionSpec);

  // Remembered: a later recording has the list from its first spec on; it was long ago.
  await ask('391', 'record start');
  const later = await recorded('201');
  expect(later).toMatchObject({ revision: 1, optedOut: ['391'] });
  expect(later.optedOutAt).toBeUndefined();
  expect(await ask('391', 'privacy optin')).toContain('may be recorded');
  await expect.poll(() => fleet.running.get(later.id)?.optedOut).toEqual([]);
  await stopped('391', later);
  const kept = async () =>
    (await world.env.DB?.prepare('SELECT user_id, action FROM consents ORDER BY id').all())?.results;
  await expect.poll(kept).toEqual([
    { user_id: '391', action: 'optout' },
    { user_id: '391', action: 'optin' },
  ]);
});
