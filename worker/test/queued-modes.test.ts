/** Modes other than the bridge, as people set them up and queue for them: what the voice node is asked to run. */
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { person, snapshot, startWorld, TestNode, type World } from './world.ts';

let world: World;
let node: TestNode;
beforeAll(async () => {
  world = await startWorld();
  node = new TestNode(world, 'node-1');
  await node.connect([
    { identityId: '501', guildIds: ['101', '102', '103'] },
    { identityId: '502', guildIds: ['101'] },
  ]);
});
afterAll(() => world.close());

const join = (guildId: string, userId: string, channelId: string) =>
  node.report({ type: 'voice.joined', guildId, member: person(userId, channelId) });
const configure = (guildId: string, channelId: string, ...options: { name: string; value: string | number }[]) =>
  world.setupCommand(
    guildId,
    channelId,
    'channel',
    options.map((option) => ({ type: typeof option.value === 'number' ? 4 : 3, ...option })),
  );
async function nextSpec(from: number): Promise<SessionSpec> {
  const message = await node.inbox.next(({ type }) => type === 'session.apply', from);
  if (message.type !== 'session.apply') throw new Error('not an apply');
  return message.spec;
}
/** Who hears whom, by channel. */
function heard({ legs, routes }: SessionSpec): string[] {
  const channelOf = (legId: string) => legs.find((leg) => leg.legId === legId)?.channelId;
  return routes.map(([from, to]) => `${channelOf(from)}>${channelOf(to)}`).sort();
}

test('a caller meets the staff of the same server, by a second bot account', async () => {
  const plain = snapshot('101', '501', '201');
  if (plain.type !== 'voice.snapshot') throw new Error('not a snapshot');
  const channels = ['201', '202'].map((channelId) => ({ channelId, name: `voice ${channelId}` }));
  for (const identityId of ['501', '502']) await node.report({ ...plain, identityId, channels });
  await configure('101', '201', { name: 'mode', value: 'support-caller' });
  await configure('101', '202', { name: 'mode', value: 'support-staff' });
  await join('101', '301', '201');
  await join('101', '302', '202');
  const spec = await nextSpec(0);
  expect(spec.mode).toBe('support');
  expect(spec.legs.map(({ channelId, role }) => [channelId, role]).sort()).toEqual([
    ['201', 'party'],
    ['202', 'staff'],
  ]);
  expect(new Set(spec.legs.map(({ identityId }) => identityId))).toEqual(new Set(['501', '502']));
  expect(heard(spec)).toEqual(['201>202', '202>201']);
  await world.command('101', '301', 'call stop');
  for (const { legId } of spec.legs) {
    await node.report({
      type: 'session.ended',
      guildId: '101',
      sessionId: spec.id,
      revision: 1,
      legId,
      reason: 'command',
    });
  }
});

test('a broadcast of three channels begins when every seat is taken, with the speaker in the seat that is its own', async () => {
  const from = node.inbox.all.length;
  const guilds = ['101', '102', '103'];
  for (const [index, guildId] of guilds.entries()) {
    const channelId = `40${index}`;
    await node.report(snapshot(guildId, '501', channelId));
    const matrix = { name: 'matrix', value: '1*>2 1*>3' };
    const seat = index === 2 ? [{ name: 'seat', value: 1 }] : [];
    await configure(guildId, channelId, { name: 'mode', value: 'custom' }, matrix, ...seat);
  }
  await join('101', '311', '400');
  await join('102', '312', '401');
  expect(await world.command('102', '312', 'call status')).toContain('is waiting');
  await join('103', '313', '402');
  const spec = await nextSpec(from);
  expect(spec.mode).toBe('custom');
  expect(heard(spec)).toEqual(['402>400', '402>401']);
});
