/** Bot accounts on the simulated Discord: two in one process, and what one finds out about leaves. */
import { once } from 'node:events';
import type { NodeEventDraft, NodeEventOf } from '@patchbay/shared/events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimControl } from '../../../sim/src/control/client.ts';
import { type Simulator, startSimulator } from '../../../sim/src/simulator.ts';
import { createLogger } from '../ops/logger.ts';
import type { DirectMessage } from './direct-messages.ts';
import { Gateway } from './gateway.ts';
import { Identity } from './identity.ts';

let simulator: Simulator;
const identities: Identity[] = [];

beforeEach(async () => {
  simulator = await startSimulator({ clips: new Map() });
});
afterEach(async () => {
  await Promise.all(identities.splice(0).map((identity) => identity.close()));
  await simulator.close();
});

async function make(name: string): Promise<Identity> {
  const { token } = await new SimControl(simulator.controlUrl).createApplication({ name });
  const logger = createLogger('silent');
  const identity = await Identity.create({ token, apiUrl: simulator.apiUrl, logger });
  identities.push(identity);
  return identity;
}

test('each identity gets a session of its own, and resumes that one', async () => {
  const ready: { userId: string; sessionId: string; resumed: boolean }[] = [];
  simulator.gateway.events.on('botReady', (event) => ready.push(event));
  const [first, second] = [await make('First'), await make('Second')];
  await first.connect();
  await second.connect();
  expect(ready.map(({ userId, resumed }) => [userId, resumed])).toEqual([
    [first.identityId, false],
    [second.identityId, false],
  ]);
  const [ofFirst, ofSecond] = ready.splice(0).map(({ sessionId }) => sessionId);
  expect(ofFirst).not.toBe(ofSecond);
  for (const identity of [first, second]) {
    const back = once(identity, 'connected');
    simulator.gateway.cut(identity.identityId);
    await back;
  }
  expect(ready).toEqual([
    { userId: first.identityId, sessionId: ofFirst, resumed: true },
    { userId: second.identityId, sessionId: ofSecond, resumed: true },
  ]);
});

test('a moderator disconnects two people, the second only by a count; both are told, once, by one of two identities', async () => {
  const control = new SimControl(simulator.controlUrl);
  const both = [await make('First'), await make('Second')];
  const { guildId } = await control.createGuild({ name: 'Harbour' });
  const { channelId } = await control.createVoiceChannel(guildId, { name: 'Lounge' });
  for (const { identityId } of both) {
    await control.addBot(guildId, identityId, ['ViewChannel', 'Connect', 'Speak', 'ViewAuditLog']);
  }
  const people: string[] = [];
  for (const name of ['Ada', 'Ben']) people.push((await control.createMember(guildId, { name })).userId);
  for (const userId of people) await control.join(userId, channelId);
  const gateway = new Gateway(both);
  const reports: NodeEventDraft[] = [];
  let look = () => undefined as undefined;
  gateway.on('report', (drafts) => {
    reports.push(...drafts);
    look();
  });
  const causes = () => reports.filter((draft): draft is NodeEventOf<'voice.cause'> => draft.type === 'voice.cause');
  const told = (count: number) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (causes().length === count) resolve();
      };
      look();
    });
  await gateway.connect();
  for (const [index, userId] of people.entries()) {
    await control.disconnect(guildId, userId);
    await told(index + 1);
  }
  const left = reports.filter((draft) => draft.type === 'voice.left');
  expect(left.map(({ userId, cause }) => [userId, cause.kind])).toEqual(people.map((userId) => [userId, 'unknown']));
  expect(causes()).toMatchObject(
    people.map((userId, index) => {
      const cause = { kind: 'moderator', certainty: 0.95 };
      return { guildId, userId, previousChannelId: channelId, channelId: null, since: left[index]?.at, cause };
    }),
  );
});

test('what somebody writes in private reaches the identity without the intent Message Content, and can be answered', async () => {
  const control = new SimControl(simulator.controlUrl);
  const identity = await make('First');
  const { guildId } = await control.createGuild({ name: 'Harbour' });
  const { userId } = await control.createMember(guildId, { name: 'Ada' });
  await control.addBot(guildId, identity.identityId);
  await identity.connect();
  const { channelId } = await control.openDirectMessage(identity.identityId, userId);
  const written = once(identity, 'directMessage') as Promise<[DirectMessage]>;
  const { id: messageId } = await control.say(userId, channelId, '!records 5');
  const [message] = await written;
  expect(message).toEqual({ channelId, messageId, userId, bot: false, content: '!records 5' });
  await identity.answer(message, { content: 'There are none.', components: [] });
  const replies = (await control.messages(channelId)).filter(({ authorId }) => authorId === identity.identityId);
  expect(replies).toMatchObject([{ content: 'There are none.', replyTo: messageId }]);
});
