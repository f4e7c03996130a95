/** Captions from `/captions start` to browsers, Discord and transcripts; in workerd, against the simulator's REST. */
import { NODE_LOST_MS } from '@patchbay/shared/control-messages';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { transcriptKey } from '@patchbay/shared/object-keys';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { OPERATOR_NODE_ID } from '@patchbay/shared/sign-in';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../../sim/src/control/client.ts';
import { type Simulator, startSimulator } from '../../sim/src/simulator.ts';
import { mintToken } from '../src/auth/token.ts';
import { transcriptButtonId } from '../src/captions/render.ts';
import { ObedientNode } from './obedient-node.ts';
import { JWT_SECRET, person, snapshot, startWorld, TestBrowser, TestNode, type World } from './world.ts';

let simulator: Simulator;
let sim: SimControl;
let guildInDiscord: string;
let world: World;
let fleet: ObedientNode;
let text: string;

beforeAll(async () => {
  simulator = await startSimulator({ clips: new Map() });
  sim = new SimControl(simulator.controlUrl);
  const application = await sim.createApplication({ name: 'Patchbay' });
  ({ guildId: guildInDiscord } = await sim.createGuild({ name: 'guild' }));
  await sim.addBot(guildInDiscord, application.botUserId);
  const bucket = {
    S3_ENDPOINT: 'http://127.0.0.1:9',
    S3_BUCKET: 'b',
    S3_ACCESS_KEY_ID: 'k',
    S3_SECRET_ACCESS_KEY: 's',
  };
  world = await startWorld({ DISCORD_TOKEN: application.token, DEEPGRAM_CONNECTIONS: '10', ...bucket });
  // Whether somebody is a member is asked of the test; messages are the simulator's.
  world.discord.elsewhere = simulator.apiUrl;
  fleet = new ObedientNode(world);
  await fleet.node.connect([{ identityId: '501', guildIds: ['101', '102'] }], { captions: true });
  await place('101', ['201', '202'], [person('301', '201'), person('302', '201')]);
  await place('102', ['211'], [person('311', '211')]);
  // 202 is for moderators alone.
  world.discord.members.set('101:303', ['7']);
});
afterAll(async () => {
  await fleet.stop();
  await world.close();
  await simulator.close();
});
beforeEach(async () => {
  ({ channelId: text } = await sim.createTextChannel(guildInDiscord, { name: `captions ${ulid()}` }));
  for (const guildId of ['101', '102'])
    await set(guildId, { text, auto: null, partners: null, thread: null, language: null });
});

async function place(guildId: string, channelIds: string[], members: ReturnType<typeof person>[]): Promise<void> {
  const picture = snapshot(guildId, '501', '', members);
  if (picture.type !== 'voice.snapshot') throw new Error('not a snapshot');
  const hidden = [{ id: guildId, type: 'role' as const, allow: '0', deny: '1024' }];
  const shown = (channelId: string) => (channelId === '202' ? hidden : []);
  const channels = channelIds.map((channelId) => ({
    channelId,
    name: `voice ${channelId}`,
    overwrites: shown(channelId),
  }));
  await fleet.report({ ...picture, channels });
}
const guild = (guildId: string) => world.env.GUILD.getByName(guildId);
const set = (guildId: string, patch: object) => guild(guildId).captions({ action: 'change', patch });
const specWith = (match: (spec: SessionSpec) => boolean) =>
  expect.poll(() => [...fleet.running.values()].some(match), { timeout: 5_000 }).toBe(true);
const only = () => [...fleet.running.values()][0] as SessionSpec;
const legIdOf = (spec: SessionSpec, channelId: string) =>
  spec.legs.find((leg) => leg.channelId === channelId)?.legId ?? '';

const final = (
  spec: SessionSpec,
  channelId: string,
  userId: string,
  said: string,
  startMs: number,
): NodeEventDraft => ({
  type: 'caption.final',
  guildId: channelId === '211' ? '102' : '101',
  sessionId: spec.id,
  revision: 1,
  legId: legIdOf(spec, channelId),
  channelId,
  userId,
  captionId: ulid(),
  language: 'en',
  text: said,
  startMs,
  endMs: startMs + 500,
  words: [],
});
const written = (words: string, channel = text) =>
  sim.until(async () => {
    const messages = await sim.messages(channel);
    return messages.find(({ content }) => content.includes(words));
  });
async function browser(userId: string, guildId = '101'): Promise<TestBrowser> {
  const { token } = await mintToken(JWT_SECRET, { sub: userId, guilds: [guildId], scope: 'guild' });
  const opened = new TestBrowser(world, guildId);
  await opened.auth(token);
  await opened.event('presence.snapshot');
  return opened;
}
async function picture(of: TestBrowser) {
  const { payload } = (await of.event('presence.snapshot')) as unknown as {
    payload: { captions: { finals: { text: string; name?: string }[]; states: { state: string; message: string }[] } };
  };
  return payload.captions;
}
const command = (userId: string, name: string, permissions?: string) => world.command('101', userId, name, permissions);

test('a channel without a session: one of its own; words reach pages and Discord; settings and stop at once', async () => {
  const page = await browser('302');
  expect(await command('301', 'captions start')).toContain('What is said in <#201> is captioned');
  expect(await command('301', 'captions start')).toContain('captioned_already');
  await specWith(({ captions }) => captions !== undefined);
  const spec = only();
  const { legs, record, captions, optedOut, mode } = spec;
  expect({ roles: legs.map(({ role }) => role), record, optedOut, mode }).toEqual({
    ...{ roles: ['recorder'], record: undefined, optedOut: [], mode: 'custom' },
  });
  expect(captions).toEqual({
    legs: [{ legId: legIdOf(spec, '201'), language: 'en', keyterms: [], prerecorded: 'gaps' }],
  });
  await written('Captions are on in voice 201');

  const about = { guildId: '101', sessionId: spec.id, revision: 1, legId: legIdOf(spec, '201') };
  const late = final(spec, '201', '302', '@everyone hello', 1_000);
  await fleet.report(
    { type: 'caption.state', ...about, state: 'delayed', code: 'queue', message: 'Captions are late.' },
    final(spec, '201', '301', 'good evening', 2_000),
    late,
  );
  // An outbox that says it again says nothing new.
  await fleet.report(late);
  const partial = { v: 1, type: 'ephemeral', event: 'caption.partial' } as const;
  const where = { sessionId: spec.id, guildId: '101', channelId: '201', userId: '301', captionId: ulid() };
  fleet.node.send({ ...partial, ...where, text: 'all of', startMs: 3_000 });
  const [heard, state, now] = await Promise.all([
    page.event('caption.final', ({ text: said }) => said === 'good evening'),
    page.event('caption.state'),
    page.event('caption.partial'),
  ]);
  expect(heard).toMatchObject({ payload: { name: 'person 301', channelId: '201', startMs: 2_000, endMs: 2_500 } });
  expect(state).toMatchObject({ payload: { channelId: '201', state: 'delayed', message: 'Captions are late.' } });
  expect(now).toMatchObject({ payload: { text: 'all of', userId: '301' } });
  // In the order of their time, whichever came first.
  await written('**person 302** `0:01` \\@everyone hello\n**person 301** `0:02` good evening');
  expect((await sim.messages(text)).map(({ content }) => content.includes('good evening'))).toEqual([false, true]);

  const comer = await picture(await browser('302'));
  expect(comer.finals.map(({ text: said, name }) => [said, name])).toEqual([
    ['@everyone hello', 'person 302'],
    ['good evening', 'person 301'],
  ]);
  expect(comer.states).toMatchObject([{ state: 'delayed', message: 'Captions are late.' }]);

  await guild('101').captions({ action: 'keyterms', text: 'Patchbay, São Paulo', add: true });
  await specWith((each) => each.captions?.legs[0]?.keyterms.length === 2);
  await guild('101').captions({ action: 'language', userId: '302', language: 'it' });
  await specWith((each) => each.captions?.languages?.['302'] === 'it');
  await guild('101').captions({ action: 'language', userId: null, language: 'multi' });
  await specWith((each) => each.captions?.legs[0]?.language === 'multi' && each.revision === 4);
  expect(await command('301', 'captions status')).toMatch(/Captions are on in <#201>.*⏳.*several/is);

  expect(await command('301', 'captions stop')).toContain('captioned no longer');
  await expect.poll(() => fleet.running.size).toBe(0);
  // Last results come after the end.
  await fleet.report(final(spec, '201', '301', 'the last words', 4_000));
  await page.event('caption.final', ({ text: said }) => said === 'the last words');
  await written('good evening the last words');
  await guild('101').captions({ action: 'keyterms', text: 'Patchbay, São Paulo', add: false });
});

async function call(): Promise<SessionSpec> {
  const legs = [
    { guildId: '101', channelId: '201' },
    { guildId: '102', channelId: '211' },
  ];
  const response = await world.signedPost('/api/internal/sessions', OPERATOR_NODE_ID, { mode: 'bridge', legs });
  const { sessionId } = (await response.json()) as { sessionId: string };
  await expect.poll(async () => (await world.env.SESSION.getByName(sessionId).record())?.phase.state).toBe('active');
  return fleet.running.get(sessionId) as SessionSpec;
}
async function over(spec: SessionSpec): Promise<void> {
  await world.env.SESSION.getByName(spec.id).stop('policy');
  await expect.poll(async () => (await world.env.SESSION.getByName(spec.id).record())?.phase.state).toBe('ended');
  await expect
    .poll(async () => (await guild('101').show()).channels.length >= 0 && (await guild('101').sessionOf('201')))
    .toBeNull();
}

test('in a call the own side alone; the other one only where it allows that, told to its people, by name as it wishes', async () => {
  const spec = await call();
  expect(spec.captions).toBeUndefined();
  await command('301', 'captions start');
  await specWith(({ captions }) => captions?.legs.length === 1);
  expect(only().captions?.legs[0]?.legId).toBe(legIdOf(spec, '201'));
  await set('102', { partners: true });
  await specWith(({ captions }) => captions?.legs.length === 2);
  const about = { guildId: '102', sessionId: spec.id, revision: 1, legId: legIdOf(spec, '211') };
  await fleet.report({ type: 'caption.state', ...about, state: 'on', code: 'on', message: 'Captions run.' });
  await written('Captions are on in voice 211');
  const page = await browser('301');
  await fleet.report(final(spec, '211', '311', 'hello there', 500));
  expect(await page.event('caption.final')).toMatchObject({
    payload: {
      guildId: '101',
      channelId: '201',
      userId: '0',
      name: 'person 311',
      guildName: 'Guild 102',
      startMs: 500,
    },
  });
  await written('**person 311** (Guild 102) `0:00` hello there');
  await guild('102').change(null, { anonymous: true });
  await fleet.report(final(spec, '211', '311', 'unseen', 900));
  const hidden = await page.event('caption.final', ({ text: said }) => said === 'unseen');
  expect(JSON.stringify(hidden)).not.toMatch(/311|Guild 102/);
  await guild('102').change(null, { anonymous: null });
  await set('102', { partners: false });
  await specWith(({ captions }) => captions?.legs.length === 1);
  await over(spec);
});

test('by itself with a session where that is set; a thread per session; the transcript for those who were there', async () => {
  await set('101', { auto: true, thread: true });
  const spec = await call();
  expect(spec.captions?.legs).toHaveLength(1);
  const head = await written('Captions are on in voice 201');
  const thread = () => simulator.world.guild(guildInDiscord).threads.has(head?.id ?? '');
  await expect.poll(thread, { timeout: 5_000 }).toBe(true);
  await fleet.report(final(spec, '201', '301', 'in the thread', 100));
  await written('in the thread', head?.id ?? '');
  await over(spec);
  const sha256 = 'a'.repeat(64);
  const objects = (['txt', 'vtt'] as const).map((format) => ({
    ...{ key: transcriptKey(spec.id, format), format, bytes: 10, sha256 },
  }));
  const stored: NodeEventDraft = {
    type: 'transcript.stored',
    guildId: '102',
    sessionId: spec.id,
    objects,
    live: 1,
    prerecorded: 0,
  };
  await fleet.report(stored, stored);
  const message = await written('transcript of voice 201', head?.id ?? '');
  expect(JSON.stringify(message?.components)).toContain(transcriptButtonId(spec.id));
  const press = async (userId: string, guildId = '101') => {
    const response = await world.interaction({
      ...{ type: 3, guild_id: guildId, member: { permissions: '0', user: { id: userId } } },
      data: { custom_id: transcriptButtonId(spec.id) },
    });
    return ((await response.json()) as { data: { content: string; components?: unknown } }).data;
  };
  const given = await press('301');
  expect(given.content).toContain('The links work for 15 minutes');
  expect(JSON.stringify(given.components)).toMatch(
    /transcript-[0-9A-Z]+\.txt.*X-Amz-Expires=900.*"label":"VTT"|"label":"TXT"/,
  );
  world.discord.members.set('101:999', null);
  expect((await press('999')).content).toContain('transcript_not_yours');
  // The other side was not captioned, so it is not told.
  expect((await press('311', '102')).content).toContain('transcript_unknown');
  const audit = await world.env.DB?.prepare('SELECT actor_id, key FROM transcript_audit ORDER BY key').all();
  expect(audit?.results).toEqual(objects.map(({ key }) => ({ actor_id: '301', key })));
});

test('who may not see the channel hears nothing of it', async () => {
  await fleet.report({ type: 'voice.joined', guildId: '101', member: person('304', '202') });
  const [stranger, sees] = [await browser('302'), await browser('9')];
  expect(await command('304', 'captions start')).toContain('<#202>');
  await specWith(({ legs, captions }) => captions !== undefined && legs[0]?.channelId === '202');
  await fleet.report(final(only(), '202', '304', 'in private', 100));
  await sees.event('caption.final');
  expect((await picture(await browser('302'))).finals).toEqual([]);
  expect(stranger.inbox.all.some((message) => JSON.stringify(message).includes('in private'))).toBe(false);
  await command('304', 'captions stop');
  await expect.poll(() => fleet.running.size).toBe(0);
});

test('connections are shared out; a node without a key says so', async () => {
  const other = new TestNode(world, 'node-2');
  await other.connect([{ identityId: '502', guildIds: ['103'] }], { captions: false });
  await other.report(snapshot('103', '502', '221', [person('321', '221')]));
  expect(await world.command('103', '321', 'captions start')).toMatch(/DEEPGRAM_API_KEY[\s\S]*captions_unavailable/);

  const demand = { v: 1, type: 'ephemeral', event: 'captions.demand' } as const;
  const told = (node: TestNode, connections: number, from = 0) =>
    node.inbox.next((message) => message.type === 'captions.share' && message.connections === connections, from);
  fleet.node.send({ ...demand, open: 0, wanted: 20, share: 0 });
  await told(fleet.node, 10);
  fleet.node.send({ ...demand, open: 10, wanted: 20, share: 10 });
  other.send({ ...demand, open: 0, wanted: 4, share: 0 });
  await told(fleet.node, 8);
  expect(other.inbox.all.filter(({ type }) => type === 'captions.share')).toEqual([]);
  fleet.node.send({ ...demand, open: 8, wanted: 20, share: 8 });
  await told(other, 2);
  other.send({ ...demand, open: 2, wanted: 4, share: 2 });
  // The other one has no use for them any more, and says that they are closed.
  fleet.node.send({ ...demand, open: 0, wanted: 0, share: 8 });
  await told(fleet.node, 0);
  fleet.node.send({ ...demand, open: 0, wanted: 0, share: 0 });
  // What it needs, and a little more.
  await told(other, 8);

  // Both are silent for too long: what they had is free, although one of them never gave it back.
  await world.env.FLEET.getByName('fleet').tick(Date.now() + NODE_LOST_MS);
  const from = fleet.node.inbox.all.length;
  await fleet.node.connect([{ identityId: '501', guildIds: ['101', '102'] }]);
  fleet.node.send({ ...demand, open: 0, wanted: 10, share: 0 });
  await told(fleet.node, 10, from);
});
