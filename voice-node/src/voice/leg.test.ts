/** Legs on the simulated voice server: real @discordjs/voice, UDP and DAVE. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { VoicePacket } from '../audio/packet.ts';
import { isSilence } from '../audio/toc.ts';
import { BOT, clip, GUILD, LegTestKit, nextVoice, state } from './leg-test-kit.ts';

let kit: LegTestKit;

beforeEach(async () => {
  kit = await LegTestKit.start();
});
afterEach(() => kit.close());

test('a member speaks: packets arrive decrypted with the speaker, sequence and timestamp', async () => {
  const member = kit.member('7');
  const made = kit.join();
  expect(await state(made, 'ready')).toEqual({ kind: 'ready', daveVersion: 1 });
  await member.ready();
  const packets: VoicePacket[] = [];
  made.onPacket(() => {
    throw new Error('a listener that fails does not reach the others');
  });
  made.onPacket((packet) => packets.push(packet));
  const ended = new Promise<void>((resolve) => made.on('speaking', (_userId, speaking) => speaking || resolve()));
  await member.speak(clip(10)).finished;
  await ended;
  const voice = packets.filter(({ opus }) => !isSilence(opus));
  const spoken = member.spoken.filter(({ opus }) => !isSilence(opus));
  const shape = (list: { sequence: number; timestamp: number; opus: Uint8Array }[]) =>
    list.map(({ sequence, timestamp, opus }) => ({ sequence, timestamp, opus: [...opus] }));
  expect(spoken).toHaveLength(10);
  expect(shape(voice)).toEqual(shape(spoken));
  expect(new Set(voice.map(({ userId, ssrc }) => `${userId} ${ssrc}`))).toEqual(new Set([`7 ${member.ssrc}`]));
  expect(made.received).toMatchObject({ undecryptable: 0, ciphertext: 0 });
});

test('what is sent is heard byte-exact with its gaps; nothing leaves before the group is ready', async () => {
  const member = kit.member('7');
  const made = kit.join();
  const packet = (index: number) => ({
    opus: Uint8Array.of(0x78, 9, 9, index),
    sequence: (65_534 + index) % 0x1_0000,
    timestamp: (2 ** 32 - 960 + index * 960) % 2 ** 32,
  });
  made.send(packet(99));
  made.on('state', () => made.send(packet(98)));
  await state(made, 'ready');
  await member.ready();
  expect(made.counters.heldBack).toBeGreaterThan(0);
  const voice = () => member.heard.filter(({ opus }) => !isSilence(opus) && (opus[3] ?? 0) < 90);
  const done = new Promise<void>((resolve) => {
    const send = (index: number): void => {
      if (index === 6) {
        resolve();
        return;
      }
      // 3 was lost on the way to the node.
      if (index !== 3) made.send(packet(index));
      setTimeout(send, 20, index + 1);
    };
    send(0);
  });
  await done;
  while (voice().length < 5) await new Promise((resolve) => setImmediate(resolve));
  const [first] = voice();
  expect(
    voice().map(({ opus, sequence, timestamp }) => [
      opus[3],
      (sequence - (first?.sequence ?? 0) + 0x1_0000) % 0x1_0000,
      (timestamp - (first?.timestamp ?? 0) + 2 ** 32) % 2 ** 32,
    ]),
  ).toEqual([0, 1, 2, 4, 5].map((index) => [index, index, index * 960]));
  expect(kit.server.counters.plaintextFramesInDaveRooms).toBe(0);
  expect(member.failures).toBe(0);
});

test('a leg that is alone in its channel is ready, and hears who comes later', async () => {
  const made = kit.join();
  await state(made, 'ready');
  const member = kit.member('7');
  await member.ready();
  const heard = nextVoice(made);
  member.speak(clip(5));
  expect(await heard).toMatchObject({ userId: '7' });
});

test('a lost voice session is joined again; voice goes on', async () => {
  const member = kit.member('7');
  const made = kit.join();
  await state(made, 'ready');
  kit.server.dismiss(GUILD, BOT, 4006);
  await state(made, 'reconnecting');
  await state(made, 'ready');
  expect(kit.joins).toBe(2);
  await member.ready();
  const heard = nextVoice(made);
  member.speak(clip(5));
  expect(await heard).toMatchObject({ userId: '7' });
});

test('a voice server that cannot be trusted is tried a few times, not a thousand times', async () => {
  kit.distrust();
  const made = kit.join({ joinAttempts: 2 });
  expect(await state(made, 'closed')).toMatchObject({ reason: 'error' });
  expect(kit.joins).toBe(2);
});
