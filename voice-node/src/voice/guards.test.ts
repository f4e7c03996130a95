import { KeyObject } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Networking, type VoiceConnection, VoiceReceiver } from '@discordjs/voice';
import { VoiceOpcodes } from 'discord-api-types/voice/v8';
import { afterEach, expect, test, vi } from 'vitest';
import type { VoicePacket } from '../audio/packet.ts';
import { createLogger } from '../ops/logger.ts';
import { useKeyObject } from './connection-guards.ts';
import { isCiphertext, isEncryptionSettled, maySend } from './dave.ts';
import { EarlyPackets } from './early-packets.ts';
import { guardBinaryMessages, MLS_PROGRESS, MLS_REFUSED } from './guard-binary.ts';
import { OutgoingRtp } from './outgoing-rtp.ts';
import { JoinPace, pacedAdapter } from './paced-adapter.ts';
import { PacketTap } from './packet-tap.ts';
import { SpeakingTracker } from './speaking.ts';

const logger = createLogger('silent');
afterEach(() => void vi.useRealTimers());

test('the private parts of @discordjs/voice that the guards hold on to exist', () => {
  const networking = Networking.prototype as unknown as Record<string, unknown>;
  const receiver = VoiceReceiver.prototype as unknown as Record<string, unknown>;
  expect(typeof networking.onWsBinary).toBe('function');
  expect(typeof receiver.parsePacket).toBe('function');
  expect(typeof receiver.onUdpMessage).toBe('function');
});

test('a refused MLS proposal does not escape; the client asks to join the group again', () => {
  guardBinaryMessages();
  const recovered: number[] = [];
  const dave = {
    processProposals() {
      throw new Error('UnexpectedUser');
    },
    reinitializing: false,
    lastTransitionId: 7,
    recoverFromInvalidTransition: (id: number) => recovered.push(id),
  };
  const networking = Object.assign(Object.create(Networking.prototype) as EventEmitter, {
    _state: { code: 4, dave, connectionData: { connectedClients: new Set() } },
  });
  EventEmitter.call(networking as never);
  const events: string[] = [];
  networking.on(MLS_REFUSED, (error: Error) => events.push(error.message));
  networking.on(MLS_PROGRESS, () => events.push('progress'));
  const message = { op: VoiceOpcodes.DaveMlsProposals, payload: Buffer.from([0]), seq: 1 };
  (networking as unknown as { onWsBinary(m: typeof message): void }).onWsBinary(message);
  expect(recovered).toEqual([7]);
  expect(events).toEqual(['UnexpectedUser', 'progress']);
});

test('plain voice does not leave a DAVE room before the group is ready; silence does', () => {
  const voice = Uint8Array.of(0x78, 1, 2, 3);
  const joining = { protocolVersion: 1, session: { ready: false } };
  expect(maySend(joining, voice)).toBe(false);
  expect(maySend({ protocolVersion: 1 }, voice)).toBe(false);
  expect(maySend(joining, Uint8Array.of(0xf8, 0xff, 0xfe))).toBe(true);
  expect(maySend({ protocolVersion: 1, session: { ready: true } }, voice)).toBe(true);
  expect(maySend({ protocolVersion: 0 }, voice)).toBe(true);
  expect(isEncryptionSettled(undefined)).toBe(true);
});

test('ciphertext is told from Opus while the group is not ready', () => {
  const sealed = Uint8Array.of(1, 2, 3, 4, 0xfa, 0xfa);
  expect(isCiphertext({ protocolVersion: 1, session: { ready: false } }, sealed)).toBe(true);
  expect(isCiphertext({ protocolVersion: 1, session: { ready: false } }, Uint8Array.of(0x78, 1, 2))).toBe(false);
  expect(isCiphertext({ protocolVersion: 1, session: { ready: true } }, sealed)).toBe(false);
  expect(isCiphertext({ protocolVersion: 0 }, sealed)).toBe(false);
});

test('joins are paced and end; leaving goes out at once and stops a waiting join', () => {
  vi.useFakeTimers();
  const sent: (string | null)[] = [];
  let gaveUp = 0;
  const adapter = pacedAdapter(
    () => ({
      sendPayload: (payload: { d: { channel_id: string | null } }) => sent.push(payload.d.channel_id) > 0,
      destroy: () => undefined,
    }),
    {
      pace: new JoinPace(4),
      now: () => Date.now(),
      onGiveUp: () => {
        gaveUp += 1;
      },
    },
  )({} as never);
  const join = () => adapter.sendPayload({ d: { channel_id: '1' } });
  join();
  expect(sent).toEqual(['1']);
  // What the library does when the endpoint cannot be reached: again, at once.
  join();
  expect(sent).toEqual(['1']);
  vi.advanceTimersByTime(1_300);
  expect(sent).toEqual(['1', '1']);
  join();
  adapter.sendPayload({ d: { channel_id: null } });
  vi.advanceTimersByTime(60_000);
  expect(sent).toEqual(['1', '1', null]);
  join();
  join();
  vi.advanceTimersByTime(60_000);
  expect(gaveUp).toBe(1);
});

test('a connection that held for ten seconds lets counting start anew', () => {
  const pace = new JoinPace(2);
  expect(pace.next(0)).toBe(0);
  pace.ready(100);
  expect(pace.next(20_000)).toBe(0);
  pace.ready(20_100);
  expect(pace.next(20_200)).toBeGreaterThan(0);
  expect(pace.next(20_300)).toBe('give up');
});

test('AES gets a key object, XChaCha keeps its bytes', () => {
  const aes = { encryptionMode: 'aead_aes256_gcm_rtpsize', secretKey: new Uint8Array(32) as Uint8Array | KeyObject };
  useKeyObject(aes);
  expect(aes.secretKey).toBeInstanceOf(KeyObject);
  const chacha = {
    encryptionMode: 'aead_xchacha20_poly1305_rtpsize',
    secretKey: new Uint8Array(32) as Uint8Array | KeyObject,
  };
  useKeyObject(chacha);
  expect(chacha.secretKey).toBeInstanceOf(Uint8Array);
});

test('early packets are kept for two seconds, bounded, oldest first', () => {
  const early = new EarlyPackets();
  for (let index = 0; index < 150; index += 1) early.hold(1, { datagram: Buffer.of(index), arrivedAt: index });
  expect(early.take(1, 150).map(({ datagram }) => datagram[0])).toEqual(Array.from({ length: 100 }, (_, i) => i + 50));
  expect(early.dropped).toBe(50);
  early.hold(2, { datagram: Buffer.of(1), arrivedAt: 0 });
  expect(early.take(2, 2_001)).toEqual([]);
});

test('a sender continues the numbers of the connection and then keeps its own deltas, across the wraps', () => {
  const rtp = new OutgoingRtp({ sequence: 65_534, timestamp: 2 ** 32 - 960, at: 1_000 });
  expect(rtp.map({ sequence: 10, timestamp: 50_000 }, 1_040)).toEqual({ sequence: 65_535, timestamp: 960 });
  // 11 was lost on the way: the gap stays.
  expect(rtp.map({ sequence: 12, timestamp: 51_920 }, 1_080)).toEqual({ sequence: 1, timestamp: 2_880 });
  rtp.newSender();
  expect(rtp.map({ sequence: 40_000, timestamp: 7 }, 1_100)).toEqual({ sequence: 2, timestamp: 3_840 });
});

function datagram(ssrc: number, sequence: number): Buffer {
  const packet = Buffer.alloc(60);
  packet.writeUInt16BE(0x8078, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(sequence * 960, 4);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
}

function tapOn(parse: (userId: string) => Buffer | null, dave?: object) {
  const map = new Map<number, { userId: string; audioSSRC: number }>();
  const ssrcMap = Object.assign(new EventEmitter(), { get: (ssrc: number) => map.get(ssrc) });
  const receiver = {
    ssrcMap,
    connectionData: { encryptionMode: 'mode', nonceBuffer: Buffer.alloc(12), secretKey: new Uint8Array(32) },
    parsePacket: (_d: Buffer, _m: string, _n: Buffer, _k: Uint8Array, userId: string) => parse(userId),
    onUdpMessage: (_datagram: Buffer): void => undefined,
  };
  const packets: VoicePacket[] = [];
  const tap = new PacketTap({
    connection: { receiver, state: { networking: { state: { dave } } } } as unknown as VoiceConnection,
    ownIdentities: new Set(['9']),
    arrivedAt: () => 5,
    onPacket: (packet) => packets.push(packet),
    logger,
  });
  const speaking = (userId: string, audioSSRC: number) => {
    map.set(audioSSRC, { userId, audioSSRC });
    ssrcMap.emit('create', { userId, audioSSRC });
  };
  return { receiver, packets, tap, speaking };
}

test('packets ahead of their op 5 are delivered when it comes; own voices never', () => {
  const { receiver, packets, speaking, tap } = tapOn(() => Buffer.of(0x78, 1));
  receiver.onUdpMessage(datagram(1, 65_535));
  receiver.onUdpMessage(datagram(1, 0));
  expect(packets).toEqual([]);
  speaking('7', 1);
  receiver.onUdpMessage(datagram(1, 1));
  expect(packets.map(({ userId, sequence }) => [userId, sequence])).toEqual([
    ['7', 65_535],
    ['7', 0],
    ['7', 1],
  ]);
  speaking('9', 2);
  receiver.onUdpMessage(datagram(2, 1));
  expect(packets).toHaveLength(3);
  expect(tap.counters.own).toBe(1);
});

test('a datagram that does not decrypt is dropped, and the next one is heard; too many lead to a new join of the group', () => {
  let broken = true;
  const recovered: number[] = [];
  const dave = {
    protocolVersion: 1,
    session: { ready: true },
    consecutiveFailures: 0,
    failureTolerance: 36,
    recoverFromInvalidTransition: (id: number) => recovered.push(id),
  };
  const { receiver, packets, speaking, tap } = tapOn(() => {
    if (broken) throw new Error('auth');
    return Buffer.of(0x78, 1);
  }, dave);
  speaking('7', 1);
  receiver.onUdpMessage(datagram(1, 1));
  expect(recovered).toEqual([]);
  dave.consecutiveFailures = 37;
  receiver.onUdpMessage(datagram(1, 2));
  expect(recovered).toEqual([0]);
  broken = false;
  receiver.onUdpMessage(datagram(1, 3));
  expect(packets.map(({ sequence }) => sequence)).toEqual([3]);
  expect(tap.counters.undecryptable).toBe(2);
});

test('ciphertext that the library hands out is not voice', () => {
  const { receiver, packets, speaking, tap } = tapOn(() => Buffer.of(1, 2, 0xfa, 0xfa), {
    protocolVersion: 1,
    session: { ready: false },
  });
  speaking('7', 1);
  receiver.onUdpMessage(datagram(1, 1));
  expect(packets).toEqual([]);
  expect(tap.counters.ciphertext).toBe(1);
});

test('speaking starts with a voice packet and ends 200 ms after the last; silence is no voice', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const at = () => performance.timeOrigin + performance.now();
  const told: [string, boolean][] = [];
  const tracker = new SpeakingTracker((userId, speaking) => told.push([userId, speaking]));
  const packet = (opus: number[]) =>
    tracker.packet({ userId: '7', ssrc: 1, sequence: 0, timestamp: 0, arrivedAt: at(), opus: Uint8Array.from(opus) });
  packet([0xf8, 0xff, 0xfe]);
  expect(told).toEqual([]);
  packet([0x78, 1]);
  vi.advanceTimersByTime(150);
  packet([0x78, 1]);
  vi.advanceTimersByTime(150);
  expect(told).toEqual([['7', true]]);
  vi.advanceTimersByTime(100);
  expect(told).toEqual([
    ['7', true],
    ['7', false],
  ]);
});
