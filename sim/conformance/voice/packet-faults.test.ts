/** Faults of the network, as an unmodified @discordjs/voice sees them. */
import { once } from 'node:events';
import { type VoiceConnection, VoiceConnectionStatus } from '@discordjs/voice';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SpoofKind, spoof } from '../../src/voice/faults/spoofing.ts';
import type { LightMember } from '../../src/voice/light-member.ts';
import { isDaveFrame, silenceFrame } from '../../src/voice/rtp.ts';
import type { VoiceServer } from '../../src/voice/voice-server.ts';
import { countedClip, joinReal, listen, sameEpoch, startServer } from '../../src/voice/voice-test-kit.ts';

const guildId = '100000000000000021';
const channelId = '200000000000000021';
const bot = '300000000000000021';
const ada = '300000000000000022';
const place = (userId: string) => ({ guildId, channelId, userId });
const count = 60;

let home: Awaited<ReturnType<typeof startServer>>;
let server: VoiceServer;
let real: VoiceConnection;
let human: LightMember;

async function meet(daveVersion: 0 | 1) {
  home = await startServer({ daveVersion });
  server = home.server;
  real = await joinReal(home, place(bot));
  human = server.addMember(place(ada));
  if (daveVersion === 1) await sameEpoch(real, human);
}
beforeEach(() => meet(0));
afterEach(async () => {
  real.destroy();
  await server.close();
});

/** The raw datagrams of RTP that reach the client, as sequence numbers. */
function tap(): { sequences: number[]; until(count: number): Promise<void> } {
  if (!('networking' in real.state)) throw new Error('the client is not connected');
  const networking = real.state.networking.state;
  if (!('udp' in networking)) throw new Error('the client has no UDP socket');
  const { udp } = networking;
  const sequences: number[] = [];
  udp.on('message', (datagram: Buffer) => {
    if (((datagram[1] ?? 0) & 0x7f) === 120) sequences.push(datagram.readUInt16BE(2));
  });
  return {
    sequences,
    async until(wanted) {
      while (sequences.length < wanted) await once(udp, 'message');
    },
  };
}

/** Speaks {@link count} packets (and five of silence) and answers which of them arrived, in order of arrival, from 0. */
async function numbersHeard(expected: (sent: number) => number): Promise<number[]> {
  const { sequences, until } = tap();
  await human.speak(countedClip('ada', count)).finished;
  await until(expected(human.spoken.length));
  const first = human.spoken[0]?.sequence ?? 0;
  return sequences.map((sequence) => (sequence - first + 0x1_0000) % 0x1_0000);
}
const inOrder = Array.from({ length: count + 5 }, (_, index) => index);

test('loss on the way to the client hits the same packets in every run with the same seed', async () => {
  const runs: number[][] = [];
  for (let run = 0; run < 2; run += 1) {
    server.faults.setPackets({ guildId, userId: bot }, 'toClient', { seed: 7, loss: 0.3 });
    // The last packets may be lost: the member's next words, without faults, say when all of it is through.
    const { sequences } = tap();
    await human.speak(countedClip('ada', count)).finished;
    server.faults.clear();
    const first = human.spoken[0]?.sequence ?? 0;
    const heard = listen(real, ada);
    await human.speak(countedClip('end', 1)).finished;
    await heard.until(1);
    runs.push(sequences.map((sequence) => (sequence - first + 0x1_0000) % 0x1_0000).filter((number) => number < count));
    if (run === 0) {
      real.destroy();
      await server.close();
      await meet(0);
    }
  }
  expect(runs[0]).toEqual(runs[1]);
  expect(runs[0]?.length).toBeGreaterThan(count * 0.4);
  expect(runs[0]?.length).toBeLessThan(count * 0.95);
});

test('loss on the way from the speaker is the same for all who listen', async () => {
  const other = server.addMember(place('300000000000000023'));
  server.faults.setPackets({ guildId, userId: ada }, 'fromClient', { seed: 3, burst: { chance: 0.05, packets: 4 } });
  const { sequences } = tap();
  await human.speak(countedClip('ada', count)).finished;
  server.faults.clear();
  const heard = listen(real, ada);
  await human.speak(countedClip('end', 1)).finished;
  await heard.until(1);
  const byOther = other.heard.map(({ sequence }) => sequence);
  expect(byOther.length).toBeLessThan(count + 10);
  expect(sequences.slice(0, -6)).toEqual(byOther.slice(0, sequences.length - 6));
});

test('duplicates arrive twice, and in a DAVE room the client refuses the second', async () => {
  server.faults.setPackets({ guildId, userId: bot }, 'toClient', { duplicate: 1 });
  expect(await numbersHeard((sent) => 2 * sent)).toEqual(inOrder.flatMap((number) => [number, number]));
  real.destroy();
  await server.close();
  await meet(1);
  server.faults.setPackets({ guildId, userId: bot }, 'toClient', { duplicate: 1 });
  const heard = listen(real, ada);
  const clip = countedClip('ada', 20);
  const { until } = tap();
  await human.speak(clip).finished;
  await until(50);
  expect(heard.packets.filter((packet) => !packet.equals(silenceFrame))).toEqual(
    clip.packets.map((p) => Buffer.from(p)),
  );
});

test('packets are overtaken, and all arrive', async () => {
  server.faults.setPackets({ guildId, userId: bot }, 'toClient', { seed: 1, reorder: { chance: 0.2, delayMs: 90 } });
  const numbers = await numbersHeard((sent) => sent);
  expect(numbers).not.toEqual(inOrder);
  expect(numbers.toSorted((a, b) => a - b)).toEqual(inOrder);
});

test('a slow network holds the last words back, in order', async () => {
  server.faults.setPackets({ guildId, userId: bot }, 'toClient', { delayMs: 400, jitterMs: 50 });
  const { sequences, until } = tap();
  await human.speak(countedClip('ada', count)).finished;
  // 400 ms are 20 packets: none of the last ten can be here yet.
  expect(sequences.length).toBeLessThan(count - 5);
  await until(count + 5);
  expect(sequences.map((sequence) => (sequence - (sequences[0] ?? 0) + 0x1_0000) % 0x1_0000)).toEqual(inOrder);
});

test('a slow device takes longer for the same RTP time', async () => {
  human.setSkew(-50_000);
  if (!('networking' in real.state)) throw new Error('the client is not connected');
  const networking = real.state.networking.state;
  if (!('udp' in networking)) throw new Error('the client has no UDP socket');
  const arrivals: { at: number; timestamp: number }[] = [];
  networking.udp.on('message', (datagram: Buffer) =>
    arrivals.push({ at: performance.now(), timestamp: datagram.readUInt32BE(4) }),
  );
  const { until } = tap();
  await human.speak(countedClip('ada', count)).finished;
  await until(count);
  const [first, last] = [arrivals[0], arrivals[count - 1]];
  const rtpMs = (((last?.timestamp ?? 0) - (first?.timestamp ?? 0) + 2 ** 32) % 2 ** 32) / 48;
  expect(rtpMs).toBe((count - 1) * 20);
  // 5 % slower is 59 ms here; the first packet may have been late by a few.
  expect((last?.at ?? 0) - (first?.at ?? 0) - rtpMs).toBeGreaterThan(30);
});

test('a late op 5 costs the client what was said before it', async () => {
  const clip = countedClip('ada', count);
  server.faults.setSocket({ guildId, userId: bot }, { lateSpeakingMs: 500 });
  const heard = listen(real, ada);
  await human.speak(clip).finished;
  await heard.until(5);
  const numbers = heard.packets.map((packet) => clip.packets.findIndex((spoken) => packet.equals(Buffer.from(spoken))));
  // 500 ms are 24 packets and more (the announcement leads by up to 40 ms).
  expect(numbers[0]).toBeGreaterThan(15);
});

test('a lost answer to IP discovery leaves the client connecting for ever; the next attempt succeeds', async () => {
  real.destroy();
  server.faults.setSocket({ guildId, userId: bot }, { lostDiscoveryAnswers: 1 });
  const lost = once(server.events, 'discoveryLost');
  real = await joinReal(home, place(bot), { wait: false });
  expect(await lost).toEqual([place(bot)]);
  expect(real.state.status).toBe(VoiceConnectionStatus.Connecting);
  real.destroy();
  real = await joinReal(home, place(bot));
});

test.for([
  ['garbage', 'ignores it'],
  ['unknownSsrc', 'ignores it'],
  ['wrongKey', 'destroys the stream'],
  ['otherSource', 'destroys the stream'],
  ['replayed', 'hears it twice'],
] as const satisfies [SpoofKind, string][])('a spoofed datagram (%s): the client %s', async ([kind, effect]) => {
  const heard = listen(real, ada);
  const errors: Error[] = [];
  real.receiver.subscriptions.get(ada)?.on('error', (error) => errors.push(error));
  await human.speak(countedClip('ada', 5)).finished;
  await heard.until(10);
  const session = server.sessions.get(guildId, bot);
  const { sequences, until } = tap();
  if (!session) throw new Error('the bot has no voice session');
  const stream = real.receiver.subscriptions.get(ada);
  const destroyed = new Promise<void>((resolve) => stream?.once('close', resolve));
  expect(await spoof(session, kind, human.ssrc)).toBe(true);
  if (effect === 'destroys the stream') {
    await destroyed;
    expect(errors).toHaveLength(1);
    return;
  }
  await human.speak(countedClip('more', 5)).finished;
  await until(10);
  await heard.until(effect === 'hears it twice' ? 21 : 20);
  expect(heard.packets).toHaveLength(effect === 'hears it twice' ? 21 : 20);
  expect(errors).toEqual([]);
  expect(sequences.length).toBeGreaterThanOrEqual(10);
});

test('a spoofed datagram cut short after 8 to 11 bytes is an uncaught exception of the client', async () => {
  // Whoever can send to the client's port can end an unguarded process. The test runner must not take it for its own.
  const session = server.sessions.get(guildId, bot);
  if (!session) throw new Error('the bot has no voice session');
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const crash = once(process, 'uncaughtException') as Promise<[Error & { code: string }]>;
  await spoof(session, 'truncated', human.ssrc);
  const [error] = await crash;
  for (const listener of others) process.on('uncaughtException', listener);
  expect(error.code).toBe('ERR_OUT_OF_RANGE');
});

test('damaged frames of a member do not open at the client', async () => {
  real.destroy();
  await server.close();
  await meet(1);
  server.roomOf(channelId).faults.damaged.add(ada);
  const heard = listen(real, ada);
  const { until } = tap();
  await human.speak(countedClip('ada', 10)).finished;
  await until(15);
  expect(heard.packets.every((packet) => packet.equals(silenceFrame) || isDaveFrame(packet))).toBe(true);
});
