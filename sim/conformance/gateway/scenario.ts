/** The same scenario for every client library: cache, message, button, voice, cut, op 7, invalid session. */
import { expect } from 'vitest';
import { SimControl } from '../../src/control/client.ts';
import { startSimulator } from '../../src/simulator.ts';
import { SilentVoice } from '../../src/testing/silent-voice.ts';
import { type Address, answer, greeting, type Hooks, type Picture, type TestedClient } from './tested-client.ts';

export async function playScenario(make: (address: Address, hooks: Hooks) => TestedClient): Promise<void> {
  const simulator = await startSimulator({ voiceServer: new SilentVoice(), clips: new Map() });
  const control = new SimControl(simulator.controlUrl);
  const application = await control.createApplication({ name: 'bot' });
  const { botUserId, token } = application;
  const { guildId } = await control.createGuild({ name: 'Harbour' });
  await control.addBot(guildId, botUserId);
  const { channelId: talk } = await control.createVoiceChannel(guildId, { name: 'talk' });
  const { channelId: chat } = await control.createTextChannel(guildId, { name: 'chat' });
  const { userId: ada } = await control.createMember(guildId, { name: 'ada' });
  const { userId: bob } = await control.createMember(guildId, { name: 'bob' });
  await control.join(ada, talk);

  const failures: unknown[] = [];
  const listeners = new Set<() => void>();
  const client = make(
    { token, botUserId, apiUrl: simulator.apiUrl },
    {
      changed: () => {
        for (const listener of listeners) listener();
      },
      failed: (error) => failures.push(error),
    },
  );
  const shows = (part: Partial<Picture>) => pictureShows(client, listeners, part);
  const isReady = async (resumed: boolean, act: () => Promise<unknown>) => {
    const since = await control.lastEventId();
    await act();
    const fits = { timeoutMs: 25_000, since, what: resumed ? 'the resume' : 'the identify' };
    await control.waitForEvent((event) => event.type === 'bot_ready' && event.resumed === resumed, fits);
  };
  try {
    await client.start();
    await shows({ guild: 'Harbour', channels: ['chat', 'talk'], self: true, inVoice: ['ada'] });

    const since = await control.lastEventId();
    await control.say(bob, chat, 'hello');
    const posted = await control.waitForEvent(
      (event) => event.type === 'message_created' && event.message.authorId === botUserId,
      { since },
    );
    if (posted.type !== 'message_created') throw new Error('no message');
    expect(posted.message.content).toBe(greeting);
    const clicked = await control.click({ userId: bob, messageId: posted.message.id, customId: 'press' });
    expect(clicked).toMatchObject({ outcome: 'message', message: { content: answer, visibleTo: bob } });

    await control.join(bob, talk);
    await shows({ inVoice: ['ada', 'bob'] });
    await control.leave(bob);
    await shows({ inVoice: ['ada'] });

    await isReady(true, async () => {
      await control.cutGateway(botUserId);
      await control.join(bob, talk);
      await control.createTextChannel(guildId, { name: 'missed' });
    });
    await shows({ channels: ['chat', 'missed', 'talk'], inVoice: ['ada', 'bob'] });

    await isReady(true, () => control.requestReconnect(botUserId));
    await control.leave(ada);
    await shows({ inVoice: ['bob'] });

    await isReady(false, () => control.invalidateSession(botUserId));
    await shows({ guild: 'Harbour', channels: ['chat', 'missed', 'talk'], self: true, inVoice: ['bob'] });
    expect(failures).toEqual([]);
  } finally {
    await client.stop();
    await simulator.close();
  }
}

/** Resolves when the client's cache shows all of `part`. */
function pictureShows(client: TestedClient, listeners: Set<() => void>, part: Partial<Picture>): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      const picture = client.picture();
      const same = Object.entries(part).every(
        ([key, value]) => JSON.stringify(picture?.[key as keyof Picture]) === JSON.stringify(value),
      );
      if (!same) return;
      listeners.delete(look);
      resolve();
    };
    listeners.add(look);
    look();
  });
}
