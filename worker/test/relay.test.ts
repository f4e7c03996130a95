/** The text relay as servers set it up, and what the voice node is asked for then. */
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { person, snapshot, startWorld, TestNode, type World } from './world.ts';

let world: World;
let node: TestNode;
beforeAll(async () => {
  world = await startWorld();
  node = new TestNode(world, 'node-1');
});
afterAll(() => world.close());

const identities = [{ identityId: '501', guildIds: ['101', '102'] }];
const relay = (guildId: string, state: string) =>
  world.setupCommand(guildId, `${guildId}0`, 'relay', [{ type: 3, name: 'state', value: state }]);
async function nextSpec(from: number): Promise<SessionSpec> {
  const message = await node.inbox.next(({ type }) => type === 'session.apply', from);
  if (message.type !== 'session.apply') throw new Error('not an apply');
  return message.spec;
}
/** How each side takes part, by guild. */
const sides = ({ legs }: SessionSpec) =>
  Object.fromEntries(legs.map((leg) => [leg.guildId, leg.relay ? { ...leg.relay } : null]));

test('a node that reads no messages: refused, with what to do', async () => {
  await node.connect(identities);
  for (const { guildIds } of identities)
    for (const guildId of guildIds) await node.report(snapshot(guildId, '501', `${guildId}0`));
  const refused = await relay('101', 'on');
  expect(refused).toContain('MESSAGE_CONTENT=yes');
  expect(refused).toMatch(/\n-# relay_unavailable$/);
  expect(await relay('101', 'maybe')).toMatch(/\n-# wrong_relay$/);
  expect(await relay('101', 'off')).toContain('No text goes over');
});

test('asked for where both sides want it, and followed at once when one changes its mind', async () => {
  await node.connect(identities, { relay: true });
  expect(await relay('101', 'on')).toContain('Links and files stay here');
  await world.setup('101', '1010');
  await world.setup('102', '1020');
  const invite = await world.command('101', '301', 'invite');
  expect(invite).toContain('privileged intent Message Content');
  expect(await world.command('102', '301', 'invite')).toContain('no privileged intent is needed');

  let from = node.inbox.all.length;
  await node.report({ type: 'voice.joined', guildId: '101', member: person('301', '1010') });
  await node.report({ type: 'voice.joined', guildId: '102', member: person('302', '1020') });
  expect(sides(await nextSpec(from))).toEqual({ 101: null, 102: null });

  from = node.inbox.all.length;
  await relay('102', 'on');
  const both = await nextSpec(from);
  const plain = { anonymous: false, language: 'en' };
  expect(sides(both)).toEqual({ 101: plain, 102: plain });

  from = node.inbox.all.length;
  await world.setupCommand('101', '1010', 'channel', [
    { type: 5, name: 'anonymous', value: true },
    { type: 3, name: 'language', value: 'it' },
  ]);
  expect(sides(await nextSpec(from))).toEqual({ 101: { anonymous: true, language: 'it' }, 102: plain });

  from = node.inbox.all.length;
  await world.setupCommand('101', '1010', 'reset', []);
  const off = await nextSpec(from);
  expect(sides(off)).toEqual({ 101: null, 102: null });
  expect(off.revision).toBeGreaterThan(both.revision);
});

test('a node that lost the intent is said where the settings are shown', async () => {
  node.bootId = node.bootId.replace(/.$/, 'Z');
  await node.connect(identities);
  const shown = await world.interaction({
    type: 2,
    guild_id: '102',
    member: { permissions: String(1 << 5), user: { id: '1' } },
    data: { name: 'setup', options: [{ type: 1, name: 'show', options: [] }] },
  });
  const { data } = (await shown.json()) as { data: { content: string } };
  expect(data.content).toContain('text relay');
  expect(data.content).toContain('⚠️ The voice node of this server cannot read messages');
});
