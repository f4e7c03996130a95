/** Each command by real interactions: what it refuses, what it does, and how it answers an Italian. One stack for all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PermissionFlagsBits } from 'discord-api-types/v10';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelOf, Desk, type Given, type Place } from './commands/desk.ts';

let directory: string;
let desk: Desk;
let here: Place;
let there: Place;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-commands-'));
  desk = await Desk.open(directory);
  [here, there] = desk.places;
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
    expect(await desk.register()).toBe('Registered 4 commands.');
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
      'at most 600 s, warning 30 s before',
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

  test('/invite asks for what the configured features need, and explains it', async () => {
    const { Connect, Speak, UseVAD, ViewChannel, ChangeNickname } = PermissionFlagsBits;
    const link = async () => new URL(/\((http\S+)\)/.exec(await owner('invite'))?.[1] ?? '');
    const plain = await link();
    expect(plain.searchParams.get('client_id')).toBe(desk.stack.application.applicationId);
    expect(BigInt(plain.searchParams.get('permissions') ?? 0)).toBe(Connect | Speak | UseVAD | ViewChannel);
    await owner('setup channel', channelOf(here.channelId), { name: 'record', value: true });
    const asked = BigInt((await link()).searchParams.get('permissions') ?? 0);
    expect(asked).toBe(Connect | Speak | UseVAD | ViewChannel | ChangeNickname);
    const words = await owner('invite');
    expect(words).toContain('**Change Nickname**: show [REC]');
    expect(words).toContain('Guilds, GuildVoiceStates');
    await owner('setup reset', channelOf(here.channelId));
  });
});

describe('the queue', () => {
  test('people who join queue their channel; /call leave lets it rest until somebody joins anew', async () => {
    const { sim } = desk.stack;
    const [first, second] = here.people;
    const ask = (words: string) => desk.ask(here, first, words);
    await owner('setup channel', channelOf(here.channelId));
    expect(await ask('call join')).toMatch(code('not_in_voice'));
    await sim.join(first, here.channelId);
    await desk.until(here, 'waiting');
    expect(await ask('call status')).toContain('Place in the queue: 1.');
    expect(await ask('call next')).toMatch(code('no_call'));
    expect(await ask('call leave')).toMatch('has left the queue');
    await desk.until(here, 'idle');
    expect(await ask('call status')).toContain('rests until somebody joins anew');
    await sim.join(second, here.channelId);
    await desk.until(here, 'waiting');
    // Stopped, it rests while anybody is there; /call join queues it all the same.
    expect(await ask('call stop')).toMatch('has left the queue');
    expect(await ask('call stop')).toMatch(code('nothing_to_stop'));
    expect(await ask('call join')).toContain('Place in the queue: 1.');
    expect(await desk.ask(here, second, 'call status')).toContain('Posto in coda: 1.');
    await sim.leave(first);
    expect(Desk.stateOf(here, here.channelId)?.kind).toBe('waiting');
    await sim.leave(second);
    await desk.until(here, 'idle');
  });

  test('/setup limits: too few people do not queue', async () => {
    const { sim } = desk.stack;
    const [first, second] = here.people;
    await owner('setup limits', channelOf(here.channelId), { name: 'people', value: 2 });
    await desk.join(here, first);
    expect(await desk.ask(here, first, 'call join')).toMatch(code('too_few_people'));
    expect(await desk.ask(here, first, 'call status')).toContain('queues with 2 people or more');
    await sim.join(second, here.channelId);
    await desk.until(here, 'waiting');
    await sim.leave(second);
    await desk.until(here, 'idle');
    await owner('setup limits', channelOf(here.channelId), { name: 'people', value: 1 });
    await desk.until(here, 'waiting');
    await owner('setup channel', channelOf(here.channelId), { name: 'pool', value: 'night' });
    // In another pool now, with a new ticket.
    expect(await desk.ask(here, first, 'call status')).toContain('Place in the queue: 1.');
    await owner('setup reset', channelOf(here.channelId));
    await desk.until(here, 'idle');
    await desk.clear();
  });
});

describe('calls', () => {
  beforeAll(async () => {
    await owner('setup reset', { name: 'everything', value: true });
    for (const place of desk.places) await desk.ask(place, place.ownerId, 'setup channel', channelOf(place.channelId));
  });

  test('status, next, report, holders, block and unblock of a running call', async () => {
    const { sim } = desk.stack;
    const [first, second] = here.people;
    await owner('setup channel', channelOf(here.channelId), { name: 'anonymous', value: true });
    const one = await desk.call();
    expect(await desk.ask(here, first, 'call status')).toMatch(
      /in a call with Mountain Lodge: active\. Length: \d+:\d\d/,
    );
    expect(await desk.ask(there, there.people[0], 'call status')).toContain('in a call with another server: active');
    expect(await desk.ask(here, first, 'call join')).toMatch(code('channel_busy'));

    // Another channel of this server would need a second identity.
    const stage = await sim.createVoiceChannel(here.guildId, { name: 'Stage' });
    await here.watcher.until('the channel to be known', () => Desk.stateOf(here, stage.channelId));
    await desk.join(here, second, stage.channelId);
    await sim.setLocale(second, 'en-US');
    const refused = await desk.ask(here, second, 'call join');
    expect(refused).toMatch(code('no_identity'));
    expect(refused).toContain(`in <#${here.channelId}> for a call`);
    expect(refused).toContain('DISCORD_TOKENS');
    expect(await desk.ask(here, second, 'leave')).toMatch(code('bot_not_here'));
    expect(await desk.ask(here, second, 'call report', { name: 'reason', value: 'x' })).toMatch(code('not_reportable'));
    await sim.leave(second);

    const reported = await desk.ask(here, first, 'call report', { name: 'reason', value: 'They played loud music.' });
    expect(reported).toMatch(/The report \w{26} was kept/);

    // The two are the only ones: they are called together again, by a new call.
    expect(await desk.ask(here, first, 'call next')).toMatch('looks for another partner at once');
    expect(await desk.ended(one)).toBe('command');
    const two = await desk.active(new Set([one]));

    const [choice] = await desk.offered(here, 'setup block', 'server', { name: 'server', value: 'mount' });
    expect(choice).toEqual({ name: '1. Mountain Lodge', value: there.guildId });
    // The other side does not learn who the anonymous server is, and blocks it all the same.
    const [hidden] = await desk.offered(there, 'setup block', 'server', { name: 'server', value: '' });
    expect(hidden?.name).toBe('1. another server');
    expect(String(hidden?.value)).not.toContain(here.guildId);
    expect(await owner('setup block', { name: 'server', value: choice?.value ?? '' })).toBe(
      'Mountain Lodge is blocked: your channels are never called together again.',
    );
    expect(await desk.ended(two)).toBe('policy');
    expect(await owner('setup show')).toContain('Blocked: Mountain Lodge');
    await desk.ask(there, there.ownerId, 'setup block', { name: 'server', value: hidden?.value ?? '' });
    await desk.clear();
    const [blocked] = await desk.offered(here, 'setup unblock', 'server', { name: 'server', value: '' });
    expect(await owner('setup unblock', { name: 'server', value: blocked?.value ?? '' })).toMatch('is allowed again');
    const [other] = await desk.offered(there, 'setup unblock', 'server', { name: 'server', value: '' });
    expect(other?.name).toBe('another server');
    await desk.ask(there, there.ownerId, 'setup unblock', { name: 'server', value: other?.value ?? '' });
    expect(await owner('setup show')).not.toContain('Blocked');
  }, 90_000);

  test('/call leave ends the call and rests this side; the other one waits again', async () => {
    const call = await desk.call();
    expect(await desk.ask(here, here.people[0], 'call leave')).toMatch('leaves the call');
    expect(await desk.ended(call)).toBe('command');
    await desk.until(here, 'idle');
    await desk.until(there, 'waiting');
    expect(await desk.ask(here, here.people[0], 'call status')).toContain('rests until somebody joins anew');
    await desk.stack.sim.join(here.people[1], here.channelId);
    await desk.active(new Set([call]));
    await desk.clear();
  }, 60_000);

  test('/call stop by somebody who manages channels, from outside; /leave takes the bot away', async () => {
    const { sim, application } = desk.stack;
    const one = await desk.call();
    expect(await owner('call stop', channelOf(here.channelId))).toMatch('The call is ending.');
    expect(await desk.ended(one)).toBe('command');
    await desk.clear();
    const two = await desk.call();
    expect(await desk.ask(here, here.people[0], 'leave')).toMatch('The bot leaves');
    expect(await desk.ended(two)).toBe('command');
    await sim.until(async () =>
      (await sim.voiceStates(here.guildId)).every((state) => state.userId !== application.botUserId),
    );
    expect(await owner('leave', channelOf(here.channelId))).toMatch(code('bot_not_here'));
    await desk.clear();
  }, 60_000);

  test('/setup limits ends a call in time; /setup after-end lets the channel rest, and /call join goes before it', async () => {
    await owner(
      'setup after-end',
      channelOf(here.channelId),
      { name: 'policy', value: 'cooldown' },
      { name: 'minutes', value: 60 },
    );
    await owner(
      'setup limits',
      channelOf(here.channelId),
      { name: 'seconds', value: 1 },
      { name: 'warning', value: 0 },
    );
    const one = await desk.call();
    expect(await desk.ended(one)).toBe('timeout');
    await desk.until(here, 'idle');
    expect(await desk.ask(here, here.people[0], 'call status')).toMatch(/It is queued again <t:\d+:R>/);
    await desk.until(there, 'waiting');
    await owner('setup limits', channelOf(here.channelId), { name: 'seconds', value: 0 });
    expect(await desk.ask(here, here.people[0], 'call join')).toMatch('is waiting');
    await desk.active(new Set([one]));
    await desk.clear();
  }, 60_000);
});
