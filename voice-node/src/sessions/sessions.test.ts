import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeMessage, Tombstone } from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { fullMatrix } from '@patchbay/shared/routing';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OutgoingPacket, PacketListener, VoicePacket } from '../audio/packet.ts';
import { now } from '../ops/clock.ts';
import { createLogger } from '../ops/logger.ts';
import type { UploadNote } from '../storage/uploader.ts';
import type { LegState } from '../voice/leg.ts';
import { Announcer } from './announcer.ts';
import { LegPool } from './leg-pool.ts';
import { RecordingDesk } from './recording-desk.ts';
import { markedNick, RecordingNotice, unmarkedNick } from './recording-notice.ts';
import { Registry } from './registry.ts';
import type { RunningLeg } from './running-leg.ts';

class FakeLeg extends EventEmitter implements RunningLeg {
  state: LegState = { kind: 'connecting', attempt: 1 };
  readonly sent: OutgoingPacket[] = [];
  readonly listeners_ = new Set<PacketListener>();
  readonly legId: string;
  readonly guildId: string;
  readonly channelId: string;
  readonly identityId: string;
  constructor(spec: { legId: string; guildId: string; channelId: string; identityId: string }) {
    super();
    this.legId = spec.legId;
    this.guildId = spec.guildId;
    this.channelId = spec.channelId;
    this.identityId = spec.identityId;
  }
  set(state: LegState): void {
    this.state = state;
    this.emit('state', state);
  }
  onPacket(listener: PacketListener) {
    this.listeners_.add(listener);
    return () => void this.listeners_.delete(listener);
  }
  hear(packet: VoicePacket): void {
    for (const listener of this.listeners_) listener(packet);
  }
  send(packet: OutgoingPacket): void {
    this.sent.push(packet);
  }
  newSender = (): void => undefined;
  stopSpeaking = (): void => undefined;
  abandon(): void {
    order.push(`abandoned ${this.guildId}`);
    this.set({ kind: 'closed', reason: 'node_lost' });
  }
  async close(reason: EndReason): Promise<void> {
    order.push(`closed ${this.guildId}`);
    tell();
    this.set({ kind: 'closed', reason });
  }
}

let directory: string;
let legs: FakeLeg[];
let drafts: NodeEventDraft[];
let messages: NodeMessage[];
let order: string[];
let said: string[];
let uploads: UploadNote[];
let graves: Map<string, Tombstone>;
let nickRefused: boolean;
/** Guilds whose legs are closed already when the session gets them. */
let lostGuilds: Set<string>;
let registry: Registry;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sessions-'));
  [legs, drafts, messages, order, uploads, said] = [[], [], [], [], [], []];
  graves = new Map();
  nickRefused = false;
  lostGuilds = new Set();
  registry = new Registry(
    {
      pool: new LegPool((spec) => {
        const leg = new FakeLeg(spec);
        legs.push(leg);
        if (lostGuilds.has(spec.guildId)) leg.state = { kind: 'closed', reason: 'bot_removed' };
        setImmediate(tell);
        return leg;
      }),
      notice: new RecordingNotice({
        names: () => ({ nick: null, userName: 'Patchbay' }),
        async setNick(guildId, _identityId, nick) {
          if (nickRefused) throw new PatchbayError('x', 'Missing Permissions');
          order.push(`nick ${guildId} ${nick}`);
        },
      }),
      announcer: new Announcer(async ({ guildId }, text) => {
        said.push(`${guildId}: ${text}`);
        tell();
      }, createLogger('silent')),
      desk: new RecordingDesk({
        directory,
        add: async (_path, note) => {
          order.push('handed over');
          uploads.push(note);
          return { stored: Promise.resolve() };
        },
        logger: createLogger('silent'),
      }),
      recordingOff: undefined,
      report: (draft) => {
        drafts.push(draft);
        order.push(draft.type);
        tell();
      },
      logger: createLogger('silent'),
    },
    {
      get tombstones() {
        return [...graves.values()];
      },
      tombstone: (id) => graves.get(id),
      bury: async (tombstone) => void graves.set(tombstone.sessionId, tombstone),
      forget: async (ids) => ids.forEach((id) => void graves.delete(id)),
    },
    (identityId) => identityId.startsWith('9'),
  );
  registry.on('message', (message) => messages.push(message));
});
const happened = new EventEmitter();
const tell = (): boolean => happened.emit('something');
afterEach(async () => {
  await registry.endAll('policy', 'test over');
  await rm(directory, { recursive: true, force: true });
});

async function until(check: () => boolean): Promise<void> {
  while (!check()) await once(happened, 'something');
}

function spec(more: Partial<SessionSpec> = {}): SessionSpec {
  const [a, b] = [ulid(), ulid()];
  return {
    id: ulid(),
    revision: 1,
    mode: 'bridge',
    timeZero: now(),
    legs: [
      { legId: a, guildId: '1', channelId: '11', identityId: '91', epoch: 1, role: 'party' },
      { legId: b, guildId: '2', channelId: '22', identityId: '92', epoch: 1, role: 'party' },
    ],
    routes: fullMatrix([a, b]),
    limits: { seconds: 0 },
    ...more,
  };
}

const packet = (userId: string, sequence: number): VoicePacket => ({
  userId,
  ssrc: Number(userId),
  sequence,
  timestamp: sequence * 960,
  arrivedAt: now(),
  opus: Uint8Array.of(0x78, 1, 2, sequence),
});

test('a spec becomes legs and a bridge; each leg is told as connecting and active', async () => {
  const call = spec();
  registry.apply(call);
  await until(() => legs.length === 2);
  for (const leg of legs) leg.set({ kind: 'ready', daveVersion: 1 });
  expect(drafts.map(({ type, guildId }) => `${type} ${guildId}`)).toEqual([
    'session.connecting 1',
    'session.connecting 2',
    'session.active 1',
    'session.active 2',
  ]);
  legs[0]?.hear(packet('7', 1));
  expect(legs[1]?.sent.map(({ opus }) => [...opus])).toEqual([[0x78, 1, 2, 1]]);
  expect(legs[0]?.sent).toEqual([]);
  expect(messages).toEqual([{ v: 1, type: 'session.applied', sessionId: call.id, revision: 1 }]);
});

test('a kicked bot ends the session with its reason, on every leg; a tombstone stays until acknowledged', async () => {
  const call = spec();
  registry.apply(call);
  await until(() => legs.length === 2);
  legs[0]?.set({ kind: 'closed', reason: 'bot_removed' });
  await until(() => drafts.filter(({ type }) => type === 'session.ended').length === 2);
  expect(drafts.filter(({ type }) => type === 'session.ended')).toMatchObject([
    { guildId: '1', reason: 'bot_removed' },
    { guildId: '2', reason: 'bot_removed' },
  ]);
  expect(registry.running).toEqual([]);
  expect(registry.tombstones).toMatchObject([{ sessionId: call.id, reason: 'bot_removed' }]);
  registry.apply({ ...call, revision: 2 });
  expect(messages.at(-1)).toMatchObject({ type: 'session.refused', code: 'session_ended' });
  await registry.acknowledge([call.id]);
  expect(registry.tombstones).toEqual([]);
});

test('two sessions share a leg; it closes with its last user', async () => {
  const call = spec();
  const [first] = call.legs;
  if (!first) throw new Error('no leg');
  registry.apply(call);
  const recording = spec({ legs: [first], routes: [] });
  registry.apply(recording);
  await until(() => drafts.length === 3 && legs.length === 2);
  await registry.end(call.id, 2, 'command');
  expect(order.filter((entry) => entry.startsWith('closed'))).toEqual(['closed 2']);
  await registry.end(recording.id, 2, 'command');
  expect(order.filter((entry) => entry.startsWith('closed'))).toEqual(['closed 2', 'closed 1']);
});

test('a newer revision takes a leg away and leaves the other untouched; an older one changes nothing', async () => {
  const call = spec();
  registry.apply(call);
  await until(() => legs.length === 2);
  const [first] = call.legs;
  if (!first) throw new Error('no leg');
  registry.apply({ ...call, revision: 3, legs: [first], routes: [] });
  await until(() => order.includes('closed 2'));
  registry.apply({ ...call, revision: 2 });
  expect(registry.running).toEqual([{ sessionId: call.id, revision: 3 }]);
  expect(legs).toHaveLength(2);
  expect(order).not.toContain('closed 1');
});

test('recording waits for the notice, keeps opted-out people out, and is handed over before the legs close', async () => {
  const call = spec();
  const [first] = call.legs;
  if (!first) throw new Error('no leg');
  registry.apply({ ...call, record: { legs: [first.legId] }, optedOut: ['8'] });
  await until(() => drafts.some(({ type }) => type === 'recording.started'));
  for (let sequence = 1; sequence <= 10; sequence += 1) {
    legs[0]?.hear(packet('7', sequence));
    legs[0]?.hear(packet('8', sequence));
    legs[1]?.hear(packet('6', sequence));
  }
  await registry.end(call.id, 2, 'command');
  expect(uploads.map(({ context }) => context.userId)).toEqual(['7']);
  expect(uploads[0]?.key).toBe(`recordings/${call.id}/chunks/7-${Math.round(call.timeZero)}.ogg`);
  expect(uploads[0]?.context).toMatchObject({ guildId: '1', firstSample: 0 });
  const important = order.filter((entry) => /nick|recording|handed|closed 1|ended/.test(entry));
  expect(important).toEqual([
    'nick 1 [REC] Patchbay',
    'recording.started',
    'handed over',
    'nick 1 null',
    'closed 1',
    'session.ended',
    'session.ended',
  ]);
});

test('a refused notice means that nothing is recorded, and the call goes on', async () => {
  nickRefused = true;
  const call = spec();
  registry.apply({ ...call, record: { legs: call.legs.map(({ legId }) => legId) }, optedOut: [] });
  await until(() => drafts.filter(({ type }) => type === 'recording.failed').length === 2);
  legs[0]?.hear(packet('7', 1));
  expect(legs[1]?.sent).toHaveLength(1);
  await registry.end(call.id, 2, 'command');
  expect(uploads).toEqual([]);
  expect(drafts.find(({ type }) => type === 'recording.failed')).toMatchObject({ code: 'notice_refused' });
});

test('the time limit ends the session', async () => {
  registry.apply(spec({ timeZero: now() - 10_000, limits: { seconds: 10 } }));
  await until(() => drafts.some((draft) => draft.type === 'session.ended' && draft.reason === 'timeout'));
  expect(registry.running).toEqual([]);
});

test('foreign identities and stale epochs are refused; a revoked identity ends its sessions', async () => {
  const call = spec();
  const foreign = spec({ legs: call.legs.map((leg) => ({ ...leg, identityId: '80' })) });
  registry.apply(foreign);
  expect(messages.at(-1)).toMatchObject({ type: 'session.refused', code: 'no_identity' });
  registry.apply(call);
  await until(() => legs.length === 2);
  await registry.revoke('91', 2);
  expect(drafts.filter((draft) => draft.type === 'session.ended')).toMatchObject([
    { reason: 'node_lost' },
    { reason: 'node_lost' },
  ]);
  registry.apply(spec());
  expect(messages.at(-1)).toMatchObject({ type: 'session.refused', code: 'epoch_stale' });
});

test('an end that overtakes its apply keeps the session from starting', async () => {
  const call = spec();
  await registry.end(call.id, 2, 'command');
  registry.apply(call);
  expect(messages.at(-1)).toMatchObject({ type: 'session.refused', code: 'session_ended' });
  expect(legs).toEqual([]);
});

test('marks on nicknames', () => {
  expect(markedNick('Patchbay')).toBe('[REC] Patchbay');
  expect(markedNick('[REC] Patchbay')).toBe('[REC] Patchbay');
  expect(markedNick('x'.repeat(40))).toHaveLength(32);
  expect(unmarkedNick('[REC] [REC] Bot')).toBe('Bot');
});

test('a leg that is lost before its session gets it ends the session; nothing is bridged or recorded any more', async () => {
  lostGuilds.add('2');
  const call = spec();
  registry.apply({ ...call, record: { legs: call.legs.map(({ legId }) => legId) }, optedOut: [] });
  await until(() => drafts.filter(({ type }) => type === 'session.ended').length === 2);
  expect(order.filter((step) => step.startsWith('nick'))).toEqual([]);
  expect(legs.map((leg) => leg.listeners_.size)).toEqual([0, 0]);
  expect(registry.running).toEqual([]);
});

test('packets of a leg that goes on for another session reach nobody of the one that ended', async () => {
  const [one, other] = [spec(), spec()];
  registry.apply(one);
  registry.apply(other);
  await until(() => legs.length === 2);
  await new Promise<void>((resolve) => setImmediate(resolve));
  legs[0]?.hear(packet('7', 1));
  expect(legs[1]?.sent).toHaveLength(2);
  await registry.end(one.id, 2, 'command');
  legs[0]?.hear(packet('7', 2));
  expect(legs[1]?.sent).toHaveLength(3);
  expect(legs[0]?.listeners_.size).toBe(1);
});

function conference(): SessionSpec {
  const call = spec();
  const third = { legId: ulid(), guildId: '3', channelId: '33', identityId: '93', epoch: 1, role: 'party' as const };
  const all = [...call.legs, third];
  return { ...call, revision: 2, legs: all, routes: fullMatrix(all.map(({ legId }) => legId)) };
}

test('audio goes on over a revision that adds a leg: not a packet is lost or repeated', async () => {
  const three = conference();
  const two = { ...three, revision: 1, legs: three.legs.slice(0, 2) };
  registry.apply({ ...two, routes: fullMatrix(two.legs.map(({ legId }) => legId)) });
  await until(() => legs.length === 2);
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (let sequence = 1; sequence <= 5; sequence += 1) legs[0]?.hear(packet('7', sequence));
  registry.apply(three);
  await until(() => legs.length === 3);
  legs[0]?.hear(packet('7', 6));
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (let sequence = 7; sequence <= 10; sequence += 1) legs[0]?.hear(packet('7', sequence));
  const said = (index: number) => legs[index]?.sent.map(({ opus }) => opus[3]);
  expect(said(1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(said(2)?.slice(-4)).toEqual([7, 8, 9, 10]);
  expect(order.filter((step) => step.startsWith('closed'))).toEqual([]);
});

test('of three legs one is lost: the others go on, and an older spec does not bring it back', async () => {
  const three = conference();
  registry.apply(three);
  await until(() => legs.length === 3);
  legs[2]?.set({ kind: 'closed', reason: 'bot_moved' });
  await until(() => drafts.some(({ type }) => type === 'session.ended'));
  expect(drafts.filter(({ type }) => type === 'session.ended')).toMatchObject([
    { guildId: '3', reason: 'bot_moved', goesOn: true, by: three.legs[2]?.legId },
  ]);
  registry.apply({ ...three, revision: 3 });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(legs).toHaveLength(3);
  legs[0]?.hear(packet('7', 1));
  expect(legs[1]?.sent).toHaveLength(1);
  legs[1]?.set({ kind: 'closed', reason: 'bot_removed' });
  await until(() => drafts.filter(({ type }) => type === 'session.ended').length === 3);
  expect(registry.running).toEqual([]);
});

test('each side is told why, in its own words', async () => {
  const call = spec();
  registry.apply(call);
  await until(() => legs.length === 2);
  await registry.end(call.id, 2, 'user_left', call.legs[0]?.legId);
  expect(said).toEqual([
    '1: The call ended: everybody left this side.',
    '2: The call ended: everybody left the other side.',
  ]);
});

test('a session that must be recorded ends when its notice is refused', async () => {
  nickRefused = true;
  const call = spec();
  registry.apply({ ...call, record: { legs: [call.legs[0]?.legId ?? ''], required: true }, optedOut: [] });
  await until(() => drafts.filter(({ type }) => type === 'session.ended').length === 2);
  expect(drafts.filter(({ type }) => type === 'session.ended')).toMatchObject([
    { reason: 'notice_refused' },
    { reason: 'notice_refused' },
  ]);
});

test('a revoked identity is given up silently: its legs say nothing to Discord, and nobody is told by the old owner', async () => {
  const call = spec();
  registry.apply(call);
  await until(() => legs.length === 2);
  await registry.revoke('91', 2);
  expect(order.filter((step) => /abandoned|closed/.test(step))).toEqual(['abandoned 1', 'closed 2']);
  expect(said).toEqual([]);
});

test('the legs of a session are warned before its end, once', async () => {
  registry.apply(spec({ timeZero: now() - 9_000, limits: { seconds: 9.2, warnSeconds: 0.15 } }));
  await until(() => drafts.some((draft) => draft.type === 'session.ended'));
  expect(drafts.map(({ type }) => type).filter((type) => /warning|ended/.test(type))).toEqual([
    'session.warning',
    'session.warning',
    'session.ended',
    'session.ended',
  ]);
});
