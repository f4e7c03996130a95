/** A recorded call in which nobody stops speaking and everything breaks, one thing after the other; and where each packet went. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { S3Control } from '@patchbay/sim/s3-control';
import { readOggOpus } from '../hearing/ogg.ts';
import { configure, makeWorld, type PlayedSide } from '../scenario/world.ts';
import type { Stack } from '../stack/stack.ts';
import { type Account, accountsOf, type Disturbance, type Spoken } from './accounts.ts';
import { Talkers } from './talkers.ts';

export interface ChaosOptions {
  stack: Stack;
  /** How often the node is killed: three at least, since the bucket is away, slow and lying while a killed node's part is stored. */
  kills: number;
  /** 0…1; says when it happens. */
  random: () => number;
  say?: (text: string) => void;
}

export interface ChaosResult {
  accounts: Account[];
  /** Why a full disk could not be tried here. */
  diskUntried: string | undefined;
}

/** Room for the data of the node on the disk that will be full. */
const DISK_MEGABYTES = 48;
const WAIT_MS = 30_000;
/** Bytes of a journal. */
const A_FEW_PACKETS = 5_000;

export class Chaos {
  readonly #options: ChaosOptions;
  readonly #bucket: S3Control;
  readonly #data: string;
  readonly #disturbances: Disturbance[] = [];
  #sides: PlayedSide[] = [];
  #talkers!: Talkers;
  #disk: string | undefined;
  #diskUntried: string | undefined;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#bucket = new S3Control(options.stack.s3.controlUrl);
    this.#data = join(options.stack.directory, 'chaos-data');
  }

  async run(): Promise<ChaosResult> {
    const { kills } = this.#options;
    await this.#begin();
    try {
      await this.#happens('nothing', async () => this.#talkers.rounds(2));
      await this.#bucketTrouble('S3 is down while a part is stored', () => this.#bucket.setDown(true));
      await this.#bucketTrouble('S3 answers after a second, or with errors, or breaks off', async () => {
        await this.#bucket.addFault({ kind: 'slow', delayMs: 1_000, methods: ['PUT', 'HEAD'], count: 4 });
        await this.#bucket.addFault({ kind: 'error', code: 'SlowDown', methods: ['PUT'], count: 1 });
        await this.#bucket.addFault({ kind: 'resetUpload', afterBytes: 500, methods: ['PUT'], count: 1 });
      });
      await this.#bucketTrouble('S3 says a wrong ETag', async () => {
        await this.#bucket.addFault({ kind: 'wrongEtag', keys: '**', count: null });
      });
      for (let kill = 3; kill < kills; kill += 1) await this.#kill();
      const { stack } = this.#options;
      await this.#happens('the Worker is down', async () => {
        await stack.stopWorker();
        await this.#talkers.rounds(2);
        await stack.startWorker();
        await this.#talkers.rounds(2);
      });
      await this.#happens('the gateway connection breaks', async () => {
        await stack.sim.cutGateway(stack.application.botUserId);
        await this.#talkers.rounds(4);
      });
      await this.#happens(
        'the voice server changes',
        async () => {
          for (const { guildId } of this.#sides) {
            await stack.sim.changeVoiceServer(stack.application.botUserId, guildId);
          }
          await this.#talkers.rounds(5);
        },
        { cuts: true },
      );
      await this.#fullDisk();
      await this.#end();
      return { accounts: await this.#account(), diskUntried: this.#diskUntried };
    } finally {
      if (this.#disk) {
        // It holds files on the disk that goes.
        await this.#options.stack.killNode();
        // At once for everybody: what ends with the node may hold it a moment longer.
        execFileSync('umount', ['--lazy', this.#disk]);
      }
    }
  }

  get #nodeSettings(): Record<string, string> {
    // The usual bounds are above the size of the whole disk.
    return { DATA_DIR: this.#data, DISK_WARN_MB: '4', DISK_STOP_MB: '2' };
  }

  async #begin(): Promise<void> {
    const { stack } = this.#options;
    await mkdir(this.#data, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'tmpfs', this.#data], { stdio: 'pipe' });
      this.#disk = this.#data;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#diskUntried = 'no file system could be mounted here, which needs rights of its own';
    }
    const { sim, application } = stack;
    this.#sides = await makeWorld(sim, application);
    await stack.startNode('node-1', this.#nodeSettings);
    for (const side of this.#sides) {
      await configure(sim, application, side);
      await sim.voice.watchDeliveries({ guildId: side.guildId, userId: application.botUserId });
    }
    for (const side of this.#sides) for (const { userId } of side.members) await sim.join(userId, side.channelId);
    const [side] = this.#sides;
    await sim.until(
      async () => (await sim.nickname(side?.guildId ?? '', application.botUserId))?.includes('[REC]') ?? false,
      { what: 'the recording to begin', timeoutMs: WAIT_MS },
    );
    this.#talkers = new Talkers(
      sim,
      this.#sides.flatMap(({ members: [first] }) => first?.userId ?? []),
    );
    await Promise.all(this.#talkers.userIds.map((userId) => sim.ready(userId)));
    this.#talkers.start();
    await this.#recorded(0);
  }

  async #happens(name: string, action: () => Promise<void>, more: Partial<Disturbance> = {}): Promise<void> {
    this.#options.say?.(`${name}.`);
    this.#disturbances.push({ name, from: Date.now(), cuts: false, ...more });
    await action();
  }

  /** Kills the node at a random moment, while the bucket behaves so; what it left is stored then. */
  async #bucketTrouble(name: string, begin: () => Promise<unknown>): Promise<void> {
    await begin();
    await this.#kill();
    await this.#happens(name, async () => this.#talkers.rounds(2));
    await this.#bucket.clearFaults();
    await this.#bucket.setDown(false);
  }

  async #kill(): Promise<void> {
    const { stack, random } = this.#options;
    await this.#talkers.rounds(2);
    // Anywhere in half a second of speech: that is what is tried.
    await new Promise((resolve) => setTimeout(resolve, random() * 500));
    await this.#happens(
      'the voice node is killed (`kill -9`) and started again',
      async () => {
        const at = Date.now();
        await stack.killNode();
        await stack.startNode('node-1', this.#nodeSettings);
        await this.#recorded(at);
        await this.#talkers.rounds(1);
      },
      { cuts: true, ends: true },
    );
  }

  /** Resolves when packets are written to the journal of a part that began at this instant or later. */
  async #recorded(since: number): Promise<void> {
    const folder = join(this.#data, 'recordings');
    const grows = async (): Promise<boolean> => {
      for (const name of await readdir(folder).catch(() => [])) {
        if (Number(name.split('-')[1]) < since) continue;
        const journal = await stat(join(folder, name, '000000.journal')).catch(() => undefined);
        if (journal && journal.size > A_FEW_PACKETS) return true;
      }
      return false;
    };
    await this.#options.stack.sim.until(grows, { what: 'the recording to go on', timeoutMs: WAIT_MS });
  }

  async #fullDisk(): Promise<void> {
    const disk = this.#disk;
    if (!disk) return;
    const filler = join(disk, 'filler');
    await this.#happens(
      'the disk is full',
      async () => {
        const { bavail, bsize } = await statfs(disk);
        await writeFile(filler, Buffer.alloc(bavail * bsize)).catch(() => undefined);
        await this.#talkers.rounds(3);
      },
      { refuses: 'disk full' },
    );
    await rm(filler, { force: true });
  }

  /** Everybody leaves; resolves when nothing local is left. */
  async #end(): Promise<void> {
    const { sim } = this.#options.stack;
    await this.#talkers.stop();
    for (const { members } of this.#sides) for (const { userId } of members) await sim.leave(userId);
    const left = async (folder: string): Promise<number> => (await readdir(join(this.#data, folder))).length;
    const deadline = Date.now() + WAIT_MS;
    while ((await left('recordings')) + (await left('uploads')) > 0) {
      if (Date.now() > deadline)
        throw new Error(`Parts are not stored: ${await readdir(join(this.#data, 'recordings'))}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #account(): Promise<Account[]> {
    const { stack } = this.#options;
    const { sim, application } = stack;
    const stored = new Set<string>();
    for (const key of await this.#bucket.keys()) {
      if (!key.includes('/chunks/')) continue;
      const { data } = await this.#bucket.read(key);
      for (const packet of readOggOpus(Buffer.from(data))) stored.add(Buffer.from(packet).toString('base64'));
    }
    const readies = await readyTimes(join(stack.directory, 'logs', 'node-1.log'));
    const spoken: Spoken[] = [];
    const readyAt = new Map<number, number>();
    for (const [index, { guildId, members }] of this.#sides.entries()) {
      const all = await sim.voice.deliveries({ guildId, userId: application.botUserId });
      // Sessions of both legs are counted in one line.
      const numberOf = (session: number): number => session * 2 + index;
      for (const [session, own] of Map.groupBy(all, (one) => one.session)) {
        const first = own[0]?.sentAt ?? 0;
        const last = own.at(-1)?.sentAt ?? 0;
        const ready = readies.find((one) => one.guildId === guildId && one.at >= first - 200 && one.at <= last);
        // A leg that said nothing was ready all along.
        readyAt.set(numberOf(session), ready?.at ?? first);
      }
      const live = new Map(all.filter((one) => one.live).map((one) => [`${one.fromUserId} ${one.sequence}`, one]));
      for (const { userId } of members) {
        for (const { sequence, sentAt, opus } of await sim.spoken(userId)) {
          // Silence frames say nothing of where they come from.
          if (opus.length <= 4) continue;
          const delivery = live.get(`${userId} ${sequence}`);
          const session = delivery && numberOf(delivery.session);
          spoken.push({ userId, sentAt, session, stored: stored.has(opus) });
        }
      }
    }
    spoken.sort((left, right) => left.sentAt - right.sentAt);
    return accountsOf({ spoken, disturbances: this.#disturbances, readyAt });
  }
}

/** When each leg said that it was ready, by the node's own log. */
export async function readyTimes(path: string): Promise<{ guildId: string; at: number }[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes('"kind":"ready"'));
  return lines.map((line) => {
    const { guildId, time } = JSON.parse(line) as { guildId: string; time: number };
    return { guildId, at: time };
  });
}
