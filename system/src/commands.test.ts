/** Each command by real interactions: what it refuses, what `/setup` keeps and shows, how an Italian is answered. One stack for all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelOf, Desk, type Given, type Place } from './commands/desk.ts';

let directory: string;
let desk: Desk;
let here: Place;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-commands-'));
  desk = await Desk.open(directory);
  [here] = desk.places;
}, 120_000);

afterAll(async () => {
  await desk?.close();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

const owner = (words: string, ...options: Given[]) => desk.ask(here, here.ownerId, words, ...options);
const code = (name: string) => new RegExp(`\\n-# ${name}$`);
const nothing = /No channel is set up yet/;

// As long as nothing is registered, the simulated client checks nothing: what comes here, a forged client could send.
describe('what the Worker itself refuses', () => {
  const everySetup: [string, ...Given[]][] = [
    ['setup channel'],
    ['setup after-end', { name: 'policy', value: 'idle' }],
    ['setup limits', { name: 'seconds', value: 60 }],
    ['setup panel'],
    ['setup relay', { name: 'state', value: 'on' }],
    ['setup block', { name: 'server', value: '1' }],
    ['setup unblock', { name: 'server', value: '1' }],
    ['setup show'],
    ['setup reset', { name: 'everything', value: true }],
  ];

  test.each(everySetup)(
    '/%s without the permission, named in the language of the reader',
    async (words, ...options) => {
      const [member, italian] = here.people;
      await desk.stack.sim.setLocale(italian, 'it');
      const given = [channelOf(here.channelId), ...options];
      const refused = await desk.ask(here, member, words, ...given);
      expect(refused).toMatch('You need the permission **Manage Server** for this.');
      expect(refused).toMatch(code('missing_permission'));
      expect(await desk.ask(here, italian, words, ...given)).toMatch('Ti serve il permesso **Gestisci server**');
      expect(await owner('setup show')).toMatch(nothing);
    },
  );

  test.each(['call leave', 'call next', 'call stop', 'call report', 'leave'])(
    '/%s about a channel that the caller is not in',
    async (words) => {
      const reason = { name: 'reason', value: 'x' };
      const refused = await desk.ask(here, here.people[0], words, channelOf(here.channelId), reason);
      expect(refused).toMatch(`Only people in <#${here.channelId}> may do this, or those with the permission **Manage`);
      expect(refused).toMatch(code('not_in_channel'));
      expect(await desk.ask(here, here.people[0], words, reason)).toMatch(code('not_in_voice'));
    },
  );

  test('/call status about a channel that the caller cannot see', async () => {
    const hidden = await desk.stack.sim.createVoiceChannel(here.guildId, {
      name: 'hidden',
      overwrites: [{ id: here.guildId, type: 'role', allow: [], deny: ['ViewChannel'] }],
    });
    // Discord tells nothing of a channel that a person cannot see, not even to us.
    await expect(desk.ask(here, here.people[0], 'call status', channelOf(hidden.channelId))).rejects.toThrow('can see');
  });

  test.each<[string, Given, string]>([
    ['setup channel', { name: 'mode', value: 'party' }, 'wrong_mode'],
    ['setup channel', { name: 'pool', value: 'No Spaces' }, 'wrong_pool'],
    ['setup channel', { name: 'pool', value: '123456' }, 'pool_private'],
    ['setup channel', { name: 'language', value: 'klingon' }, 'wrong_language'],
    ['setup channel', { name: 'region', value: 'moon' }, 'wrong_region'],
    ['setup channel', { name: 'priority', value: 99 }, 'wrong_priority'],
    ['setup channel', { name: 'match-policy', value: 'level' }, 'policy_without_custom'],
    ['setup channel', { name: 'matrix', value: '1>1' }, 'wrong_matrix'],
    ['setup channel', { name: 'seat', value: 9 }, 'wrong_seat'],
    ['setup after-end', { name: 'policy', value: 'never' }, 'wrong_after'],
    ['setup after-end', { name: 'minutes', value: 0 }, 'wrong_cooldownSeconds'],
    ['setup limits', { name: 'seconds', value: 100_000 }, 'wrong_limitSeconds'],
    ['setup limits', { name: 'warning', value: -1 }, 'wrong_warnSeconds'],
    ['setup limits', { name: 'people', value: 0 }, 'wrong_leastPeople'],
    ['setup panel', { name: 'text', value: '1' }, 'text_channel_needed'],
    ['setup relay', { name: 'state', value: 'perhaps' }, 'wrong_relay'],
    ['setup block', { name: 'server', value: 'the neighbours' }, 'server_unknown'],
    ['setup unblock', { name: 'server', value: '1' }, 'not_blocked'],
  ])('/%s with a wrong value: %o', async (words, wrong, expected) => {
    expect(await owner(words, channelOf(here.channelId), wrong)).toMatch(code(expected));
    expect(await owner('setup show')).toMatch(nothing);
  });

  test('no channel, a text channel, no option, oneself', async () => {
    expect(await owner('setup channel')).toMatch(code('voice_channel_needed'));
    expect(await owner('setup channel', channelOf(here.textChannelId))).toMatch(code('voice_channel_needed'));
    expect(await owner('setup limits')).toMatch(code('nothing_given'));
    expect(await owner('setup reset')).toMatch(code('reset_what'));
    expect(await owner('setup block', { name: 'server', value: here.guildId })).toMatch(code('block_self'));
    expect(await owner('setup nonsense')).toMatch(code('unknown_command'));
    expect(await owner('setup show')).toMatch(nothing);
  });

  test.each(['call join', 'call leave', 'call next', 'call stop', 'call status', 'leave', 'invite', 'setup show'])(
    '/%s outside of a server',
    async (words) => {
      const { sim, application } = desk.stack;
      const [name = '', sub] = words.split(' ');
      const { channelId } = await sim.openDirectMessage(application.botUserId, here.people[0]);
      const answer = await sim.command({
        applicationId: application.applicationId,
        channelId,
        userId: here.people[0],
        name,
        options: sub ? [{ name: sub, type: 1, options: [] }] : [],
      });
      expect(await desk.answer(answer)).toMatch(code('guild_only'));
    },
  );
});

describe('registered', () => {
  beforeAll(async () => {
    expect(await desk.register()).toMatch(/^Registered \d+ commands\.$/);
  });

  test('Discord takes the commands, and offers /setup only to those who manage the server', async () => {
    await expect(desk.ask(here, here.people[0], 'setup show')).rejects.toMatchObject({
      code: 'missing_user_permissions',
    });
    expect(await owner('setup show')).toMatch(nothing);
  });

  test('/setup keeps what is set, shows it in two languages with what is missing, and forgets it', async () => {
    const channel = channelOf(here.channelId);
    const own = { name: 'pool', value: here.guildId };
    expect(await owner('setup channel', channel, own, { name: 'language', value: 'it' })).toMatch(
      'is queued when people join',
    );
    await owner('setup channel', channel, { name: 'region', value: 'europe' }, { name: 'priority', value: 3 });
    await owner('setup after-end', { name: 'policy', value: 'cooldown' }, { name: 'minutes', value: 5 });
    await owner('setup limits', channel, { name: 'seconds', value: 600 }, { name: 'people', value: 2 });
    await owner('setup panel', { name: 'text', type: 7, value: here.textChannelId });
    const shown = await owner('setup show');
    for (const part of [
      `<#${here.channelId}>: Bridge`,
      here.guildId,
      'language Italian',
      'region Europe',
      'priority 3',
      'after a call: Queue again after a pause (5 min)',
      'at most 600 s, warning 60 s before',
      '2 people or more',
      `panel in <#${here.textChannelId}>`,
      'Identities of the bot here: 1',
    ]) {
      expect(shown).toContain(part);
    }
    expect(shown).not.toContain('lacks');
    await desk.stack.sim.setLocale(here.ownerId, 'it');
    expect(await owner('setup show')).toContain('lingua italiano');
    await desk.stack.sim.setLocale(here.ownerId, 'en-US');

    // A preference is taken back, and one wrong value takes nothing of the command.
    expect(await owner('setup channel', channel, { name: 'language', value: 'any' })).toMatch('is queued');
    expect(await owner('setup show')).not.toContain('language');
    await owner('setup channel', channel, { name: 'region', value: 'asia' }, { name: 'language', value: 'klingon' });
    expect(await owner('setup show')).toContain('region Europe');

    expect(await owner('setup reset', channel)).toMatch('is forgotten');
    expect(await owner('setup show')).toMatch(nothing);
    expect(await owner('setup show')).toMatch('Defaults of the server');
    await owner('setup reset', { name: 'everything', value: true });
    expect(await owner('setup show')).not.toMatch('Defaults of the server');
  });

  test('/setup show names the permissions that the bot lacks in a channel', async () => {
    const { channelId } = await desk.stack.sim.createVoiceChannel(here.guildId, {
      name: 'closed',
      overwrites: [{ id: here.guildId, type: 'role', allow: [], deny: ['Speak'] }],
    });
    await here.watcher.until('the channel to be known', () => Desk.stateOf(here, channelId));
    await owner('setup channel', channelOf(channelId));
    expect(await owner('setup show')).toContain('The bot lacks here: Speak.');
    await owner('setup reset', channelOf(channelId));
  });

  test('autocomplete offers pools, languages and regions in the language of the reader', async () => {
    const channel = channelOf(here.channelId);
    const offer = (name: string, value: string) => desk.offered(here, 'setup channel', name, channel, { name, value });
    expect(await offer('language', 'ital')).toEqual([{ name: 'Italian (it)', value: 'it' }]);
    expect(await offer('region', 'america')).toEqual([
      { name: 'North America', value: 'north-america' },
      { name: 'South America', value: 'south-america' },
    ]);
    expect((await offer('pool', '')).map(({ value }) => value)).toEqual(['default', here.guildId]);
    expect(await offer('pool', 'night')).toEqual([{ name: 'night', value: 'night' }]);
    await desk.stack.sim.setLocale(here.ownerId, 'it');
    expect(await offer('language', 'ital')).toEqual([{ name: 'italiano (it)', value: 'it' }]);
    expect((await offer('region', 'sud'))[0]).toEqual({ name: 'America del Sud', value: 'south-america' });
    await desk.stack.sim.setLocale(here.ownerId, 'en-US');
  });

  test('/record start and stop; what somebody says who has opted out meanwhile reaches no track', async () => {
    const { sim, application } = desk.stack;
    const [quiet, loud] = here.people;
    await sim.setLocale(loud, 'en-US');
    for (const userId of here.people) await desk.join(here, userId);
    expect(await desk.ask(here, quiet, 'record start')).toMatch(`begins to record <#${here.channelId}>`);
    const session = await here.watcher.until('the recording to run', () =>
      here.watcher.sessions().find(({ recording }) => recording),
    );
    expect(await sim.nickname(here.guildId, application.botUserId)).toContain('[REC]');
    expect(await desk.ask(here, quiet, 'record status')).toMatch(`Asked for by <@${quiet}>.`);
    expect(await desk.ask(here, quiet, 'privacy optout')).toMatch('neither recorded nor transcribed');
    const clips = await sim.clips();
    for (const userId of here.people) await sim.ready(userId);
    for (const userId of here.people) await sim.speak(userId, { clip: clips[0]?.name ?? '' });
    for (const userId of here.people) await sim.waitUntilSilent(userId);
    expect(await desk.ask(here, loud, 'record note', { name: 'text', value: 'both spoke' })).toMatch('Noted at 0:');
    expect(await desk.ask(here, loud, 'record stop')).toMatch('is not recorded any longer');
    const ended = await here.watcher.until('its end, with its chunks stored', () =>
      here.watcher
        .sessions()
        .find(
          ({ sessionId, state, stored }) => sessionId === session.sessionId && state === 'ended' && stored.length > 0,
        ),
    );
    expect(ended).toMatchObject({ endReason: 'command' });
    expect(new Set(ended.stored.map(({ userId }) => userId))).toEqual(new Set([loud]));
    expect(await desk.ask(here, quiet, 'privacy optin')).toMatch('may be recorded');
    for (const userId of here.people) await sim.leave(userId);
  });

  test('a channel that is made under a category is recorded when somebody joins, until nobody is left', async () => {
    const { sim, application } = desk.stack;
    const { channelId: category } = await desk.makeCategory(here, 'Meetings');
    expect(await owner('setup record category', { name: 'category', type: 7, value: category })).toMatch('by itself');
    expect(await desk.offered(here, 'setup record remove', 'rule', { name: 'rule', value: '' })).toEqual([
      { name: 'New channels under Meetings', value: `category:${category}` },
    ]);
    const { channelId } = await sim.createVoiceChannel(here.guildId, { name: 'standup', parentId: category });
    await sim.join(here.people[0], channelId);
    await sim.until(async () => (await sim.nickname(here.guildId, application.botUserId))?.includes('[REC]'), {
      what: 'the bot to record by itself',
    });
    expect(await desk.ask(here, here.people[0], 'record status')).toMatch('By a rule for its category.');
    await sim.leave(here.people[0]);
    await sim.until(
      async () => !(await sim.voiceStates(here.guildId)).some(({ userId }) => userId === application.botUserId),
      { what: 'the bot to leave the empty channel' },
    );
    await owner('setup record remove', { name: 'rule', value: `category:${category}` });
    await sim.deleteChannel(channelId);
  });

  test('/invite asks for what the configured features need, and explains it', async () => {
    const { Connect, Speak, UseVAD, ViewChannel, SendMessages, ViewAuditLog, ChangeNickname } = PermissionFlagsBits;
    const call = Connect | Speak | UseVAD | ViewChannel | SendMessages | ViewAuditLog;
    const link = async () => new URL(/\((http\S+)\)/.exec(await owner('invite'))?.[1] ?? '');
    const plain = await link();
    expect(plain.searchParams.get('client_id')).toBe(desk.stack.application.applicationId);
    expect(BigInt(plain.searchParams.get('permissions') ?? 0)).toBe(call);
    await owner('setup channel', channelOf(here.channelId), { name: 'record', value: true });
    const asked = BigInt((await link()).searchParams.get('permissions') ?? 0);
    expect(asked).toBe(call | ChangeNickname);
    const words = await owner('invite');
    expect(words).toContain('**Change Nickname**: show [REC]');
    expect(words).toContain('Guilds, GuildVoiceStates');
    await owner('setup reset', channelOf(here.channelId));
  });
});
