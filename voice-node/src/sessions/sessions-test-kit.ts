/** Sessions on legs that need no Discord, on virtual time, for tests; everything that they do is written down. */
import { EventEmitter, once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NodeMessage, Tombstone } from '@patchbay/shared/control-messages';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { fullMatrix } from '@patchbay/shared/routing';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import type { VoicePacket } from '../audio/packet.ts';
import { now } from '../ops/clock.ts';
import { createLogger } from '../ops/logger.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import type { Erasure } from '../recording/chunks/erase-chunk.ts';
import { DiskGuard } from '../recording/disk/disk-guard.ts';
import type { UploadNote } from '../storage/uploader.ts';
import { Announcer } from './announcer.ts';
import type { ChannelMember } from './channel-people.ts';
import { FakeLeg } from './fake-leg.ts';
import { LegPool } from './leg-pool.ts';
import { RecordingDesk } from './recording-desk.ts';
import { RecordingNotice } from './recording-notice.ts';
import { Registry } from './registry.ts';
import type { SessionTools } from './session-tools.ts';

export class SessionsKit {
  readonly time = new VirtualTime();
  readonly legs: FakeLeg[] = [];
  readonly drafts: NodeEventDraft[] = [];
  readonly messages: NodeMessage[] = [];
  /** What was done, in order. */
  readonly order: string[] = [];
  readonly said: string[] = [];
  readonly uploads: UploadNote[] = [];
  /** The files of the uploads. */
  readonly chunks: Buffer[] = [];
  readonly registry: Registry;
  nickRefused = false;
  /** Nobody may write into the channels. */
  panelRefused = false;
  /** Messages of notices: as they were posted, and as they are now. */
  readonly posted: string[] = [];
  readonly panels: string[] = [];
  readonly #people = new Map<string, { members: ChannelMember[]; tell: Set<(members: ChannelMember[]) => void> }>();
  /** Sessions whose stored chunks were to be freed of what somebody said. */
  readonly erased: (Erasure & { sessionId: string })[] = [];
  /** The last ten seconds are kept where a spec says so. */
  set sealing(on: boolean) {
    this.#tools.sealing = on;
  }
  readonly #tools: SessionTools;
  /** Free bytes of the disk. */
  free = 1e12;
  readonly disk: DiskGuard;
  /** Guilds whose legs are closed already when the session gets them. */
  readonly lostGuilds = new Set<string>();
  readonly #graves = new Map<string, Tombstone>();
  readonly #happened = new EventEmitter();
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    const did = (what: string): void => {
      this.order.push(what);
      this.#tell();
    };
    const graves = this.#graves;
    this.disk = new DiskGuard({
      directory,
      warnBytes: 2e9,
      stopBytes: 2e8,
      free: async () => this.free,
      scheduler: this.time,
      logger: createLogger('silent'),
    });
    this.#tools = {
      pool: new LegPool((spec) => {
        const leg = new FakeLeg(spec, did);
        this.legs.push(leg);
        if (this.lostGuilds.has(spec.guildId)) leg.state = { kind: 'closed', reason: 'bot_removed' };
        setImmediate(() => this.#tell());
        return leg;
      }),
      notice: new RecordingNotice({
        names: () => ({ nick: null, userName: 'Patchbay' }),
        setNick: async (guildId, _identityId, nick) => {
          if (this.nickRefused) throw new PatchbayError('x', 'Missing Permissions');
          did(`nick ${guildId} ${nick}`);
        },
      }),
      panel: {
        post: async (_place, text) => {
          if (this.panelRefused) throw new PatchbayError('x', 'Missing Permissions');
          this.posted.push(text);
          this.panels.push(text);
          did('posted');
          return String(this.panels.length - 1);
        },
        edit: async (_place, messageId, text) => {
          this.panels[Number(messageId)] = text;
          did('edited');
        },
      },
      people: {
        watch: ({ channelId }, listener) => {
          const { members, tell } = this.#channel(channelId);
          tell.add(listener);
          listener(members);
          return () => void tell.delete(listener);
        },
      },
      announcer: new Announcer(async ({ guildId }, text) => {
        this.said.push(`${guildId}: ${text}`);
        this.#tell();
      }, createLogger('silent')),
      desk: new RecordingDesk({
        directory,
        add: async (path, note) => {
          this.chunks.push(await readFile(path));
          did('handed over');
          this.uploads.push(note);
          return { stored: Promise.resolve() };
        },
        erase: async (sessionId, erasure) => {
          this.erased.push({ sessionId, ...erasure });
          did('erased');
        },
        disk: this.disk,
        logger: createLogger('silent'),
      }),
      recordingOff: undefined,
      scheduler: this.time,
      report: (draft) => {
        this.drafts.push(draft);
        did(draft.type);
      },
      logger: createLogger('silent'),
    };
    this.registry = new Registry(
      this.#tools,
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
    this.registry.on('message', (message) => this.messages.push(message));
  }

  static async open(): Promise<SessionsKit> {
    return new SessionsKit(await mkdtemp(join(tmpdir(), 'sessions-')));
  }

  async close(): Promise<void> {
    await this.finish(this.registry.endAll('policy', 'test over'));
    await rm(this.#directory, { recursive: true, force: true });
  }

  async until(check: () => boolean): Promise<void> {
    while (!check()) await once(this.#happened, 'something');
  }

  /** Lets virtual time pass until this is done. */
  async finish<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finished = work.finally(() => {
      done = true;
    });
    while (!done) {
      this.time.runUntil(this.time.now() + 20);
      await nextTurn();
    }
    return finished;
  }

  /** A session whose legs are open; they are not connected yet. */
  async apply(spec: SessionSpec): Promise<void> {
    this.registry.apply(spec);
    await this.until(() => this.legs.length >= spec.legs.length);
    await nextTurn();
  }

  /** Connects every leg. */
  connect(): void {
    for (const leg of this.legs) leg.set({ kind: 'ready', daveVersion: 1 });
  }

  /** Lets the tones of a call's beginning pass, and forgets them. */
  connectTonesPlayed(): void {
    this.time.runUntil(this.time.now() + 2_000);
    for (const { sent } of this.legs) sent.length = 0;
  }

  ended() {
    return this.drafts.filter((draft) => draft.type === 'session.ended');
  }

  /** A frame of 20 ms passes on the process's own clock, which recordings go by. */
  async frame(): Promise<void> {
    const before = now();
    while (now() < before + 20) await nextTurn();
  }

  /** Who is in a channel now, as the gateway tells it. */
  present(channelId: string, ...members: (string | ChannelMember)[]): void {
    const channel = this.#channel(channelId);
    channel.members = members.map((one) => (typeof one === 'string' ? { userId: one, bot: false } : one));
    for (const tell of channel.tell) tell(channel.members);
  }

  /** Bytes of all journals that are on disk now. */
  async journals(): Promise<Buffer> {
    const names = await readdir(this.#directory, { recursive: true });
    const files = names
      .filter((name) => name.endsWith('.journal'))
      .map((name) => readFile(join(this.#directory, name)));
    return Buffer.concat(await Promise.all(files));
  }

  #channel(channelId: string) {
    let channel = this.#people.get(channelId);
    if (!channel) {
      channel = { members: [], tell: new Set() };
      this.#people.set(channelId, channel);
    }
    return channel;
  }

  #tell(): void {
    this.#happened.emit('something');
  }
}

/** A call of two guilds. */
export function callSpec(more: Partial<SessionSpec> = {}): SessionSpec {
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

/** The second revision of a call: a third guild has joined. */
export function conferenceSpec(call = callSpec()): SessionSpec {
  const third = { legId: ulid(), guildId: '3', channelId: '33', identityId: '93', epoch: 1, role: 'party' as const };
  const all = [...call.legs, third];
  return { ...call, revision: 2, legs: all, routes: fullMatrix(all.map(({ legId }) => legId)) };
}

export const voicePacket = (userId: string, sequence: number, opus?: Uint8Array, arrivedAt = now()): VoicePacket => ({
  userId,
  ssrc: Number(userId),
  sequence,
  timestamp: sequence * 960,
  arrivedAt,
  opus: opus ?? Uint8Array.of(0x78, 1, 2, sequence),
});
