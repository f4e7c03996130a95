/** Sessions by hand: what an operator reads of a wrong request, and that it changed nothing. */
import { sign } from '@patchbay/shared/signing';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ObedientNode } from './obedient-node.ts';
import { HUB_SECRET, startWorld, type World } from './world.ts';

let world: World;
let fleet: ObedientNode;
/** A call that runs, its legs, and what must not change. */
let sessionId: string;
let legIds: string[];
let monitorId: string;

const start = '/api/internal/sessions';
const at = (guildId: string, channelId: string) => ({ guildId, channelId });
const [here, busy, there, free] = [at('101', '202'), at('101', '201'), at('102', '301'), at('103', '401')];

beforeAll(async () => {
  world = await startWorld();
  fleet = new ObedientNode(world);
  await fleet.node.connect([
    { identityId: '501', guildIds: ['101', '102', '103'] },
    { identityId: '502', guildIds: ['101'] },
  ]);
  await fleet.place('101', ['501', '502'], ['201', '202', '203'], [['391', '201']]);
  await fleet.place('102', ['501'], ['301'], [['392', '301']]);
  await fleet.place('103', ['501'], ['401', '402'], [['393', '401']]);
  await world.command('102', '1', 'monitors allow', String(1 << 5));
  const answer = await world.signedPost(start, 'operator', { mode: 'bridge', legs: [busy, there] });
  ({ sessionId } = (await answer.json()) as { sessionId: string });
  await settled('active');
  const leg = { ...here, role: 'monitor' };
  await world.signedPost(changes(), 'operator', { change: 'attach', leg });
  await settled('active');
  const record = await world.env.SESSION.getByName(sessionId).record();
  legIds = record?.legs.map(({ reservation }) => reservation?.legId ?? '') ?? [];
  monitorId = legIds[2] ?? '';
}, 60_000);
afterAll(async () => {
  await fleet.stop();
  await world.close();
});

const changes = (id = sessionId) => `${start}/${id}/changes`;

/** Waits until every leg of the call is connected: from then on nothing happens by itself. */
async function settled(state: string): Promise<void> {
  for (;;) {
    const record = await world.env.SESSION.getByName(sessionId).record();
    if (record?.phase.state === state && record.legs.every((leg) => leg.state === state)) return;
    await fleet.idle();
  }
}

/** Everything that a request could change: the call, each server's picture, what nodes were told, which objects there are. */
async function picture() {
  const guilds = await Promise.all(
    ['101', '102', '103'].map(async (guildId) => (await world.env.GUILD.getByName(guildId).snapshot()).seq),
  );
  return {
    guilds,
    record: await world.env.SESSION.getByName(sessionId).record(),
    told: [...fleet.told],
    objects: await world.harness.getWorker().listDurableObjectIds('GUILD'),
    rows: (await world.env.DB?.prepare('SELECT count(*) AS count FROM sessions').first('count')) ?? 0,
  };
}

/** The refusal of a request, after which everything must be as it was. */
async function refusal(request: () => Promise<Response>): Promise<{ status: number; code: string; message: string }> {
  const before = await picture();
  const response = await request();
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(await picture()).toEqual(before);
  return { status: response.status, ...error };
}
const post = (path: string, payload: unknown) => refusal(() => world.signedPost(path, 'operator', payload));
const raw = (body: string, headers: Record<string, string>) =>
  refusal(() => world.fetch(start, { method: 'POST', headers, body }));

test('who did not sign as the operator', async () => {
  const request = { mode: 'bridge', legs: [here, free] };
  const body = JSON.stringify(request);
  const signed = (nodeId: string, more = {}) =>
    sign(HUB_SECRET, { method: 'POST', path: start, nodeId, body, ...more });
  expect(await raw(body, {})).toMatchObject({ status: 401, code: 'signature_missing' });
  const wrong = await refusal(() => world.signedPost(start, 'operator', request, 'x'.repeat(40)));
  expect(wrong).toMatchObject({ status: 401, code: 'signature_wrong' });
  const stale = await signed('operator', { timestamp: Date.now() - 301_000 });
  expect(await raw(body, stale)).toMatchObject({ status: 401, code: 'signature_stale' });
  const node = await raw(body, await signed('node-1'));
  expect(node).toEqual({ status: 403, code: 'operator_only', message: 'Sign as "operator".' });
  const changed = await raw(body.replace('401', '402'), await signed('operator'));
  expect(changed).toMatchObject({ status: 401, code: 'signature_wrong' });
});

test('a request is taken once', async () => {
  const body = JSON.stringify({ mode: 'bridge', legs: [here, at('999', '1')] });
  const headers = await sign(HUB_SECRET, { method: 'POST', path: start, nodeId: 'operator', body });
  expect(await raw(body, headers)).toMatchObject({ status: 404, code: 'guild_unknown' });
  expect(await raw(body, headers)).toEqual({
    status: 409,
    code: 'nonce_replayed',
    message: 'This nonce was used before. Sign afresh at each try.',
  });
});

test('what does not fit the schema, with the place of the mistake', async () => {
  const broken = '{"mode":';
  const headers = await sign(HUB_SECRET, { method: 'POST', path: start, nodeId: 'operator', body: broken });
  expect(await raw(broken, headers)).toMatchObject({ status: 400, code: 'request_malformed' });
  const nine = Array.from({ length: 9 }, (_, index) => at('101', String(600 + index)));
  const wrong: [request: unknown, words: string][] = [
    [{ mode: 'bridge', legs: [] }, 'legs: '],
    [{ mode: 'bridge', legs: nine }, 'legs: '],
    [{ mode: 'bridge', legs: [here] }, 'legs: one channel alone is a recording'],
    [{ mode: 'bridge', legs: [here, here] }, 'legs: has the same channel twice'],
    [{ mode: 'monitor', legs: [here, free] }, 'mode: '],
    [{ mode: 'bridge', legs: [here, at('x', '401')] }, 'legs.1.guildId: '],
    [{ mode: 'custom', legs: [here, free], routes: [[0, 0]] }, 'routes.0: must name two different legs'],
    [{ mode: 'custom', legs: [here, free], routes: [[0, 2]] }, 'routes.0: must name two different legs'],
    [{ mode: 'bridge', legs: [here, free], limits: { seconds: -1 } }, 'limits.seconds: '],
    [{ mode: 'bridge', legs: [here, free], secret: true }, 'secret'],
  ];
  for (const [request, words] of wrong) {
    const { status, code, message } = await post(start, request);
    expect([status, code]).toEqual([400, 'request_malformed']);
    expect(message).toContain('see docs/protocol.md');
    expect(message).toContain(words);
  }
});

test('places that do not exist, are taken, or have no bot account', async () => {
  const begin = (...legs: unknown[]) => post(start, { mode: 'bridge', legs });
  expect(await begin(here, at('999', '1'))).toEqual({
    status: 404,
    code: 'guild_unknown',
    message: 'No bot account of ours is in guild 999.',
  });
  expect(await begin(at('101', '299'), free)).toEqual({
    status: 404,
    code: 'channel_unknown',
    message: 'The bot sees no voice channel 299 in guild 101.',
  });
  expect(await begin(busy, free)).toEqual({
    status: 409,
    code: 'channel_busy',
    message: 'voice 201 is in a call. Choose another channel, or end that call.',
  });
  const taken = await begin(at('101', '203'), free);
  expect(taken).toMatchObject({ status: 409, code: 'no_identity' });
  expect(taken.message).toContain('voice 201 (call), voice 202 (call)');
  // One account where two channels of a server want one each.
  const twice = await begin(free, at('103', '402'));
  expect(twice).toMatchObject({ status: 409, code: 'no_identity' });
  expect(twice.message).toContain('two channels of one server need two accounts');
  const silent = await post(start, { mode: 'custom', legs: [free], recordRequired: true });
  expect(silent).toMatchObject({ status: 409, code: 'recording_off' });
  expect(silent.message).toContain('/setup channel record:true');
});

test('changes: of no session, of legs that are not there, against the matrix, for channels that are taken', async () => {
  const stop = { change: 'stop' };
  for (const id of [ulid(), 'nonsense']) {
    expect(await post(changes(id), stop)).toMatchObject({ status: 404, code: 'session_unknown' });
  }
  expect(await post(changes(), { change: 'explode' })).toMatchObject({ status: 400, code: 'request_malformed' });
  const [a = '', b = ''] = legIds;
  const wrong: [change: unknown, code: string, words: string][] = [
    [{ change: 'attach', leg: free }, 'not_your_call', 'Only channels of servers that take part'],
    [{ change: 'routes', routes: [[a, ulid()]] }, 'leg_unknown', 'not in this call'],
    [{ change: 'routes', routes: [[a, a]] }, 'route_to_self', 'Nobody hears themselves'],
    [{ change: 'routes', routes: [[monitorId, b]] }, 'monitor_speaks', 'only listens'],
    [{ change: 'hold', legId: ulid(), on: true }, 'leg_unknown', 'not in this call'],
    [{ change: 'hold', legId: monitorId, on: true }, 'monitor_hold', 'cannot be put on hold'],
    [{ change: 'transfer', fromLegId: a, to: there }, 'transfer_abroad', 'within one server only'],
  ];
  for (const [change, code, words] of wrong) {
    const answer = await post(changes(), change);
    expect(answer).toMatchObject({ status: 409, code });
    expect(answer.message).toContain(words);
  }
  const leg = { ...at('101', '203'), role: 'party' };
  const answer = await world.signedPost(changes(), 'operator', { change: 'attach', leg });
  expect(answer.status).toBe(409);
  expect(((await answer.json()) as { error: { code: string } }).error.code).toBe('no_identity');
  // The try is taken back.
  expect((await world.env.SESSION.getByName(sessionId).record())?.legs).toHaveLength(3);
  expect(fleet.told).toHaveLength(2);
});
