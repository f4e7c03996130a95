/** Channels that are set up as monitors: they wait, listen, wait again, and rest; what leaving means where three or more talk. */
import type { ChannelState } from '@patchbay/shared/hub-protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ObedientNode } from './obedient-node.ts';
import { left, startWorld, type World } from './world.ts';

let world: World;
let fleet: ObedientNode;
const moderator = String(1 << 5);

beforeAll(async () => {
  world = await startWorld({ FAILURE_REST_MS: '50' });
  fleet = new ObedientNode(world);
  await fleet.node.connect([
    { identityId: '501', guildIds: ['101', '102', '103', '106'] },
    { identityId: '502', guildIds: ['101'] },
    { identityId: '503', guildIds: ['101'] },
  ]);
  await nobodyThere();
  await world.setupCommand('101', '211', 'channel', [{ type: 3, name: 'mode', value: 'monitor' }]);
});
afterAll(async () => {
  await fleet.stop();
  await world.close();
});
beforeEach(everybodyOut);

async function nobodyThere(): Promise<void> {
  await fleet.place('101', ['501', '502', '503'], ['201', '202', '211']);
  await fleet.place('102', ['501'], ['301']);
  await fleet.place('103', ['501'], ['401']);
}

/** Everybody leaves, and whatever ran has ended. */
async function everybodyOut(): Promise<void> {
  await nobodyThere();
  await expect
    .poll(async () => (await Promise.all([channel('201'), channel('211')])).map(({ kind }) => kind))
    .toEqual(['idle', 'idle']);
  await expect.poll(() => fleet.running.size).toBe(0);
  fleet.told.length = 0;
}

const views = async (guildId = '101') => (await world.env.GUILD.getByName(guildId).snapshot()).snapshot;
async function channel(channelId: string): Promise<ChannelState> {
  const found = (await views()).channels.find((each) => each.channelId === channelId);
  return found?.state ?? { kind: 'idle' };
}
const status = (userId = '391') => world.command('101', userId, 'call status');
const moderate = (words: string, userId = '391') => world.command('101', userId, words, moderator);

/** A call by an operator's hand among channels with one person each; resolves with its id when it is active. */
async function call(...places: [guildId: string, channelId: string][]): Promise<string> {
  for (const [guildId, channelId] of places) await fleet.join(guildId, `9${channelId}`, channelId);
  const legs = places.map(([guildId, channelId]) => ({ guildId, channelId }));
  const answer = await world.signedPost('/api/internal/sessions', 'operator', { mode: 'bridge', legs });
  const { sessionId } = (await answer.json()) as { sessionId: string };
  const [guildId = ''] = places[0] ?? [];
  await expect
    .poll(async () => (await views(guildId)).sessions.find((each) => each.sessionId === sessionId)?.state)
    .toBe('active');
  return sessionId;
}
const operate = (sessionId: string, change: unknown) =>
  world.signedPost(`/api/internal/sessions/${sessionId}/changes`, 'operator', change);
const endOf = async (sessionId: string) => (await world.env.SESSION.getByName(sessionId).record())?.phase;
const listensTo = async (sessionId: string) =>
  expect.poll(() => channel('211')).toEqual({ kind: 'session', sessionId });
const legsOf = (sessionId: string) =>
  fleet.running.get(sessionId)?.legs.map(({ channelId, role }) => `${channelId}:${role}`);

test('it waits without a ticket, and listens as soon as a call runs that permits it', async () => {
  await fleet.join('101', '391', '211');
  expect(await status()).toBe('Monitor <#211>: waits for a call of this server that permits it.');
  expect((await channel('211')).kind).toBe('idle');
  const refusing = await call(['101', '201'], ['102', '301']);
  expect(await status()).toContain('waits for a call');
  // The other server's word is known: its session is not even asked.
  expect((await world.env.SESSION.getByName(refusing).record())?.legs).toHaveLength(2);
  await operate(refusing, { change: 'stop' });
  await expect.poll(() => endOf(refusing)).toMatchObject({ state: 'ended' });

  await world.command('102', '1', 'monitors allow', moderator);
  const sessionId = await call(['101', '201'], ['102', '301']);
  await listensTo(sessionId);
  await expect.poll(() => legsOf(sessionId)).toEqual(['201:party', '301:party', '211:monitor']);
  await expect
    .poll(() => status())
    .toMatch(/^Monitor <#211>: listens to the call of <#201> and Guild 102: active\. Length: \d+:\d\d/);
  expect(await moderate('setup show', '1')).toContain(
    '<#211>: Monitor: listens to calls of this server · listens to the call of <#201> and Guild 102: active.',
  );
  // The people of the call are in it with each other, not with those who listen.
  expect(await world.command('101', '9201', 'call status')).toMatch(/is in a call with Guild 102: active/);
});

test('a join finds the oldest call; when that ends it goes on to the next, and then waits again', async () => {
  const older = await call(['101', '201'], ['102', '301']);
  await world.command('103', '1', 'monitors allow', moderator);
  const younger = await call(['101', '202'], ['103', '401']);
  await fleet.join('101', '391', '211');
  await listensTo(older);
  await operate(older, { change: 'stop' });
  await listensTo(younger);
  await operate(younger, { change: 'stop' });
  await expect.poll(() => status()).toContain('waits for a call');
  // One leg for each, however many events there were.
  expect(fleet.told.filter((each) => each.includes('211:monitor'))).toHaveLength(2);
});

test('when its last human leaves, it leaves after the grace and the call goes on; who comes back listens again', async () => {
  const sessionId = await call(['101', '201'], ['102', '301']);
  await fleet.join('101', '391', '211');
  await listensTo(sessionId);
  await fleet.report(left('101', '211', '391'));
  await expect.poll(() => channel('211')).toEqual({ kind: 'idle' });
  expect(legsOf(sessionId)).toEqual(['201:party', '301:party']);
  expect(await endOf(sessionId)).toMatchObject({ state: 'active' });
  await fleet.join('101', '391', '211');
  await listensTo(sessionId);
});

test('/monitor stop lets only that leg leave; it rests until everybody left and somebody joins anew', async () => {
  const sessionId = await call(['101', '201'], ['102', '301']);
  await fleet.join('101', '391', '211');
  await listensTo(sessionId);
  expect(await world.command('101', '391', 'monitor stop')).toContain('Manage Server');
  expect(await moderate('monitor stop', '9201')).toMatch(/listens to no call\.\n-# not_listening$/);
  expect(await moderate('monitor start')).toMatch(/-# listens_already$/);
  expect(await moderate('monitor stop')).toContain('rests until everybody has left and somebody joins anew');
  await expect.poll(() => channel('211')).toEqual({ kind: 'idle' });
  expect(await endOf(sessionId)).toMatchObject({ state: 'active' });
  // A wish that was on its way when they stopped it comes too late.
  const late = await world.env.SESSION.getByName(sessionId).attach({
    guildId: '101',
    channelId: '211',
    role: 'monitor',
  });
  expect(late).toMatchObject({ ok: false, code: 'monitor_rests' });
  await fleet.join('101', '392', '211');
  expect(await status()).toBe(
    'Monitor <#211>: rests until everybody has left and somebody joins anew, or until /monitor start.',
  );
  await fleet.report(left('101', '211', '391'), left('101', '211', '392'));
  await fleet.join('101', '393', '211');
  await listensTo(sessionId);
  // The stop was that of the earlier listening: after this one it is ready for the next call.
  await operate(sessionId, { change: 'stop' });
  await expect.poll(() => status('393')).toContain('waits for a call');
  expect(await moderate('monitor stop', '393')).toContain('listens no longer');
  const next = await call(['101', '201'], ['102', '301']);
  expect(await status('393')).toContain('rests until');
  expect(await moderate('monitor start', '393')).toContain('listens to the call');
  await listensTo(next);
});

test('nobody ends the call that they listen to, and a monitor makes none of its own', async () => {
  const sessionId = await call(['101', '201'], ['102', '301']);
  await fleet.join('101', '391', '211');
  await listensTo(sessionId);
  for (const words of ['call join', 'call next']) {
    expect(await world.command('101', '391', words)).toMatch(/-# only_listens$/);
  }
  expect(await world.command('101', '391', 'call stop')).toContain('listens no longer');
  await expect.poll(() => channel('211')).toEqual({ kind: 'idle' });
  expect(await endOf(sessionId)).toMatchObject({ state: 'active' });
  expect(await world.command('101', '391', 'call join')).toMatch(/-# only_listens$/);
});

test('a channel that waits in the queue leaves it when it becomes a monitor, and queues again as a bridge', async () => {
  await world.setupCommand('101', '211', 'channel', [{ type: 3, name: 'mode', value: 'bridge' }]);
  await fleet.join('101', '391', '211');
  expect((await channel('211')).kind).toBe('waiting');
  const answer = await world.setupCommand('101', '211', 'channel', [{ type: 3, name: 'mode', value: 'monitor' }]);
  expect(answer).toContain('is a monitor: while people are in it');
  expect((await channel('211')).kind).toBe('idle');
  await expect.poll(() => world.command('101', '391', 'call status')).toContain('waits for a call');
});

test('a wish that is delivered twice after a crash makes one leg', async () => {
  const sessionId = await call(['101', '201'], ['102', '301']);
  await fleet.join('101', '391', '211');
  await listensTo(sessionId);
  const storage = await world.harness.getWorker().getDurableObjectStorage('GUILD', { name: '101' });
  const body = JSON.stringify({ kind: 'listen', channelId: '211' });
  await storage.exec('INSERT INTO outbox(lane, body) VALUES (?, ?)', 'monitor:211', body);
  await fleet.join('101', '394', '202');
  await expect.poll(async () => (await storage.exec('SELECT 1 FROM outbox')) as unknown[]).toEqual([]);
  expect(legsOf(sessionId)).toEqual(['201:party', '301:party', '211:monitor']);
  expect((await world.env.SESSION.getByName(sessionId).record())?.legs).toHaveLength(3);
});

test('everybody who wished to listen left while the session was asked: it leaves again', async () => {
  const sessionId = await call(['101', '201'], ['102', '301']);
  const session = world.env.SESSION.getByName(sessionId);
  // The channel is empty already when its leg is leased.
  expect(await session.attach({ guildId: '101', channelId: '211', role: 'monitor' })).toMatchObject({ ok: true });
  await expect.poll(() => channel('211')).toEqual({ kind: 'idle' });
  expect(await endOf(sessionId)).toMatchObject({ state: 'active' });
});

test('/call leave where three talk takes out that side alone, and its server no longer listens', async () => {
  await world.command('103', '1', 'monitors allow', moderator);
  const sessionId = await call(['101', '201'], ['102', '301'], ['103', '401']);
  await fleet.join('101', '391', '211');
  await listensTo(sessionId);
  expect(await world.command('101', '9201', 'call leave')).toContain('<#201> leaves the call');
  await expect.poll(() => legsOf(sessionId)).toEqual(['301:party', '401:party']);
  await expect.poll(() => channel('201')).toEqual({ kind: 'idle' });
  await expect.poll(() => status()).toContain('waits for a call');
  const own = (await views()).sessions.find((each) => each.sessionId === sessionId);
  expect(own).toMatchObject({
    state: 'ended',
    endReason: 'command',
    endMessage: 'The call ended: somebody here ended it.',
  });
  expect((await views('102')).sessions.find((each) => each.sessionId === sessionId)?.state).toBe('active');
  expect(fleet.told.some((each) => each.startsWith('end'))).toBe(false);

  // In a call of two it is the end, on that side.
  expect(await world.command('102', '9301', 'leave')).toContain('The bot leaves <#301>');
  await expect.poll(() => endOf(sessionId)).toMatchObject({ state: 'ended', reason: 'command' });
  expect((await views('102')).sessions.find((each) => each.sessionId === sessionId)?.endMessage).toContain('here');
  expect((await views('103')).sessions.find((each) => each.sessionId === sessionId)?.endMessage).toContain(
    'the other side ended it',
  );
});

test('a second monitor without a free bot account says who has them, and listens when one is free', async () => {
  const older = await call(['101', '201'], ['102', '301']);
  const younger = await call(['101', '202'], ['103', '401']);
  await fleet.place(
    '101',
    ['501', '502', '503'],
    ['201', '202', '211', '212'],
    [
      ['9201', '201'],
      ['9202', '202'],
      ['391', '211'],
    ],
  );
  await listensTo(older);
  await world.setupCommand('101', '212', 'channel', [{ type: 3, name: 'mode', value: 'monitor' }]);
  await fleet.join('101', '395', '212');
  expect(await status('395')).toMatch(/waits for a call.*The bot is .*in <#211> for a call/);
  await operate(younger, { change: 'stop' });
  await expect.poll(() => channel('212')).toEqual({ kind: 'session', sessionId: older });
});

test('a try that fails is no reason for the next one: it tries again when something happened', async () => {
  await world.command('102', '1', 'monitors allow', moderator);
  // The account that is free belongs to a node that does not run the call.
  const places = ['701', '702'];
  await fleet.place('106', ['501'], places, [['397', '701']]);
  await fleet.place('102', ['501'], ['301'], [['9301', '301']]);
  const elsewhere = new ObedientNode(world, 'node-2');
  await elsewhere.place('106', ['599'], places, [['397', '701']]);
  await world.setupCommand('106', '702', 'channel', [{ type: 3, name: 'mode', value: 'monitor' }]);
  await call(['106', '701'], ['102', '301']);
  await elsewhere.join('106', '398', '702');
  const tries = async () => {
    const { snapshot } = await world.env.GUILD.getByName('106').snapshot();
    const [session] = snapshot.sessions;
    return {
      legs: session?.legs.length,
      kind: snapshot.channels.find(({ channelId }) => channelId === '702')?.state.kind,
    };
  };
  const owed = async () => {
    const storage = await world.harness.getWorker().getDurableObjectStorage('GUILD', { name: '106' });
    return storage.exec('SELECT lane FROM outbox');
  };
  await expect.poll(owed).toEqual([]);
  const { seq } = await world.env.GUILD.getByName('106').snapshot();
  // So many round trips are time enough for a circle to show.
  for (let count = 0; count < 40; count += 1) await world.command('106', '398', 'call status');
  expect(await tries()).toEqual({ legs: 2, kind: 'idle' });
  expect((await world.env.GUILD.getByName('106').snapshot()).seq - seq).toBeLessThan(6);
});
