/** What becomes of a recording after it was captured: projected, finalised by order, reported. The Worker in workerd. */
import type { DirectAnswer } from '@patchbay/shared/direct-messages';
import { eq } from 'drizzle-orm';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken } from '../src/auth/token.ts';
import {
  chunks,
  recordingAudit,
  recordingObjects,
  recordingPeople,
  recordingSides,
  recordings,
} from '../src/db/schema.ts';
import type { RecordingView } from '../src/recording/view.ts';
import { CHUNK, linksOf, RecordingWorld } from './recording-world.ts';
import { JWT_SECRET, TestBrowser } from './world.ts';

let world: RecordingWorld;
let sessionId: string;
beforeAll(async () => {
  world = await RecordingWorld.start();
});
afterAll(() => world?.close());

const row = async () => (await world.db.select().from(recordings).where(eq(recordings.id, sessionId)))[0];

test('while it runs: who is there by the name of then, who may view the channel, what is stored', async () => {
  sessionId = await world.record('301', '302');
  await world.chunk(sessionId, '301');
  await expect.poll(row).toMatchObject({ state: 'running', endedAt: null });
  const people = () => world.db.select().from(recordingPeople).where(eq(recordingPeople.sessionId, sessionId));
  await expect.poll(people).toHaveLength(2);
  expect((await people()).map(({ userId, displayName }) => [userId, displayName]).sort()).toEqual([
    ['301', 'person 301'],
    ['302', 'person 302'],
  ]);
  const [side] = await world.db.select().from(recordingSides).where(eq(recordingSides.sessionId, sessionId));
  expect(side).toMatchObject({
    guildId: world.guildId,
    channelId: world.channelId,
    channelName: 'Booth',
    endedAt: null,
  });
  expect(side?.sights[0]?.overwrites).toHaveLength(2);
  const stored = () => world.db.select().from(chunks).where(eq(chunks.sessionId, sessionId));
  await expect.poll(stored).toMatchObject([{ sha256: 'a'.repeat(64) }]);
  // Somebody opted out: the chunk was put back with a part of silence.
  await world.chunk(sessionId, '301', 0, {}, 'f'.repeat(64));
  await expect.poll(stored).toMatchObject([{ sha256: 'f'.repeat(64) }]);
  const session = world.world.env.SESSION.getByName(sessionId);
  const note = (guildId: string, text: string) => session.addNote({ guildId, userId: '301', text });
  expect(await note(world.guildId, 'Look *here*')).toMatchObject({ ok: true });
  expect(await note('77', 'of another server')).toMatchObject({ ok: true });
});

test('nobody finalises before the session is over and its node has stored all; then a node is told, once', async () => {
  const before = world.fleet.node.inbox.all.length;
  await world.chunk(sessionId, '302');
  await world.end(sessionId, '301', '302');
  const order = await world.ordered(sessionId);
  expect(order).toEqual({ v: 1, type: 'recording.finalise', sessionId, guildIds: [world.guildId] });
  const told = world.fleet.node.inbox.all.slice(before).map(({ type }) => type);
  expect(told.indexOf('session.end')).toBeLessThan(told.indexOf('recording.finalise'));
  await expect.poll(async () => (await row())?.state).toBe('finalising');
  await world.finalise(sessionId, ['301', '302']);
  await expect.poll(row).toMatchObject({ state: 'ready', loudness: -16.04, samples: 300 * 48_000 });
  const kinds = async () =>
    (await world.db.select().from(recordingObjects).where(eq(recordingObjects.sessionId, sessionId)))
      .map(({ kind }) => kind)
      .sort();
  await expect.poll(kinds).toEqual(['master', 'normalised', 'normalised', 'raw', 'raw']);
  expect((await world.recording(sessionId).record())?.order).toBeUndefined();
  expect(told.filter((type) => type === 'recording.finalise')).toHaveLength(1);
});

const report = async () => {
  const messages = await world.sim.messages(world.channelId);
  return messages.find(({ content }) => content.includes(sessionId));
};

test('the channel reads a report once, and it is edited when something in it changes', async () => {
  await expect.poll(report).toBeDefined();
  const posted = await report();
  expect(posted?.content).toContain('Recording of <#');
  expect(posted?.content).toContain('<@301>, <@302>');
  expect(posted?.content).toContain('-16.0 LUFS, -1.1 dBTP');
  expect(posted?.content).toContain('<@301> 1.0 %');
  expect(posted?.content).toContain('Nothing could be received for 0:02');
  expect(JSON.stringify(posted?.components)).toContain(`recording:links:${sessionId}`);
  expect(posted?.content).toMatch(/Notes:\n- 0:0\d Look \\\*here\\\*\n/);
  expect(posted?.content).not.toContain('of another server');
  const track = `recordings/${sessionId}/full/FULL-301-9000000.ogg`;
  const isKept = async () =>
    (await world.db.select().from(recordingObjects).where(eq(recordingObjects.key, track))).length === 1;
  await world.fleet.report({
    ...{ type: 'recording.fragment.stored', guildId: world.guildId, sessionId, userId: '301', kind: 'normalised' },
    ...{ key: track, bytes: 5, sha256: 'c'.repeat(64), firstSample: 0, samples: CHUNK, loudness: -16, truePeak: -1 },
  });
  await world.finalise(sessionId, ['301', '302'], 'c');
  await expect.poll(isKept).toBe(true);
  // Made again without it: the track begins elsewhere now.
  await world.finalise(sessionId, ['301', '302'], 'a');
  await expect.poll(isKept).toBe(false);
  const tracks = await world.db.select().from(recordingObjects).where(eq(recordingObjects.sessionId, sessionId));
  expect(tracks).toHaveLength(5);
  await world.fleet.report({
    type: 'recording.coverage',
    ...{ guildId: world.guildId, sessionId, legId: ulid(), code: 'bot_muted', state: 'begun', message: 'muted' },
  });
  await expect.poll(async () => (await report())?.content).toContain('the bot was muted');
  expect((await report())?.id).toBe(posted?.id);
  const all = await world.sim.messages(world.channelId);
  expect(all.filter(({ content }) => content.includes(sessionId))).toHaveLength(1);
});

const audit = async () =>
  (await world.db.select().from(recordingAudit).where(eq(recordingAudit.sessionId, sessionId))).map(
    ({ actorId, action, key }) => [actorId, action, key.split('/').at(-1)],
  );

test('the button gives links to those who were there, who could view the channel, and who manage the server', async () => {
  const button = `recording:links:${sessionId}`;
  const own = await world.press('301', button);
  expect(own.content).toContain('that you got them was written down');
  expect(linksOf(own).map(({ label }) => label)).toEqual(['Mix', 'person 301 0:00', 'person 302 0:00']);
  for (const { url } of linksOf(own)) {
    expect(url.length).toBeLessThan(512);
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('900');
    expect(await (await fetch(url)).text()).toBe('voice');
  }
  expect((await audit()).map(([actor, action]) => `${actor} ${action}`)).toEqual(Array(3).fill('301 link'));
  expect(linksOf(await world.press('401', button, ['555']))).toHaveLength(3);
  const stranger = await world.press('402', button);
  expect(stranger.content).toMatch(/-# unknown$/);
  expect(linksOf(stranger)).toEqual([]);
  expect((await audit()).filter(([actor]) => actor === '402')).toEqual([]);
});

const session = () => [{ name: 'session', value: sessionId }];
const channel = () => [{ type: 7, name: 'channel', value: world.channelId }];

test('/records lists what the caller may have, and /download has the mix; strangers learn nothing', async () => {
  const list = await world.ask({ userId: '301', words: ['records'], options: channel() });
  expect(list.content).toContain(`Recordings of <#${world.channelId}>`);
  expect(list.content).toMatch(new RegExp(`5:00 · <@301>, <@302> · ready · \`${sessionId}\``));
  expect(list.content).toMatch(/\n {2}- 0:0\d Look \\\*here\\\*/);
  expect(list.content).not.toContain('of another server');
  expect(await (await fetch(linksOf(list)[0]?.url ?? '')).text()).toBe('voice');
  const manager = { userId: '403', permissions: String(1 << 5) };
  expect((await world.ask({ ...manager, words: ['records'], options: channel() })).content).toContain(sessionId);
  for (const words of [['records'], ['download']]) {
    const options = words[0] === 'records' ? channel() : session();
    expect((await world.ask({ userId: '402', words, options })).content).not.toContain(sessionId);
  }
  const mix = await world.ask({ userId: '302', words: ['download'], options: session() });
  expect(linksOf(mix).map(({ label }) => label)).toEqual(['Mix']);
  const made = [{ name: 'session', value: ulid() }];
  expect((await world.ask({ userId: '302', words: ['download'], options: made })).content).toMatch(/-# unknown$/);
});

test('in direct messages: the command, and what a voice node passes on, once and fresh', async () => {
  const own = await world.askDirectly('301', 'records');
  expect(own.content).toContain('Recordings that you were in');
  expect((await world.askDirectly('302', 'records', [{ name: 'id', value: world.channelId }])).content).toContain(
    sessionId,
  );
  expect((await world.askDirectly('402', 'records', [{ name: 'id', value: world.channelId }])).content).toBe(
    'There are no recordings that you may have.',
  );
  expect((await world.askDirectly('301', 'call')).content).toMatch(/-# guild_only$/);

  const now = (BigInt(Date.now() - 1_420_070_400_000) << 22n).toString();
  const post = (body: unknown) => world.world.signedPost('/api/internal/direct-messages', 'node-1', body);
  const message = { userId: '301', messageId: now, content: `!records ${world.channelId}` };
  const answer = (await (await post(message)).json()) as DirectAnswer;
  expect(answer.content).toContain(sessionId);
  expect(await (await fetch(answer.links[0]?.url ?? '')).text()).toBe('voice');
  expect((await post(message)).status).toBe(409);
  expect((await post({ ...message, messageId: '1' })).status).toBe(409);
  const vague = { ...message, messageId: String(BigInt(now) + 1n), content: '!records' };
  expect(((await (await post(vague)).json()) as DirectAnswer).content).toContain('Give the id');
});

test('a disk that is full in mid-call is told; a mix of nothing is not waited for', async () => {
  const next = await world.record('301');
  await world.chunk(next, '301');
  const failed = (code: string) =>
    world.fleet.report({ type: 'recording.failed', guildId: world.guildId, sessionId: next, code, message: code });
  const told = async () => (await world.sim.messages(world.channelId)).map(({ content }) => content).join('\n');
  expect(await told()).not.toContain('is full');
  await failed('disk_full');
  await expect.poll(told).toContain('The disk of the voice node is full: the recording has stopped.');
  await world.end(next, '301');
  await world.ordered(next);
  await failed('nothing_recorded');
  await expect.poll(async () => (await world.recording(next).record())?.state).toBe('empty');
  expect((await world.recording(next).record())?.order).toBeUndefined();
  const options = [{ name: 'session', value: next }];
  expect((await world.ask({ userId: '301', words: ['download'], options })).content).toMatch(
    /nothing of it is left.*\n-# nothing$/,
  );
  // It comes after all.
  const from = world.fleet.node.inbox.all.length;
  await world.chunk(next, '301', 1);
  await world.fleet.report({ type: 'recording.sealed', guildId: world.guildId, sessionId: next });
  await world.ordered(next, from);
  await world.finalise(next, ['301']);
  await expect.poll(async () => (await world.recording(next).record())?.state).toBe('ready');
});

test('addresses that a server set up get a mail, ordered until a node has sent it', async () => {
  const mail = (sub: string, value: string) =>
    world.ask({
      ...{ userId: '1', permissions: String(1 << 5), words: ['setup', 'mail', sub] },
      options: [{ name: 'address', value }],
    });
  expect((await mail('add', 'nonsense')).content).toMatch(/-# wrong_mailTo$/);
  expect((await mail('add', 'crew@example.org')).content).toContain('crew@example.org gets a mail');
  const next = await world.record('301');
  await world.chunk(next, '301');
  await world.end(next, '301');
  await world.ordered(next);
  await world.finalise(next, ['301']);
  const order = await world.fleet.node.inbox.next(({ type }) => type === 'mail.send');
  expect(order).toMatchObject({ guildId: world.guildId, to: ['crew@example.org'] });
  if (order.type !== 'mail.send') throw new Error('not a mail');
  expect(order.subject).toMatch(/^Recording of Booth, /);
  expect(order.text).toContain('People: person 301');
  expect(order.text).toContain(`https://patchbay.example/#/recordings/${world.guildId}/${next}`);
  await world.fleet.report({ type: 'mail.sent', guildId: world.guildId, mailId: order.mailId });
  const storage = await world.world.harness.getWorker().getDurableObjectStorage('GUILD', { name: world.guildId });
  await expect.poll(() => storage.exec('SELECT * FROM mails')).toEqual([]);
  expect((await mail('remove', 'crew@example.org')).content).toContain('gets no more mails');
});

test('/recover makes one again, of this server alone, also when nothing but the bucket knows of it', async () => {
  const lost = ulid();
  const manager = { userId: '403', permissions: String(1 << 5), words: ['recover'] };
  const of = (value: string) => [{ name: 'session', value }];
  expect((await world.ask({ ...manager, options: of(lost) })).content).toMatch(/-# no_chunks$/);
  const put = (userId: string, guildId?: string) =>
    world.put(`recordings/${lost}/chunks/${userId}-1000.ogg`, {
      ...{ 'session-id': lost, 'user-id': userId, 'time-zero': '1000', 'first-sample': '0', samples: '480' },
      ...(guildId ? { 'guild-id': guildId } : {}),
    });
  await put('301');
  expect((await world.ask({ ...manager, options: of(lost) })).content).toMatch(/-# guild_unknown$/);
  await put('302', '77');
  expect((await world.ask({ ...manager, options: of(lost) })).content).toMatch(/-# other_guild$/);
  await put('303', world.guildId);
  expect((await world.ask({ userId: '403', words: ['recover'], options: of(lost) })).content).toMatch(
    /-# missing_permission$/,
  );
  expect((await world.ask({ ...manager, options: of(lost) })).content).toContain('(3 parts)');
  await world.ordered(lost);
  await world.finalise(lost, ['303']);
  const mix = await world.ask({ ...manager, words: ['download'], options: of(lost) });
  expect(linksOf(mix)).toHaveLength(1);
  // Who spoke may have it; nobody else, since nothing says who could view the channel.
  expect(linksOf(await world.ask({ userId: '303', words: ['download'], options: of(lost) }))).toHaveLength(1);
  expect((await world.ask({ userId: '401', roles: ['555'], words: ['download'], options: of(lost) })).content).toMatch(
    /-# unknown$/,
  );
  // Known ones are made again, too.
  const from = world.fleet.node.inbox.all.length;
  await world.ask({ ...manager, options: session() });
  await world.ordered(sessionId, from);
  await world.finalise(sessionId, ['301', '302'], 'd');
});

test('a person takes themselves out: their objects go, and the mix is given to nobody until it is made anew', async () => {
  const from = world.fleet.node.inbox.all.length;
  const erase = (userId: string, user?: string, permissions = '0') =>
    world.ask({
      ...{ userId, permissions, words: ['recording', 'erase'] },
      options: [...session(), ...(user ? [{ type: 6, name: 'user', value: user }] : [])],
    });
  expect((await erase('302', '301')).content).toMatch(/-# erase_self$/);
  await world.put(`recordings/${sessionId}/partial/302-1000.ogg`);
  expect((await erase('302')).content).toContain('is being deleted');
  const order = await world.ordered(sessionId, from);
  expect(order).toMatchObject({ without: ['302'] });
  const kept = async () => (await world.bucket.list(`recordings/${sessionId}/`)).filter((key) => /302-/.test(key));
  await expect.poll(kept).toEqual([]);
  expect((await world.ask({ userId: '301', words: ['download'], options: session() })).content).toContain(
    'is being made',
  );
  // What was made with them does not count, whenever it comes.
  await world.finalise(sessionId, ['301', '302'], 'e');
  expect((await world.ask({ userId: '301', words: ['download'], options: session() })).content).toContain(
    'is being made',
  );
  await expect.poll(kept).toEqual([]);
  await world.finalise(sessionId, ['301'], 'f');
  expect(linksOf(await world.press('301', `recording:links:${sessionId}`)).map(({ label }) => label)).toEqual([
    'Mix',
    'person 301 0:00',
  ]);
  const rows = await world.db.select().from(recordingObjects).where(eq(recordingObjects.sessionId, sessionId));
  expect(rows.filter(({ userId }) => userId === '302')).toEqual([]);
});

test('chunks go after their time, then everything; the server says how long, and a bucket that is away delays it', async () => {
  const day = 86_400_000;
  const keys = async () => (await world.bucket.list(`recordings/${sessionId}/`)).map((key) => key.split('/')[2]);
  expect(await keys()).toContain('chunks');
  const now = Date.now();
  await world.recording(sessionId).tick(now + 6 * day);
  expect(await keys()).toContain('chunks');
  world.s3.addFault({ kind: 'error', code: 'ServiceUnavailable', methods: ['DELETE'], count: null });
  await world.recording(sessionId).tick(now + 8 * day);
  expect((await world.recording(sessionId).record())?.attempts).toBe(1);
  world.s3.clearFaults();
  await world.recording(sessionId).tick(now + 8 * day);
  expect(await keys()).toEqual(['full', 'full', `manifest-${sessionId}.json`, 'master']);
  expect(linksOf(await world.press('301', `recording:links:${sessionId}`))).toHaveLength(2);
  const retention = await world.ask({
    ...{ userId: '1', permissions: String(1 << 5), words: ['setup', 'retention'] },
    options: [{ type: 4, name: 'recordings', value: 20 }],
  });
  expect(retention.content).toContain('defaults of this server were changed');
  await world.recording(sessionId).tick(now + 21 * day);
  await expect.poll(keys).toEqual([]);
  await expect.poll(row).toBeUndefined();
  expect((await world.press('301', `recording:links:${sessionId}`)).content).toMatch(/-# unknown$/);
  expect((await audit()).filter(([actor, action]) => actor === 'retention' && action === 'erased').length).toBe(3);
});

test('somebody who manages the server deletes one for good: what a node stores later goes, too', async () => {
  const next = await world.record('301');
  const of = [{ name: 'session', value: next }];
  const manager = { userId: '403', permissions: String(1 << 5) };
  const remove = (who: object) => world.ask({ userId: '301', words: ['recording', 'delete'], options: of, ...who });
  await world.chunk(next, '301');
  await expect.poll(async () => (await remove(manager)).content).toMatch(/-# still_running$/);
  await world.end(next, '301');
  await world.ordered(next);
  expect((await remove({})).content).toMatch(/-# not_yours$/);
  expect((await remove(manager)).content).toContain('is being deleted');
  const keys = () => world.bucket.list(`recordings/${next}/`);
  await expect.poll(keys).toEqual([]);
  await expect.poll(() => world.recording(next).record()).toBeUndefined();
  // The node had begun already.
  await world.finalise(next, ['301']);
  await expect.poll(keys, { timeout: 10_000 }).toEqual([]);
  expect((await world.ask({ ...manager, words: ['recover'], options: of })).content).toMatch(/-# unknown$/);
});

test('trouble is said in the channel once in a while, on the page each time; so is how far the mix is', async () => {
  const next = await world.record('301', '302');
  const browser = new TestBrowser(world.world, world.guildId);
  const claims = { sub: world.ownerId, guilds: [world.guildId], scope: 'guild' as const };
  await browser.auth((await mintToken(JWT_SECRET, claims)).token);
  await browser.event('presence.snapshot');
  const legId = world.fleet.running.get(next)?.legs[0]?.legId ?? '';
  const about = { type: 'recording.coverage' as const, guildId: world.guildId, sessionId: next, legId };
  const trouble = (userId: string, state: 'begun' | 'over') =>
    world.fleet.report({ ...about, code: 'no_packets', userId, state, message: 'Nothing comes.' });
  await trouble('301', 'begun');
  await trouble('302', 'begun');
  await trouble('301', 'over');
  await browser.event('recording.coverage', ({ userId, state }) => userId === '301' && state === 'over');
  const said = async () =>
    (await world.sim.messages(world.channelId)).filter(({ content }) => content.includes('nothing arrives'));
  await expect.poll(said).toHaveLength(1);
  expect((await said())[0]?.content).toContain('<@301>');
  await world.chunk(next, '301');
  await world.end(next, '301', '302');
  await world.ordered(next);
  world.fleet.node.send({
    ...{ v: 1, type: 'ephemeral', event: 'recording.progress', sessionId: next },
    ...{ stage: 'finalising', percent: 37.5 },
  });
  await browser.event('recording.progress', ({ percent }) => percent === 37.5);
  const asked = await world.ask({ userId: '301', words: ['download'], options: [{ name: 'session', value: next }] });
  expect(asked.content).toContain('(37 %)');
  await world.finalise(next, ['301']);
  await browser.event('recording.progress', ({ percent }) => percent === 100);
  await expect
    .poll(
      async () => (await world.sim.messages(world.channelId)).find(({ content }) => content.includes(next))?.content,
    )
    .toContain('somebody was not heard (2×)');
  expect(await said()).toHaveLength(1);
});

const api = async (userId: string, path: string, init: RequestInit = {}, scope: 'guild' | 'self' = 'guild') => {
  const { token } = await mintToken(JWT_SECRET, { sub: userId, guilds: [world.guildId], scope });
  const headers = { authorization: `Bearer ${token}` };
  return world.world.fetch(`/api/guilds/${world.guildId}/recordings${path}`, { ...init, headers, redirect: 'manual' });
};
const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

test('the page: a list, one recording, links one by one; strangers and tokens for themselves alone get nothing', async () => {
  const list = (await (await api('301', '')).json()) as { recordings: { sessionId: string; people: unknown[] }[] };
  const { sessionId: id = '' } = list.recordings[0] ?? {};
  expect(list.recordings[0]).toMatchObject({
    state: 'ready',
    channels: [{ channelId: world.channelId, name: 'Booth' }],
  });
  expect(((await (await api('402', '')).json()) as typeof list).recordings).toEqual([]);
  const key0 = `recordings/${id}/transcript-${id}.txt`;
  const transcript = { key: key0, format: 'txt' as const, bytes: 5, sha256: 'b'.repeat(64) };
  await world.fleet.report({
    ...{ type: 'transcript.stored', guildId: world.guildId, sessionId: id, objects: [transcript] },
    ...{ live: 0, prerecorded: 0 },
  });
  const viewed = async () => ((await (await api('301', `/${id}`)).json()) as { recording: RecordingView }).recording;
  await expect.poll(async () => (await viewed()).objects.map(({ key }) => key)).toContain(key0);
  const recording = await viewed();
  expect(recording.objects.map(({ kind }) => kind).sort()).toEqual(['master', 'normalised', 'raw', 'transcript']);
  const key = recording.objects.find(({ kind }) => kind === 'raw')?.key ?? '';
  const post = (userId: string, wanted: string) =>
    api(userId, `/${id}/links`, { method: 'POST', body: JSON.stringify({ key: wanted }) });
  const { links } = (await (await post('301', key)).json()) as { links: { key: string; url: string }[] };
  expect(links.map((link) => link.key)).toEqual([key]);
  expect(await (await fetch(links[0]?.url ?? '')).text()).toBe('voice');
  expect((await post('301', 'recordings/other')).status).toBe(404);
  for (const path of [`/${id}`, `/${ulid()}`, '/nonsense', `/${id}/audio`]) {
    expect((await api('402', path)).status).toBe(404);
  }
  expect((await post('402', key)).status).toBe(404);
  expect(await codeOf(await api('301', '', {}, 'self'))).toBe('scope_too_small');
});

test('reading while it is recorded: stored on request, and chunks before partial objects', async () => {
  const next = await world.record('301', '302');
  await world.chunk(next, '301');
  await world.chunk(next, '302');
  const audio = (query: string, userId = '301') => api(userId, `/${next}/audio?${query}`);
  expect(await codeOf(await audio('from=5&to=5'))).toBe('request_malformed');
  expect((await audio('', '402')).status).toBe(404);
  // All of it is there: nobody is asked.
  const inChunks = (await (await audio('from=0&to=1')).json()) as { parts: { userId: string; url: string }[] };
  expect(inChunks.parts.map(({ userId }) => userId)).toEqual(['301', '302']);
  const one = await audio('from=0&to=1&user=302');
  expect(one.status).toBe(302);
  expect(await (await fetch(one.headers.get('location') ?? '')).text()).toBe('voice');
  expect(world.fleet.node.inbox.all.some(({ type }) => type === 'recording.flush')).toBe(false);

  // The session is older than its chunks.
  const store = await world.world.harness.getWorker().getDurableObjectStorage('RECORDING', { name: next });
  const longAgo = Date.now() - 400_000;
  await store.exec("UPDATE recording SET body = json_set(body, '$.timeZero', ?)", longAgo);
  const asked = audio('from=0');
  const order = await world.fleet.node.inbox.next(({ type }) => type === 'recording.flush');
  if (order.type !== 'recording.flush') throw new Error('not a flush');
  expect(order.sessionId).toBe(next);
  const key = `recordings/${next}/partial/301-1300000.ogg`;
  await world.put(key);
  const part = { key, userId: '301', firstSample: CHUNK, samples: 60 * 48_000 };
  const until = CHUNK + 60 * 48_000;
  const { requestId } = order;
  await world.fleet.report({
    ...{ type: 'recording.flushed', guildId: world.guildId, sessionId: next, requestId, until, objects: [part] },
  });
  const whole = (await (await asked).json()) as { until: number; parts: { key: string; firstSample: number }[] };
  expect(whole.until).toBe(360_000);
  expect(whole.parts.map(({ firstSample }) => firstSample)).toEqual([0, CHUNK, 0]);
  // The chunk that takes its place.
  await world.chunk(next, '301', 1);
  const later = (await (await audio('from=0&to=390000')).json()) as typeof whole;
  expect(later.parts.map((each) => each.key).filter((each) => each.includes('partial'))).toEqual([]);
});
