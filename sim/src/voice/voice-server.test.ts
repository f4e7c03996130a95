import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { silenceFrame } from './rtp.ts';
import type { VoiceServer } from './voice-server.ts';
import {
  countedClip,
  hasHeard,
  inGroup,
  joinReal,
  listen,
  sameEpoch,
  speakReal,
  startServer,
} from './voice-test-kit.ts';

const guildId = '100000000000000001';
const channelId = '200000000000000001';
const [ada, ben, cleo, dan] = ['300000000000000001', '300000000000000002', '300000000000000003', '300000000000000004'];
if (!ada || !ben || !cleo || !dan) throw new Error('four users are needed');
const place = (userId: string) => ({ guildId, channelId, userId });
const opusOf = (clip: { packets: Uint8Array[] }) => clip.packets.map((packet) => Buffer.from(packet));
const spoken = (packets: Buffer[]) => packets.filter((packet) => !packet.equals(silenceFrame));

const servers: VoiceServer[] = [];
async function start(options?: Parameters<typeof startServer>[0]) {
  const started = await startServer(options);
  servers.push(started.server);
  return started;
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

for (const firstTransitionId of ['zero', 'counted'] as const) {
  test(`two real clients and two members hear each other (first transition ${firstTransitionId})`, async () => {
    const home = await start({ firstTransitionId });
    const { server } = home;
    const grouped = inGroup(server, channelId, [ada, ben, cleo, dan]);
    const first = await joinReal(home, place(ada));
    const second = await joinReal(home, place(ben));
    const third = server.addMember(place(cleo));
    const fourth = server.addMember(place(dan));
    await grouped;
    await Promise.all([third.ready(), fourth.ready()]);
    expect(first.voicePrivacyCode).toMatch(/^\d{30}$/);
    expect(second.voicePrivacyCode).toBe(first.voicePrivacyCode);

    const clip = countedClip('cleo', 25);
    const atFirst = listen(first, cleo);
    const atSecond = listen(second, cleo);
    await third.speak(clip).finished;
    await Promise.all([atFirst.until(30), atSecond.until(30)]);
    expect(spoken(atFirst.packets)).toEqual(opusOf(clip));
    expect(spoken(atSecond.packets)).toEqual(opusOf(clip));
    expect(spoken(fourth.heard.map((packet) => packet.opus))).toEqual(opusOf(clip));

    const reply = countedClip('ada', 20);
    const fromFirst = listen(second, ada);
    await speakReal(first, reply.packets);
    await fromFirst.until(20);
    expect(fromFirst.packets).toEqual(opusOf(reply));
    await hasHeard(third, 20, ada);
    expect(third.heard.filter((packet) => packet.fromUserId === ada).map((packet) => packet.opus)).toEqual(
      opusOf(reply),
    );
    expect([third.failures, fourth.failures, server.counters.undecryptable]).toEqual([0, 0, 0]);
    expect(server.counters.plaintextFramesInDaveRooms).toBe(0);
    first.destroy();
    second.destroy();
  });
}

test('XChaCha carries DAVE both ways', async () => {
  const home = await start({ modes: ['aead_xchacha20_poly1305_rtpsize'] });
  const grouped = inGroup(home.server, channelId, [ada, cleo]);
  const real = await joinReal(home, place(ada));
  const member = home.server.addMember(place(cleo));
  await grouped;
  await sameEpoch(real, member);
  const heard = listen(real, cleo);
  const [there, back] = [countedClip('cleo', 15), countedClip('ada', 15)];
  await Promise.all([member.speak(there).finished, speakReal(real, back.packets)]);
  await heard.until(20);
  expect(spoken(heard.packets)).toEqual(opusOf(there));
  await hasHeard(member, 15);
  expect(member.heard.map((packet) => packet.opus)).toEqual(opusOf(back));
  real.destroy();
});

test('a client that asks for recovery (op 31) is removed, added again and hears', async () => {
  const home = await start();
  let grouped = inGroup(home.server, channelId, [ada, cleo, dan]);
  const real = await joinReal(home, place(ada));
  const member = home.server.addMember(place(cleo));
  home.server.addMember(place(dan));
  const before = await grouped;
  grouped = inGroup(home.server, channelId, [ada, cleo, dan]);
  const networking = Reflect.get(real.state, 'networking') as {
    state: { dave: { recoverFromInvalidTransition(id: number): void } };
  };
  networking.state.dave.recoverFromInvalidTransition(1);
  expect(await grouped).toBe(before + 1n);
  const heard = listen(real, cleo);
  const clip = countedClip('cleo', 10);
  await member.speak(clip).finished;
  await heard.until(15);
  expect(spoken(heard.packets)).toEqual(opusOf(clip));
  expect(home.server.counters.groupResets).toBe(0);
  real.destroy();
});

test('members speak realistic RTP: X with BEDE, some padding, +960 each 20 ms, five silence frames', async () => {
  const home = await start({ daveVersion: 0 });
  const real = await joinReal(home, place(ada));
  const member = home.server.addMember(place(cleo));
  const datagrams: Buffer[] = [];
  const udp = (Reflect.get(real.state, 'networking') as { state: { udp: NodeJS.EventEmitter } }).state.udp;
  udp.on('message', (datagram: Buffer) => datagram.length > 74 && datagrams.push(datagram));
  const heard = listen(real, cleo);
  const speech = member.speak(countedClip('cleo', 20));
  const { startedAt, firstTimestamp } = await speech.started;
  await speech.finished;
  await heard.until(25);
  const [first, ...rest] = member.spoken;
  expect(first).toMatchObject({ sentAt: startedAt, timestamp: firstTimestamp });
  rest.forEach((packet, index) => {
    expect(packet.timestamp).toBe((firstTimestamp + 960 * (index + 1)) >>> 0);
    expect(packet.sequence).toBe(((first?.sequence ?? 0) + index + 1) & 0xffff);
    // When each is due is proven on the virtual clock (speaker.test.ts): here a busy machine may send any of them late.
    expect(packet.sentAt).toBeGreaterThanOrEqual(member.spoken[index]?.sentAt ?? 0);
  });
  expect(heard.packets.slice(-5)).toEqual(Array(5).fill(silenceFrame));
  expect(datagrams.every((datagram) => (datagram[0] ?? 0) & 0x10 && datagram.readUInt16BE(12) === 0xbede)).toBe(true);
  expect(datagrams.some((datagram) => (datagram[0] ?? 0) & 0x20)).toBe(true);
  real.destroy();
});

test('fifty members and a real client are in one group, formed in two steps', async () => {
  const home = await start();
  const ids = Array.from({ length: 50 }, (_, index) => `4000000000000000${10 + index}`);
  const epochs: number[] = [];
  home.server.events.on('epoch', ({ members: { length } }) => epochs.push(length));
  const real = await joinReal(home, place(ada));
  const members = ids.map((userId) => home.server.addMember(place(userId)));
  await inGroup(home.server, channelId, [ada, ...ids]);
  // A pair first, then everybody else by one commit.
  expect(epochs).toEqual([2, 51]);
  await Promise.all(members.map((member) => member.ready()));
  const [speaker, ...others] = members;
  if (!speaker) throw new Error('fifty members were added');
  await sameEpoch(real, speaker);
  const byReal = listen(real, speaker.userId);
  const clip = countedClip('first', 5);
  await speaker.speak(clip).finished;
  await byReal.until(10);
  expect(spoken(byReal.packets)).toEqual(opusOf(clip));
  for (const other of others) expect(spoken(other.heard.map((packet) => packet.opus))).toEqual(opusOf(clip));
});

test('members come and go while somebody speaks: nothing is lost, every epoch is followed', async () => {
  const home = await start();
  const { server } = home;
  let grouped = inGroup(server, channelId, [ada, cleo]);
  const real = await joinReal(home, place(ada));
  const speaker = server.addMember(place(cleo));
  await grouped;
  await sameEpoch(real, speaker);
  const clip = countedClip('cleo', 60);
  const heard = listen(real, cleo);
  const speech = speaker.speak(clip);
  await speech.started;
  grouped = inGroup(server, channelId, [ada, cleo, dan]);
  const guest = server.addMember(place(dan));
  await grouped;
  await guest.ready();
  grouped = inGroup(server, channelId, [ada, cleo]);
  await guest.leave();
  await grouped;
  grouped = inGroup(server, channelId, [ada, ben, cleo]);
  const newcomer = await joinReal(home, place(ben));
  await grouped;
  const late = listen(newcomer, cleo);
  await speech.finished;
  await heard.until(65);
  expect(spoken(heard.packets)).toEqual(opusOf(clip));
  await late.until(5);
  expect(newcomer.voicePrivacyCode).toBe(real.voicePrivacyCode);
  expect(spoken(late.packets).every((packet) => packet.toString().includes('cleo says'))).toBe(true);
  real.destroy();
  newcomer.destroy();
});

test('a sole member starts afresh and meets the next one', async () => {
  const home = await start();
  let grouped = inGroup(home.server, channelId, [ada, ben]);
  const first = await joinReal(home, place(ada));
  const second = await joinReal(home, place(ben));
  await grouped;
  const gone = once(home.server.events, 'clientGone');
  second.destroy();
  await gone;
  grouped = inGroup(home.server, channelId, [ada, cleo]);
  const member = home.server.addMember(place(cleo));
  await grouped;
  await sameEpoch(first, member);
  const clip = countedClip('ada', 10);
  await speakReal(first, clip.packets);
  const epoch = inGroup(home.server, channelId, [ada, cleo, dan]);
  home.server.addMember(place(dan));
  await epoch;
  await hasHeard(member, clip.packets.length);
  expect(member.heard.map((packet) => packet.opus)).toEqual(opusOf(clip));
  first.destroy();
});

test('a room without DAVE passes Opus through, and stays without when somebody leaves', async () => {
  const home = await start({ daveVersion: 0 });
  const real = await joinReal(home, place(ada));
  const member = home.server.addMember(place(cleo));
  await home.server.addMember(place(dan)).leave();
  const heard = listen(real, cleo);
  const clip = countedClip('cleo', 10);
  await member.speak(clip).finished;
  await heard.until(15);
  expect(spoken(heard.packets)).toEqual(opusOf(clip));
  expect(real.voicePrivacyCode ?? undefined).toBeUndefined();
  real.destroy();
});

test('a client that moves leaves no ghost behind, and a member who leaves stops speaking', async () => {
  const home = await start();
  const { server } = home;
  const elsewhere = '200000000000000002';
  let grouped = inGroup(server, channelId, [ada, cleo]);
  const real = await joinReal(home, place(ada));
  const left = server.addMember(place(cleo));
  await grouped;
  const gone = once(server.events, 'clientGone');
  grouped = inGroup(server, elsewhere, [ada, dan]);
  const host = server.addMember({ guildId, channelId: elsewhere, userId: dan });
  const transitioned = once(real, 'transitioned');
  await joinReal(home, { guildId, channelId: elsewhere, userId: ada });
  expect((await gone)[0]).toMatchObject({ channelId, userId: ada });
  await Promise.all([grouped, transitioned, host.ready()]);
  expect(server.isConnected(guildId, ada, channelId)).toBe(false);
  expect(server.isConnected(guildId, ada, elsewhere)).toBe(true);
  expect(host.voicePrivacyCode).toBe(real.voicePrivacyCode);

  const speech = left.speak(countedClip('cleo', 50));
  await speech.started;
  await left.leave();
  await expect(speech.finished).rejects.toThrow('left while speaking');
  await expect(left.speak(countedClip('cleo', 1)).started).rejects.toThrow('has left');
  real.destroy();
});

test('plaintext in a DAVE room is counted, silence frames are not', async () => {
  const home = await start();
  const real = await joinReal(home, place(ada));
  const spoke = once(home.server.events, 'speaking');
  real.playOpusPacket(silenceFrame);
  real.playOpusPacket(Buffer.from('no group yet, so this goes out in clear'));
  await spoke;
  await joinReal(home, place(ben)).then((other) => other.destroy()); // a round trip later both have arrived
  expect(home.server.counters.plaintextFramesInDaveRooms).toBe(1);
  real.destroy();
});
