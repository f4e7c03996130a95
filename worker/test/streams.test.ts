/** Event streams whose other end forgot where it stood. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { person, snapshot, startWorld, TestNode, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const membersOf = async (guildId: string) =>
  (await world.env.GUILD.getByName(guildId).snapshot()).snapshot.members.map((member) => member.userId);
const joined = (guildId: string, userId: string) =>
  ({ type: 'voice.joined', guildId, member: person(userId, `2${guildId}`) }) as const;

test('a node that lost its outbox begins a new stream at 1 and is heard', async () => {
  const before = new TestNode(world, 'node-1');
  await before.connect([{ identityId: '501', guildIds: ['101'] }]);
  await before.report(snapshot('101', '501', '2101'), joined('101', '31'), joined('101', '32'));
  const after = new TestNode(world, 'node-1');
  // `report` throws unless the watermark of the new stream follows its own sequence.
  await after.report(snapshot('101', '501', '2101', [person('33', '2101')]));
  await after.report(joined('101', '34'));
  expect(await membersOf('101')).toEqual(['33', '34']);
});

test('a guild that lost its storage takes a stream up where the node stands', async () => {
  const node = new TestNode(world, 'node-2');
  await node.connect([{ identityId: '502', guildIds: ['102'] }]);
  await node.report(snapshot('102', '502', '2102', [person('41', '2102')]));
  // Acknowledged long ago and deleted by the node: these never come again.
  node.seal(Array.from({ length: 498 }, () => joined('102', '41')));
  const stalled = node.seal([joined('102', '42')]);
  expect(stalled[0]?.seq).toBe(500);
  expect(await (await node.post(stalled)).json()).toEqual({ accepted: { 102: 1 } });

  const storage = await world.harness.getWorker().getDurableObjectStorage('GUILD', { name: '102' });
  for (const table of ['watermarks', 'members', 'channels', 'identities']) await storage.exec(`DELETE FROM ${table}`);
  expect(await (await node.post(stalled)).json()).toEqual({ accepted: { 102: 500 } });
  // The picture is whole again with the next snapshot; what was taken is not taken twice.
  await node.report(snapshot('102', '502', '2102', [person('42', '2102'), person('43', '2102')]));
  expect(await (await node.post(stalled)).json()).toEqual({ accepted: { 102: 501 } });
  expect(await membersOf('102')).toEqual(['42', '43']);
});
