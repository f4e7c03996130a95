/** Legs on the simulated voice server: real @discordjs/voice, UDP and DAVE. */
import { once } from 'node:events';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { GatewayVoiceServerUpdateDispatchData, GatewayVoiceState } from 'discord-api-types/v10';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VoiceServer } from '../../../sim/src/voice/voice-server.ts';
import type { VoicePacket } from '../audio/packet.ts';
import { isSilence } from '../audio/toc.ts';
import { VoiceAdapters } from '../gateway/voice-adapters.ts';
import { createLogger } from '../ops/logger.ts';
import { Leg, type LegOptions } from './leg.ts';

const GUILD = '1';
const CHANNEL = '11';
const BOT = '91';
const original = getCACertificates('default');

let server: VoiceServer;
let endpoint: string;
let leg: Leg | undefined;
let joins: number;

beforeEach(async () => {
  joins = 0;
  server = new VoiceServer();
  const listening = await server.listen();
  endpoint = listening.endpoint;
  setDefaultCACertificates([...original, listening.certificatePem]);
});

afterEach(async () => {
  await leg?.close('policy');
  await server.close();
  setDefaultCACertificates(original);
});

/** A main gateway of a few lines: answers op 4 by the two dispatches, in Discord's order. */
function join(options: Partial<LegOptions> = {}): Leg {
  const adapters = new VoiceAdapters(({ channel_id: channelId }) => {
    setImmediate(() => {
      const state = { guild_id: GUILD, channel_id: channelId, user_id: BOT, session_id: 'session', self_deaf: false };
      adapters.voiceState(GUILD, state as GatewayVoiceState);
      made.ownVoiceState(channelId);
      if (channelId === null) {
        server.dismiss(GUILD, BOT);
        return;
      }
      joins += 1;
      const token = `token-${joins}`;
      server.admit({ guildId: GUILD, channelId, userId: BOT, sessionId: 'session', token });
      adapters.voiceServer(GUILD, { token, guild_id: GUILD, endpoint } as GatewayVoiceServerUpdateDispatchData);
    });
    return true;
  });
  const made = new Leg({
    legId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    guildId: GUILD,
    channelId: CHANNEL,
    identityId: BOT,
    adapters,
    ownIdentities: new Set([BOT]),
    joinAttempts: 3,
    isGatewayConnected: () => true,
    logger: createLogger(process.env.TEST_LOG_LEVEL ?? 'silent'),
    ...options,
  });
  leg = made;
  return made;
}

async function state(of: Leg, kind: Leg['state']['kind']): Promise<Leg['state']> {
  while (of.state.kind !== kind) await once(of, 'state');
  return of.state;
}

const clip = (packets: number) => ({
  name: 'clip',
  voice: 'nobody',
  text: '',
  toneHz: 0,
  packets: Array.from({ length: packets }, (_, index) => Uint8Array.of(0x78, 1, 2, index)),
});

test('a member speaks: packets arrive decrypted with the speaker, sequence and timestamp', async () => {
  const member = server.addMember({ guildId: GUILD, channelId: CHANNEL, userId: '7' });
  const made = join();
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
  const member = server.addMember({ guildId: GUILD, channelId: CHANNEL, userId: '7' });
  const made = join();
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
  expect(server.counters.plaintextFramesInDaveRooms).toBe(0);
  expect(member.failures).toBe(0);
});

test('a leg that is alone in its channel is ready, and hears who comes later', async () => {
  const made = join();
  await state(made, 'ready');
  const member = server.addMember({ guildId: GUILD, channelId: CHANNEL, userId: '7' });
  await member.ready();
  const heard = new Promise<VoicePacket>((resolve) =>
    made.onPacket((packet) => isSilence(packet.opus) || resolve(packet)),
  );
  member.speak(clip(5));
  expect(await heard).toMatchObject({ userId: '7' });
});

test('a lost voice session is joined again; voice goes on', async () => {
  const member = server.addMember({ guildId: GUILD, channelId: CHANNEL, userId: '7' });
  const made = join();
  await state(made, 'ready');
  server.dismiss(GUILD, BOT, 4006);
  await state(made, 'reconnecting');
  await state(made, 'ready');
  expect(joins).toBe(2);
  await member.ready();
  const heard = new Promise<VoicePacket>((resolve) =>
    made.onPacket((packet) => isSilence(packet.opus) || resolve(packet)),
  );
  member.speak(clip(5));
  expect(await heard).toMatchObject({ userId: '7' });
});

test('a voice server that cannot be trusted is tried a few times, not a thousand times', async () => {
  setDefaultCACertificates(original);
  const made = join({ joinAttempts: 2 });
  expect(await state(made, 'closed')).toMatchObject({ reason: 'error' });
  expect(joins).toBe(2);
});
