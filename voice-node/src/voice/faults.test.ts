/** The guards against what really goes wrong: faults of the voice server, injected into a live room. */
import { Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { spoof, spoofKinds } from '../../../sim/src/voice/faults/spoofing.ts';
import { Opcode } from '../../../sim/src/voice/opcodes.ts';
import type { VoicePacket } from '../audio/packet.ts';
import { RECEIVE_BUFFER_BYTES } from './guard-datagrams.ts';
import { BOT, CHANNEL, clip, GUILD, LegTestKit, nextVoice, state } from './leg-test-kit.ts';

let kit: LegTestKit;

beforeEach(async () => {
  kit = await LegTestKit.start();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await kit.close();
});

/** Waits until a group without the bot, and then one with it, was announced. */
async function rejoinedGroup(): Promise<void> {
  const next = async (): Promise<string[]> => (await once(kit.server.events, 'epoch'))[0].members;
  while (!(await next()).includes(BOT));
}

/** A leg in the group with member 7. */
async function call() {
  const member = kit.member('7');
  const leg = kit.join();
  await state(leg, 'ready');
  await member.ready();
  return { member, leg };
}

test('a malformed proposal does not end the process: the leg joins the group again and hears on', async () => {
  const { member, leg } = await call();
  const back = rejoinedGroup();
  kit.server.roomOf(CHANNEL).sendBinary(BOT, Opcode.DaveMlsProposals, Buffer.from([0, 3, 1, 2, 3]));
  await back;
  const heard = nextVoice(leg);
  await member.speak(clip(10)).finished;
  expect(await heard).toMatchObject({ userId: '7' });
  expect(leg.state.kind).toBe('ready');
  expect(kit.joins).toBe(1);
});

test('a proposal for somebody of whom op 11 has not told does not end the process', async () => {
  const { member, leg } = await call();
  const room = kit.server.roomOf(CHANNEL);
  const proposals = vi.spyOn(room.delivery ?? expect.fail('the room has DAVE'), 'invalidate');
  room.faults.notToldOfNewcomers.add(BOT);
  const back = rejoinedGroup();
  const newcomer = kit.member('8');
  await back;
  await newcomer.ready();
  expect(proposals).toHaveBeenCalledWith(BOT);
  const heard = nextVoice(leg);
  await member.speak(clip(10)).finished;
  expect(await heard).toMatchObject({ userId: '7' });
  expect(kit.joins).toBe(1);
});

test('what is spoken before the group has taken the leg in is ciphertext, and no voice', async () => {
  const [speaker, listener] = [kit.member('7'), kit.member('8')];
  await Promise.all([speaker.ready(), listener.ready()]);
  const { delivery } = kit.server.roomOf(CHANNEL);
  delivery?.hold();
  const entered = once(kit.server.events, 'clientReady');
  const leg = kit.join();
  const packets: VoicePacket[] = [];
  leg.onPacket((packet) => packets.push(packet));
  await entered;
  // Twice: the first packets can come while the library is still about to select its keys.
  await speaker.speak(clip(10)).finished;
  await speaker.speak(clip(10)).finished;
  expect(leg.received.ciphertext).toBeGreaterThan(0);
  expect(packets.filter(({ opus }) => opus.length > 3)).toEqual([]);
  delivery?.release();
  await state(leg, 'ready');
  const heard = nextVoice(leg);
  await speaker.speak(clip(10)).finished;
  expect([...(await heard).opus].slice(0, 3)).toEqual([0x78, 1, 2]);
});

test('a leg that the group does not take in is not ready, though op 11 comes late; it is given up after its joins', async () => {
  const [first, second] = [kit.member('7'), kit.member('8')];
  await Promise.all([first.ready(), second.ready()]);
  kit.server.roomOf(CHANNEL).delivery?.hold();
  const leg = kit.join({ readyTimeoutMs: 400, joinAttempts: 2 });
  const states: string[] = [];
  leg.on('state', ({ kind }) => states.push(kind));
  expect(await state(leg, 'closed')).toMatchObject({ reason: 'error' });
  expect(states).toEqual(['closed']);
});

test('a speaker whose frames no longer decrypt makes the leg join the group again, and is heard then', async () => {
  const { member, leg } = await call();
  const { faults } = kit.server.roomOf(CHANNEL);
  faults.damaged.add('7');
  const back = rejoinedGroup();
  await member.speak(clip(45)).finished;
  faults.damaged.clear();
  await back;
  expect(leg.received.undecryptable).toBeGreaterThan(36);
  const heard = nextVoice(leg);
  await member.speak(clip(10)).finished;
  expect(await heard).toMatchObject({ userId: '7' });
  expect(kit.joins).toBe(1);
});

test('the receive buffer is enlarged on each new socket, after a rejoin too', async () => {
  const enlarge = vi.spyOn(Socket.prototype, 'setRecvBufferSize');
  const enlarged = () =>
    new Set(enlarge.mock.contexts.filter((_, index) => enlarge.mock.calls[index]?.[0] === RECEIVE_BUFFER_BYTES)).size;
  const { leg } = await call();
  expect(RECEIVE_BUFFER_BYTES).toBe(8 * 1024 * 1024);
  expect(enlarged()).toBe(1);
  kit.server.dismiss(GUILD, BOT, 4006);
  await state(leg, 'reconnecting');
  await state(leg, 'ready');
  expect(enlarged()).toBe(2);
});

/** The bot's session on the voice server. */
const botSession = () => kit.server.sessions.get(GUILD, BOT) ?? expect.fail('the bot has no voice session');

test.each(['first', 'last'] as const)(
  'a group that changed while the websocket was down is followed; op 9 comes %s',
  async (resumed) => {
    const { leg } = await call();
    // Slow enough that the group changes before the resume.
    kit.server.faults.setSocket({ guildId: GUILD, userId: BOT }, { resumed, delayMs: 150 });
    const recovered = vi.spyOn(kit.server.roomOf(CHANNEL).delivery ?? expect.fail('the room has DAVE'), 'invalidate');
    const back = once(kit.server.events, 'clientResumed');
    kit.server.sessions.closeSocket(botSession(), 1006);
    await state(leg, 'reconnecting');
    const newcomer = kit.member('8');
    await back;
    await state(leg, 'ready');
    await newcomer.ready();
    const heard = nextVoice(leg);
    await newcomer.speak(clip(10)).finished;
    expect(await heard).toMatchObject({ userId: '8' });
    expect(leg.received.undecryptable).toBe(0);
    expect(recovered).not.toHaveBeenCalled();
    expect(kit.joins).toBe(1);
  },
);

test.each(spoofKinds)("a forged datagram (%s) harms nobody and is nobody's voice", async (kind) => {
  const { member, leg } = await call();
  await member.speak(clip(3)).finished;
  const packets: VoicePacket[] = [];
  leg.onPacket((packet) => packets.push(packet));
  const { ssrc } = kit.server.roomOf(CHANNEL).participant('7');
  for (let index = 0; index < 5; index += 1) expect(await spoof(botSession(), kind, ssrc)).toBe(true);
  const heard = nextVoice(leg);
  await member.speak(clip(10)).finished;
  expect(await heard).toMatchObject({ userId: '7' });
  const spoken = new Set(member.spoken.map(({ sequence }) => sequence));
  expect(packets.filter(({ sequence }) => !spoken.has(sequence))).toEqual([]);
  expect(leg.state.kind).toBe('ready');
});

test('datagrams of every length up to a header reach no parser that could throw', async () => {
  const { member, leg } = await call();
  for (let length = 0; length < 40; length += 1) botSession().sendDatagram(Buffer.alloc(length, 0x80));
  const heard = nextVoice(leg);
  await member.speak(clip(10)).finished;
  expect(await heard).toMatchObject({ userId: '7' });
});

test.each([4017, 4021])('close code %i ends the leg with a sentence and is not answered with a join', async (code) => {
  const { leg } = await call();
  kit.server.sessions.closeSocket(botSession(), code);
  expect(await state(leg, 'closed')).toMatchObject({ reason: 'error', message: expect.stringContaining('Discord re') });
  expect(kit.joins).toBe(1);
});

test.each([4014, 4022])('after close code %i nobody joins again; the gateway says why', async (code) => {
  const { leg } = await call();
  kit.server.dismiss(GUILD, BOT, code);
  await state(leg, 'reconnecting');
  leg.channelDeleted();
  expect(await state(leg, 'closed')).toMatchObject({ reason: 'channel_deleted' });
});

test.each([4014, 4022])(
  'after close code %i without a word of the gateway the leg ends, and has not joined again',
  async (code) => {
    const { leg } = await call();
    kit.server.dismiss(GUILD, BOT, code);
    expect(await state(leg, 'closed')).toMatchObject({ reason: 'bot_removed' });
    expect(kit.joins).toBe(1);
  },
);

test('a voice session that is lost again and again is given up', async () => {
  const { leg } = await call();
  kit.server.events.on('clientReady', () => kit.server.dismiss(GUILD, BOT, 4006));
  kit.server.dismiss(GUILD, BOT, 4006);
  expect(await state(leg, 'closed')).toMatchObject({ reason: 'error' });
  expect(kit.joins).toBe(3);
});

test('a leg whose place another gateway session has taken says nothing to Discord', async () => {
  const { leg } = await call();
  const gone = once(kit.server.events, 'clientGone');
  leg.abandon();
  expect(leg.state).toMatchObject({ kind: 'closed', reason: 'node_lost' });
  kit.server.dismiss(GUILD, BOT);
  await gone;
  expect(kit.leaves).toBe(0);
});
