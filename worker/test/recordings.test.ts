/** A call and a recording on one leg, and bot accounts that are taken: who shares, who is refused, who hears why. */
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ObedientNode } from './obedient-node.ts';
import { left, startWorld, type World } from './world.ts';

let world: World;
let fleet: ObedientNode;
beforeAll(async () => {
  world = await startWorld({ FAILURE_REST_MS: '50' });
  fleet = new ObedientNode(world);
  await fleet.node.connect([{ identityId: '501', guildIds: ['101', '102', '104'] }]);
  await fleet.place('101', ['501'], ['201', '202'], [['391', '201']]);
  await fleet.place('102', ['501'], ['301'], [['392', '301']]);
  await fleet.place('104', ['501'], ['601', '602']);
  for (const channelId of ['201', '202']) {
    await world.setupCommand('101', channelId, 'after-end', [{ type: 3, name: 'policy', value: 'idle' }]);
  }
  await world.setupCommand('101', '201', 'channel', [{ type: 5, name: 'record', value: true }]);
  // Whoever is in the channel shall not be queued for it.
  await world.command('101', '391', 'call stop');
});
afterAll(async () => {
  await fleet.stop();
  await world.close();
});

const post = (payload: unknown) => world.signedPost('/api/internal/sessions', 'operator', payload);
async function begin(payload: unknown): Promise<string> {
  const { sessionId } = (await (await post(payload)).json()) as { sessionId: string };
  await expect.poll(() => phaseOf(sessionId)).toBe('active');
  return sessionId;
}
const recordingOf = (channelId: string) => ({
  mode: 'custom',
  legs: [{ guildId: '101', channelId }],
  recordRequired: true,
});
const call = {
  mode: 'bridge',
  legs: [
    { guildId: '101', channelId: '201' },
    { guildId: '102', channelId: '301' },
  ],
};
const recordOf = (sessionId: string) => world.env.SESSION.getByName(sessionId).record();
const phaseOf = async (sessionId: string) => (await recordOf(sessionId))?.phase.state;
const reasonOf = async (sessionId: string) => {
  const phase = (await recordOf(sessionId))?.phase;
  return phase?.state === 'ended' ? phase.reason : null;
};
const stop = (sessionId: string) =>
  world.signedPost(`/api/internal/sessions/${sessionId}/changes`, 'operator', { change: 'stop' });
const kindOf = async (guildId: string, channelId: string) =>
  (await world.env.GUILD.getByName(guildId).snapshot()).snapshot.channels.find((each) => each.channelId === channelId)
    ?.state.kind;
const specOf = (sessionId: string): SessionSpec | undefined => fleet.running.get(sessionId);
const legIn101 = (sessionId: string) => specOf(sessionId)?.legs.find(({ guildId }) => guildId === '101');
const leases = async () => {
  const storage = await world.harness.getWorker().getDurableObjectStorage('GUILD', { name: '101' });
  return storage.exec('SELECT channel_id, identity_id FROM legs');
};

test('a call and a recording use one leg of one account on one node; each ends without the other', async () => {
  const talk = await begin(call);
  const recording = await begin(recordingOf('201'));
  expect(specOf(recording)).toMatchObject({ record: { required: true }, routes: [], limits: { seconds: 0 } });
  expect(legIn101(recording)).toMatchObject({ role: 'recorder', identityId: '501' });
  expect(legIn101(recording)?.legId).toBe(legIn101(talk)?.legId);
  expect((await recordOf(recording))?.nodeId).toBe((await recordOf(talk))?.nodeId);
  expect(await leases()).toHaveLength(1);

  await stop(talk);
  await expect.poll(() => reasonOf(talk)).toBe('command');
  await expect.poll(() => kindOf('101', '201')).toBe('idle');
  expect(await phaseOf(recording)).toBe('active');
  expect(await leases()).toHaveLength(1);

  const again = await begin(call);
  expect(legIn101(again)?.legId).toBe(legIn101(recording)?.legId);
  await stop(recording);
  await expect.poll(() => reasonOf(recording)).toBe('command');
  expect(await phaseOf(again)).toBe('active');
  expect(await leases()).toHaveLength(1);
  await stop(again);
  await expect.poll(leases).toEqual([]);
});

test('a recording is never ended for a call: another channel is refused and told who has the account', async () => {
  const recording = await begin(recordingOf('201'));
  await fleet.join('101', '393', '202');
  expect(await world.command('101', '393', 'call join')).toContain('The bot is in <#201> for a recording');
  const other = { ...call, legs: [{ guildId: '101', channelId: '202' }, call.legs[1]] };
  const { error } = (await (await post(other)).json()) as { error: { code: string; message: string } };
  expect(error.code).toBe('no_identity');
  expect(error.message).toContain('voice 201 (recording)');
  expect(await phaseOf(recording)).toBe('active');
  // A monitor cannot be let into it: it is no call.
  const leg = { guildId: '101', channelId: '202', role: 'monitor' };
  const change = await world.signedPost(`/api/internal/sessions/${recording}/changes`, 'operator', {
    change: 'attach',
    leg,
  });
  expect(((await change.json()) as { error: { code: string } }).error.code).toBe('recording_alone');
  await fleet.report(left('101', '202', '393'));

  // The last person leaves the channel: nobody is left to record.
  await fleet.report(left('101', '201', '391'));
  await expect.poll(() => reasonOf(recording)).toBe('empty');
  await fleet.join('101', '391', '201');
});

test('/leave ends the call and the recording of a channel', async () => {
  await world.command('101', '391', 'call stop');
  const talk = await begin(call);
  const recording = await begin(recordingOf('201'));
  expect(await world.command('101', '391', 'leave')).toContain('The bot leaves <#201>');
  await expect.poll(() => reasonOf(talk)).toBe('command');
  await expect.poll(() => reasonOf(recording)).toBe('command');
  await expect.poll(leases).toEqual([]);
});

test('a desk of one server with one bot account: its people wait on, and are told what is missing', async () => {
  const mode = (value: string) => [{ type: 3, name: 'mode', value }];
  await world.setupCommand('104', '601', 'channel', mode('support-caller'));
  await world.setupCommand('104', '602', 'channel', mode('support-staff'));
  await fleet.join('104', '395', '601');
  expect(await world.command('104', '395', 'call status')).not.toContain('could not start');
  await fleet.join('104', '396', '602');
  const sessions = async () => (await world.env.GUILD.getByName('104').snapshot()).snapshot.sessions;
  await expect.poll(async () => (await sessions())[0]?.state).toBe('ended');
  expect((await sessions())[0]).toMatchObject({
    endReason: 'no_identity',
    endMessage:
      'The call ended: no bot account of this server is free. Invite another one, or end what it is used for.',
  });
  for (const userId of ['395', '396']) {
    const status = await world.command('104', userId, 'call status');
    expect(status).toContain('is waiting');
    expect(status).toContain('this server had no free bot account for this channel');
  }
});
