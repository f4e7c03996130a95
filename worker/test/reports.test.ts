/** Reports of calls: what is sealed, who may read it, and that it goes in time. The Worker in workerd against a bucket of the simulator. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SealOrder, WorkerMessage } from '@patchbay/shared/control-messages';
import { reportPrefix } from '@patchbay/shared/object-keys';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { eq } from 'drizzle-orm';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { S3Server } from '../../sim/src/s3/server.ts';
import { openDb } from '../src/db/db.ts';
import { reportAudit, reports } from '../src/db/schema.ts';
import { DAY_MS } from '../src/report/record.ts';
import { Bucket } from '../src/storage/bucket.ts';
import { person, snapshot, startWorld, TestNode, type World } from './world.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
let s3: S3Server;
let world: World;
let node: TestNode;
let spec: SessionSpec;
let discord: Server;
/** What the reporters read in the end, by the token of the interaction. */
const edits: { token: string; content: string }[] = [];
let edited: () => void = () => undefined;

const db = () => openDb(world.env, {});
const report = (reportId: string) => world.env.REPORT.getByName(reportId);
const session = () => world.env.SESSION.getByName(spec.id);

beforeAll(async () => {
  s3 = new S3Server({ credentials, buckets: ['calls'] });
  const endpoint = await s3.listen();
  discord = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { content } = JSON.parse(Buffer.concat(chunks).toString()) as { content: string };
    edits.push({ token: request.url?.split('/').at(-3) ?? '', content });
    response.setHeader('content-type', 'application/json').end('{}');
    edited();
  });
  await new Promise<void>((resolve) => discord.listen(0, '127.0.0.1', resolve));
  world = await startWorld({
    DISCORD_API_URL: `http://127.0.0.1:${(discord.address() as AddressInfo).port}/api`,
    REPORT_READERS: '77, 78',
    S3_ENDPOINT: endpoint,
    S3_BUCKET: 'calls',
    S3_REGION: 'auto',
    S3_ACCESS_KEY_ID: credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  node = new TestNode(world, 'node-1');
  await node.connect([{ identityId: '501', guildIds: ['101', '102', '103'] }]);
  await node.report(snapshot('101', '501', '201', [person('301', '201'), person('303', '201')]));
  await node.report(snapshot('102', '501', '202', [person('302', '202')]));
  await node.report(snapshot('103', '501', '203'));
  for (const [guildId, channelId] of [
    ['101', '201'],
    ['102', '202'],
  ] as const) {
    await world.setup(guildId, channelId, 'idle', false);
  }
  spec = (await applied(() => true)).spec;
  const about = { sessionId: spec.id, revision: spec.revision };
  for (const { guildId, legId } of spec.legs) {
    await node.report({ type: 'session.active', guildId, ...about, legId, daveVersion: 1 });
  }
});
afterAll(async () => {
  await world?.close();
  await s3?.close();
  await new Promise((resolve) => discord.close(resolve));
});

async function applied(fits: (spec: SessionSpec) => boolean) {
  const message = await node.inbox.next((each) => each.type === 'session.apply' && fits(each.spec));
  if (message.type !== 'session.apply') throw new Error('not an apply');
  return message;
}

interface Given {
  guildId?: string;
  userId: string;
  words: string[];
  options?: unknown[];
  token?: string;
  permissions?: string;
}
interface Answer {
  content: string;
  components?: { components: { label: string; url: string }[] }[];
}
/** A command, and what the caller reads at once. */
async function ask({ guildId = '101', userId, words, options = [], token, permissions = '0' }: Given): Promise<Answer> {
  const [name = '', ...subs] = words;
  const nested = subs.reduceRight<unknown[]>(
    (inner, sub, at) => [{ type: at === subs.length - 1 ? 1 : 2, name: sub, options: inner }],
    options,
  );
  const response = await world.interaction({
    type: 2,
    guild_id: guildId,
    member: { permissions, user: { id: userId } },
    data: { name, options: nested },
    ...(token ? { token } : {}),
  });
  return ((await response.json()) as { data: Answer }).data;
}
const reason = { type: 3, name: 'reason', value: 'They **threatened** @everyone.' };
const idIn = ({ content }: Answer) => /[0-9A-Z]{26}/.exec(content)?.[0] ?? '';
const isSeal = (message: WorkerMessage): message is SealOrder => message.type === 'session.seal';
const seals = () => node.inbox.all.filter(isSeal);
const read = (userId: string, id: string) =>
  ask({ guildId: '103', userId, words: ['reports', 'read'], options: [{ type: 3, name: 'id', value: id }] });
/** What a reporter read in the end. */
async function lastEdit(token: string): Promise<string> {
  for (;;) {
    const known = edits.find((each) => each.token === token);
    if (known) return known.content;
    await new Promise<void>((resolve) => {
      edited = resolve;
    });
  }
}

/** The node stores two voices and their description, and says so. */
async function store(reportId: string): Promise<string[]> {
  const objects = ['1-301.ogg', '2-302.ogg', 'report.json'].map((name) => ({
    key: `${reportPrefix(reportId)}${name}`,
    ...{ bytes: 5, sha256: 'a'.repeat(64) },
    ...(name.endsWith('.ogg') ? { userId: name.slice(2, 5) } : {}),
  }));
  for (const { key } of objects) await put(key);
  const at = Date.now();
  const about = { guildId: '101', sessionId: spec.id, reportId };
  await node.report({ type: 'report.sealed', ...about, from: at - 10_000, to: at, objects });
  return objects.map(({ key }) => key);
}
async function put(key: string): Promise<void> {
  const { AwsClient } = await import('aws4fetch');
  const client = new AwsClient({ ...credentials, service: 's3', region: 'auto' });
  const response = await client.fetch(`${s3Url()}/${key}`, { method: 'PUT', body: `voice` });
  expect(response.status).toBe(200);
}
const s3Url = () => `${(world.env as unknown as { S3_ENDPOINT: string }).S3_ENDPOINT}/calls`;
const stateOf = async (reportId: string) =>
  (await db().select().from(reports).where(eq(reports.id, reportId)))[0]?.state;

let first: string;

test('both sides are kept for reports by default, and the spec carries the list of people who opted out', async () => {
  expect(spec).toMatchObject({ sealable: { legs: spec.legs.map(({ legId }) => legId) }, optedOut: [] });
  const view = async () => (await world.env.GUILD.getByName('101').snapshot()).snapshot.sessions[0];
  await expect.poll(view).toMatchObject({ state: 'active', sealable: { own: true } });
});

test('a report has the node seal, the reporter is told at once and in the end, the panels of both sides know', async () => {
  const answer = await ask({ userId: '301', words: ['call', 'report'], options: [reason], token: 'one' });
  expect(answer.content).toContain('are being sealed');
  first = idIn(answer);
  const order = await node.inbox.next(isSeal);
  expect(order).toMatchObject({ sessionId: spec.id, reportId: first, guildId: '101', userId: '301' });
  await store(first);
  expect(await lastEdit('one')).toContain('the last ten seconds of the call are sealed (2 voices)');
  expect(await stateOf(first)).toBe('sealed');
  for (const guildId of ['101', '102']) {
    await expect
      .poll(async () => (await world.env.GUILD.getByName(guildId).snapshot()).snapshot.sessions[0]?.sealable)
      .toEqual({ own: true, sealedAt: expect.any(Number) });
  }
  // Not by whom: the other side's page and panel learn nothing of the reporter.
  expect(JSON.stringify(await world.env.GUILD.getByName('102').snapshot())).not.toContain('"301"');
});

test('the same person waits a minute; another one within ten seconds shares the seal', async () => {
  const again = await ask({ userId: '301', words: ['call', 'report'], options: [reason] });
  expect(again.content).toMatch(/-# reported_lately$/);
  const other = await ask({
    guildId: '102',
    userId: '302',
    words: ['call', 'report'],
    options: [reason],
    token: 'two',
  });
  expect(await lastEdit('two')).toContain('are sealed (2 voices)');
  expect(seals()).toHaveLength(1);
  expect((await report(idIn(other)).record())?.sealing).toMatchObject({ state: 'sealed', sealId: first });
});

test('a reader of any server gets links that open, and each is written down', async () => {
  const list = await ask({ guildId: '103', userId: '77', words: ['reports', 'list'] });
  expect(list.content).toContain(`\`${first}\``);
  expect(list.content).toContain('Guild 101 ↔ Guild 102');
  expect(list.content).toContain('\\*\\*threatened\\*\\* \\@everyone');
  const answer = await read('77', first);
  expect(answer.content).toContain('<@301> <@302>');
  const links = answer.components?.flatMap(({ components }) => components) ?? [];
  expect(links.map(({ label }) => label)).toEqual(['1-301.ogg', '2-302.ogg', 'report.json']);
  for (const { url } of links) {
    expect(url.length).toBeLessThan(512);
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('900');
    expect(await (await fetch(url)).text()).toBe('voice');
    expect((await fetch(url.replace(/X-Amz-Expires=900/, 'X-Amz-Expires=90000'))).status).toBe(403);
  }
  const audit = await db().select().from(reportAudit).where(eq(reportAudit.reportId, first));
  expect(audit.map(({ actorId, action, key }) => [actorId, action, key.split('/').at(-1)]).sort()).toEqual(
    links.map(({ label }) => ['77', 'link', label]).sort(),
  );
});

test('nobody else gets anything, whatever they may do in a server, and is told who may', async () => {
  for (const words of [['reports', 'list']]) {
    const { content } = await ask({ userId: '301', words, permissions: '8' });
    expect(content).toBe('Only the named readers of this bot may do this: <@77> and <@78>.\n-# not_a_reader');
  }
  const before = await db().select().from(reportAudit);
  const refused = await read('301', first);
  expect(refused.content).toMatch(/-# not_a_reader$/);
  expect(refused.components).toBeUndefined();
  expect(await db().select().from(reportAudit)).toEqual(before);
  const typed = await world.interaction({
    ...{ type: 4, guild_id: '101', member: { permissions: '8', user: { id: '301' } } },
    data: {
      name: 'reports',
      options: [{ type: 1, name: 'read', options: [{ type: 3, name: 'id', value: '', focused: true }] }],
    },
  });
  expect(await typed.json()).toMatchObject({ data: { choices: [] } });
  expect((await read('77', ulid())).content).toMatch(/-# report_unknown$/);
  expect((await read('77', 'nonsense')).content).toMatch(/-# report_unknown$/);
});

test('what the node refuses, and a node that is not there, are told with their reason', async () => {
  // The seal of the first reports is over after ten seconds; here only the reports' objects are asked.
  const call = (reportId: string) => ({
    ...{ reportId, sessionId: ulid(), guildId: '101', channelId: '201', userId: '301', reason: 'x', partners: [] },
    at: Date.now(),
  });
  const unknown = ulid();
  await report(unknown).open(call(unknown), { sealing: true, reply: { token: 'three', language: 'it' } });
  expect(await lastEdit('three')).toContain('la chiamata era finita');
  expect(await stateOf(unknown)).toBe('failed');
  // A node that answers late mends it; then nothing changes it any more.
  const sealed = { kind: 'sealed' as const, sealId: unknown, from: 1, to: 2, objects: [] };
  await report(unknown).settle(sealed);
  await report(unknown).settle({ kind: 'failed', code: 'x', message: 'x' });
  expect((await report(unknown).record())?.sealing.state).toBe('sealed');
  // The token of the reporter's answer is told to nobody.
  expect(JSON.stringify(await report(unknown).record())).not.toContain('three');
});

test('a server that switches it off is out of running calls at once, and out of the next ones', async () => {
  const switched = (words: string[]) => ask({ guildId: '102', userId: '1', words, permissions: String(1 << 5) });
  expect((await ask({ guildId: '102', userId: '1', words: ['setup', 'reports', 'off'] })).content).toMatch(
    /-# missing_permission$/,
  );
  expect((await switched(['setup', 'reports', 'off'])).content).toContain('no longer seal');
  const own = spec.legs.filter(({ guildId }) => guildId === '101').map(({ legId }) => legId);
  const off = await applied(({ revision }) => revision > spec.revision);
  expect(off.spec.sealable).toEqual({ legs: own });
  expect((await switched(['setup', 'show'])).content).toContain('reports seal nothing');
  expect((await switched(['setup', 'reports', 'on'])).content).toContain('may seal');
  const on = await applied(({ revision }) => revision > off.spec.revision);
  expect(on.spec.sealable?.legs).toHaveLength(2);
  // A setting that has nothing to do with it changes no call.
  await switched(['setup', 'limits']);
  expect((await session().record())?.revision).toBe(on.spec.revision);
});

test('after the retention the objects go, then the record; a bucket that is away delays it and keeps both', async () => {
  const bucket = new Bucket({
    endpoint: s3Url().replace(/\/calls$/, ''),
    bucket: 'calls',
    region: 'auto',
    ...credentials,
  });
  const expiresAt = (await report(first).record())?.expiresAt ?? 0;
  expect(Math.round((expiresAt - Date.now()) / DAY_MS)).toBe(30);
  await report(first).tick(expiresAt - 1);
  expect(await bucket.list(reportPrefix(first))).toHaveLength(3);
  s3.addFault({ kind: 'error', code: 'ServiceUnavailable', methods: ['DELETE'], count: null });
  await report(first).tick(expiresAt);
  expect(await report(first).record()).toMatchObject({ attempts: 1 });
  expect(await stateOf(first)).toBe('sealed');
  s3.clearFaults();
  await report(first).tick(expiresAt);
  expect(await bucket.list(reportPrefix(first))).toEqual([]);
  expect([await report(first).record(), await stateOf(first)]).toEqual([undefined, undefined]);
  expect((await read('77', first)).content).toMatch(/-# report_unknown$/);
  const audit = await db().select().from(reportAudit).where(eq(reportAudit.reportId, first));
  expect(audit.map(({ action }) => action).filter((action) => action === 'erased')).toHaveLength(1);
  // What a node stores even later goes, too.
  await put(`${reportPrefix(first)}1-301.ogg`);
  await report(first).settle({ kind: 'sealed', sealId: first, from: 1, to: 2, objects: [] });
  await expect.poll(() => bucket.list(reportPrefix(first)), { timeout: 10_000 }).toEqual([]);
});

test('a bucket is never emptied by a prefix that is no folder', async () => {
  const bucket = new Bucket({ endpoint: 'http://127.0.0.1:9', bucket: 'calls', region: 'auto', ...credentials });
  await expect(bucket.deleteBelow('')).rejects.toMatchObject({ code: 'prefix_too_wide' });
  await expect(bucket.deleteBelow('reports/01')).rejects.toMatchObject({ code: 'prefix_too_wide' });
  await expect(bucket.deleteBelow('reports/01/')).rejects.toMatchObject({ code: 'bucket_refused' });
});
