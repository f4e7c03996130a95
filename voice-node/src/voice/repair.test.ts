/** A leg whose receiver has stalled comes back by each of the steps; Discord's word on who speaks is handed on. */
import type { EventEmitter } from 'node:events';
import { getVoiceConnection } from '@discordjs/voice';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BOT, clip, GUILD, LegTestKit, nextVoice, state } from './leg-test-kit.ts';

let kit: LegTestKit;

beforeEach(async () => {
  kit = await LegTestKit.start();
});
afterEach(() => kit.close());

async function talking() {
  const member = kit.member('7');
  const leg = kit.join();
  await state(leg, 'ready');
  await member.ready();
  return { member, leg };
}

test('resubscribe: a receiver that is no longer on its socket is there again', async () => {
  const { member, leg } = await talking();
  const connection = getVoiceConnection(GUILD, BOT);
  const inner = connection?.state as { networking: { state: { udp: EventEmitter } } };
  inner.networking.state.udp.removeAllListeners('message');
  const before = leg.received.received;
  await member.speak(clip(5)).finished;
  expect(leg.received.received).toBe(before);
  leg.repair('resubscribe');
  const heard = nextVoice(leg);
  member.speak(clip(5));
  expect(await heard).toMatchObject({ userId: '7' });
  // Once, not twice.
  expect(inner.networking.state.udp.listenerCount('message')).toBe(1);
});

test('reinitialise: added to the encryption group anew, voice goes on', async () => {
  const { member, leg } = await talking();
  leg.repair('reinitialise');
  await member.ready();
  const heard = nextVoice(leg);
  member.speak(clip(50));
  expect(await heard).toMatchObject({ userId: '7' });
});

test('rejoin: a new voice session on the same server, without leaving the channel', async () => {
  const { member, leg } = await talking();
  leg.repair('rejoin');
  expect(leg.state.kind).toBe('reconnecting');
  await state(leg, 'ready');
  await member.ready();
  const heard = nextVoice(leg);
  member.speak(clip(50));
  expect(await heard).toMatchObject({ userId: '7' });
  expect([kit.joins, kit.leaves]).toEqual([1, 0]);
});

test('who begins to speak is announced', async () => {
  const { member, leg } = await talking();
  const announced: [string, boolean][] = [];
  const first = new Promise<void>((resolve) =>
    leg.on('announced', (userId, speaking) => {
      announced.push([userId, speaking]);
      resolve();
    }),
  );
  let told = false;
  void first.then(() => {
    told = true;
  });
  // What comes right after the connection may be of before it, and is not handed on.
  while (!told) await member.speak(clip(2)).finished;
  expect(announced[0]?.[0]).toBe('7');
});
