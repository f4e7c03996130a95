/** @discordjs/voice, unmodified, through what Discord does to it. */
import { once } from 'node:events';
import { entersState, type VoiceConnection, VoiceConnectionStatus } from '@discordjs/voice';
import { afterEach, expect, test } from 'vitest';
import { silenceFrame } from '../../src/voice/rtp.ts';
import type { VoiceServer, VoiceServerOptions } from '../../src/voice/voice-server.ts';
import {
  countedClip,
  hasHeard,
  inGroup,
  joinReal,
  listen,
  sameEpoch,
  sentOp4,
  speakReal,
  startServer,
} from '../../src/voice/voice-test-kit.ts';

const guildId = '100000000000000011';
const channelId = '200000000000000011';
const bot = '300000000000000011';
const ada = '300000000000000012';
const ben = '300000000000000013';
const place = (userId: string) => ({ guildId, channelId, userId });
const spoken = (packets: Buffer[]) => packets.filter((packet) => !packet.equals(silenceFrame));
const opusOf = (clip: { packets: Uint8Array[] }) => clip.packets.map((packet) => Buffer.from(packet));

let server: VoiceServer;
let connection: VoiceConnection | undefined;
async function start(options?: VoiceServerOptions) {
  const home = await startServer(options);
  server = home.server;
  return home;
}
afterEach(async () => {
  connection?.destroy();
  connection = undefined;
  await server.close();
});
const session = () => {
  const found = server.sessions.get(guildId, bot);
  if (!found) throw new Error('the bot has no voice session');
  return found;
};

for (const resumed of ['first', 'last'] as const) {
  test(`a broken websocket is resumed; with op 9 ${resumed}, the epoch that was missed is ${resumed === 'first' ? 'followed' : 'lost'}`, async () => {
    const home = await start();
    server.faults.setSocket({ guildId, userId: bot }, { resumed });
    const real = await joinReal(home, place(bot));
    connection = real;
    const human = server.addMember(place(ada));
    await sameEpoch(real, human);
    const resumption = once(server.events, 'clientResumed');
    // Ben is let into the group while the bot is away: the bot learns of it by the replay alone.
    server.roomOf(channelId).delivery?.hold();
    const newcomer = server.addMember(place(ben));
    server.sessions.closeSocket(session(), 1006);
    const epoch = inGroup(server, channelId, [bot, ada, ben]);
    server.roomOf(channelId).delivery?.release();
    await Promise.all([resumption, epoch]);
    await entersState(real, VoiceConnectionStatus.Ready, 10_000);
    await newcomer.ready();
    const clip = countedClip('ben', 30);
    if (resumed === 'first') {
      await sameEpoch(real, human);
      const heard = listen(real, ben);
      await newcomer.speak(clip).finished;
      await heard.until(30);
      expect(spoken(heard.packets).slice(0, 30)).toEqual(opusOf(clip));
    } else {
      // Known of the library: binary messages before op 9 are skipped, and it never asks for them again.
      await newcomer.speak(clip).finished;
      expect(human.voicePrivacyCode).toBe(newcomer.voicePrivacyCode);
      expect(real.voicePrivacyCode).not.toBe(human.voicePrivacyCode);
      expect(real.state.status).toBe(VoiceConnectionStatus.Ready);
    }
  });
}

test.for([
  [1001, 'resumes'],
  [4015, 'resumes'],
  [4006, 'asks the main gateway anew'],
  [4009, 'asks the main gateway anew'],
  [4021, 'asks the main gateway anew'],
  [4022, 'asks the main gateway anew'],
  [4014, 'stays away'],
] as const)('close code %d: the client %s', async ([code, reaction]) => {
  const home = await start();
  const real = await joinReal(home, place(bot));
  connection = real;
  const resumption = once(server.events, 'clientResumed').then(() => 'resumes');
  const request = once(sentOp4, `${guildId}/${bot}`).then(() => 'asks the main gateway anew');
  const absence = entersState(real, VoiceConnectionStatus.Disconnected, 10_000).then(() => 'stays away');
  absence.catch(() => 'never');
  server.sessions.closeSocket(session(), code);
  // A client that is asked to stay away says so in its state; the other two ways begin with a message.
  expect(await Promise.race([resumption, request, absence])).toBe(reaction);
  if (reaction === 'resumes') await entersState(real, VoiceConnectionStatus.Ready, 10_000);
  else expect(server.isConnected(guildId, bot, channelId)).toBe(false);
});

test('a member without DAVE takes the room to version 0 and back; everybody is heard in every phase', async () => {
  const home = await start({ requireDave: false });
  const real = await joinReal(home, place(bot));
  connection = real;
  const human = server.addMember(place(ada));
  await sameEpoch(real, human);
  const heard = listen(real, ada);
  const phases: string[] = [];
  const talk = async (phase: string) => {
    phases.push(phase);
    const clip = countedClip(phase, 20);
    const before = spoken(heard.packets).length;
    const byHuman = human.heard.length;
    await Promise.all([human.speak(clip).finished, speakReal(real, clip.packets)]);
    await heard.until(before + 20);
    await hasHeard(human, byHuman + 20);
    expect(spoken(heard.packets).slice(before)).toEqual(opusOf(clip));
    const opus = spoken(human.heard.slice(byHuman).map((packet) => packet.opus));
    expect(opus).toEqual(opusOf(clip));
  };
  await talk('encrypted');
  const down = once(server.events, 'daveVersion');
  const old = server.addMember({ ...place(ben), maxDaveVersion: 0 });
  expect(await down).toMatchObject([{ version: 0 }]);
  await talk('in clear');
  await hasHeard(old, 20, bot);
  expect(spoken(old.heard.map(({ opus }) => opus)).length).toBe(40);
  const up = once(server.events, 'daveVersion');
  await old.leave();
  expect(await up).toMatchObject([{ version: 1 }]);
  await sameEpoch(real, human);
  await talk('encrypted again');
  expect(human.failures).toBe(0);
  expect(server.counters.plaintextFramesInDaveRooms).toBe(0);
});

test('a client without DAVE: refused with 4017 where DAVE is required, and heard in clear where it is not', async () => {
  const strict = await start();
  const request = once(sentOp4, `${guildId}/${bot}`);
  connection = await joinReal(strict, place(bot), { daveEncryption: false, wait: false });
  // The library has no case for 4017: it asks for the channel again, as often as it is let.
  await request;
  expect(server.isConnected(guildId, bot, channelId)).toBe(false);
  connection.destroy();
  await server.close();

  const home = await start({ requireDave: false });
  const human = server.addMember(place(ada));
  await human.ready();
  const real = await joinReal(home, place(bot), { daveEncryption: false });
  connection = real;
  const heard = listen(real, ada);
  const clip = countedClip('ada', 10);
  await Promise.all([human.speak(clip).finished, speakReal(real, clip.packets)]);
  await heard.until(10);
  expect(spoken(heard.packets).slice(0, 10)).toEqual(opusOf(clip));
  await hasHeard(human, 10);
  expect(spoken(human.heard.map(({ opus }) => opus))).toEqual(opusOf(clip));
});

test('lost commits: the group is built anew, and the client follows', async () => {
  const home = await start({ commitTimeoutMs: 300 });
  const real = await joinReal(home, place(bot));
  connection = real;
  server.addMember(place(ben)); // holds the room open while the commits of the first group get lost
  server.roomOf(channelId).delivery?.dropCommits(2);
  const human = server.addMember(place(ada));
  await inGroup(server, channelId, [bot, ada, ben]);
  expect(server.counters.groupResets).toBeGreaterThan(0);
  await sameEpoch(real, human);
  const clip = countedClip('ada', 10);
  const heard = listen(real, ada);
  await human.speak(clip).finished;
  await heard.until(10);
  expect(spoken(heard.packets).slice(0, 10)).toEqual(opusOf(clip));
});

test('a member whose SSRC changes is heard under the new one', async () => {
  const home = await start();
  const real = await joinReal(home, place(bot));
  connection = real;
  const human = server.addMember(place(ada));
  await sameEpoch(real, human);
  const heard = listen(real, ada);
  const clip = countedClip('ada', 10);
  await human.speak(clip).finished;
  const before = human.ssrc;
  human.changeSsrc(server.takeSsrc());
  expect(human.ssrc).not.toBe(before);
  await human.speak(clip).finished;
  await heard.until(30);
  expect(spoken(heard.packets)).toEqual([...opusOf(clip), ...opusOf(clip)]);
});

/** Resolves with the client's next heartbeat acknowledgement. */
async function acknowledged(real: VoiceConnection): Promise<void> {
  if (!('networking' in real.state)) throw new Error('the client is not connected');
  const networking = real.state.networking.state;
  if (!('ws' in networking)) throw new Error('the client has no websocket');
  for (;;) {
    const [packet] = (await once(networking.ws, 'packet')) as [{ op: number }];
    if (packet.op === 6) return;
  }
}

test('a slow websocket shows in the ping of the client', async () => {
  const home = await start({ heartbeatMs: 300 });
  server.faults.setSocket({ guildId, userId: bot }, { delayMs: 70 });
  const real = await joinReal(home, place(bot));
  connection = real;
  await acknowledged(real);
  // Both ways are slow.
  expect(real.ping.ws).toBeGreaterThan(130);
});
