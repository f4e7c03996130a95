/** The commands of queue and calls by real interactions: what each does to both sides. One stack for all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelOf, Desk, type Given, type Place } from './commands/desk.ts';
import { type Office, openOffice, sealedReports, traces } from './commands/reports.ts';

let directory: string;
let desk: Desk;
let here: Place;
let there: Place;
let office: Office;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'patchbay-command-calls-'));
  desk = await Desk.open(directory, {
    workerSettings: async (sim, { botUserId }) => {
      office = await openOffice(sim, botUserId);
      return { REPORT_READERS: office.readerId };
    },
  });
  [here, there] = desk.places;
  await desk.register();
}, 120_000);

afterAll(async () => {
  await desk?.close();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

const owner = (words: string, ...options: Given[]) => desk.ask(here, here.ownerId, words, ...options);
const code = (name: string) => new RegExp(`\\n-# ${name}$`);

describe('the queue', () => {
  beforeAll(() => desk.stack.sim.setLocale(here.people[1], 'it'));

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
    expect(reported).toMatch(/The report \w{26} (was|is) kept/);

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

  test('/call report seals the last ten seconds of both sides, for the named readers alone', async () => {
    const { sim } = desk.stack;
    await owner('setup panel', { name: 'text', type: 7, value: here.textChannelId });
    await desk.ask(there, there.ownerId, 'setup panel', { name: 'text', type: 7, value: there.textChannelId });
    const call = await desk.call();
    await desk.panelSays(here, 'Reports can seal the last 10 seconds');
    const said = await desk.speak([
      { userId: here.people[0], clip: 'ada-1' },
      { userId: there.people[0], clip: 'cleo-1' },
    ]);
    expect(await traces(desk.stack)).toEqual({ bucket: [], disk: [] });
    const why = { name: 'reason', value: 'They threatened us.' };
    const report = await sim.command(desk.request(here, here.people[0], 'call report', [why]));
    const answer = await sim.until(
      async () => {
        const { message } = await sim.interaction(report.interactionId);
        return message?.content.includes('are sealed') || message?.content.includes('not sealed')
          ? message.content
          : undefined;
      },
      { what: 'the answer that says how the sealing came out' },
    );
    expect(answer).toContain('are sealed (2 voices)');
    for (const place of desk.places) await desk.panelSays(place, 'A report sealed ten seconds of this call');

    const reportId = /\w{26}/.exec(answer)?.[0] ?? '';
    const id = { name: 'id', value: reportId };
    expect(await desk.ask(here, here.ownerId, 'reports read', id)).toBe(
      `Only the named readers of this bot may do this: <@${office.readerId}>.\n-# not_a_reader`,
    );
    expect(await desk.ask(office, office.readerId, 'reports list')).toContain(reportId);
    const read = await sim.command(desk.request(office, office.readerId, 'reports read', [id]));
    await desk.answer(read);
    const { message } = await sim.interaction(read.interactionId);
    const sealed = await sealedReports(message?.components ?? [], said);
    expect(sealed.description).toMatchObject({ reportId, sessionId: call, reportedBy: { userId: here.people[0] } });
    // Which side is the first leg is the matchmaker's affair.
    expect(new Map(sealed.voices.map(({ userId, seconds }) => [userId, seconds]))).toEqual(
      new Map([
        [here.people[0], 10],
        [there.people[0], 10],
      ]),
    );
    // Each file holds its own voice, where it was spoken, and not the other one.
    for (const { verdicts, offMs } of sealed.voices) {
      expect(verdicts.filter(({ ok }) => !ok)).toEqual([]);
      expect(verdicts.map(({ routed }) => routed)).toEqual([true, false]);
      expect(Math.abs(offMs)).toBeLessThanOrEqual(20);
    }
    expect((await traces(desk.stack)).disk).toEqual([]);
    await desk.clear();
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
