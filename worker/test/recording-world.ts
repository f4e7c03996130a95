/** The Worker in workerd with the simulator as its Discord and S3: a recorded voice channel, and a voice node that does as it is told. */
import type { WorkerMessage } from '@patchbay/shared/control-messages';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { chunkKey, fragmentKey, manifestKey, masterKey, rawFragmentKey } from '@patchbay/shared/object-keys';
import type { FinaliseOrder } from '@patchbay/shared/recording-orders';
import { AwsClient } from 'aws4fetch';
import { expect } from 'vitest';
import { SimControl } from '../../sim/src/control/client.ts';
import { S3Server } from '../../sim/src/s3/server.ts';
import { type Simulator, startSimulator } from '../../sim/src/simulator.ts';
import { openDb } from '../src/db/db.ts';
import { Bucket } from '../src/storage/bucket.ts';
import { ObedientNode } from './obedient-node.ts';
import { person, snapshot, startWorld, type World } from './world.ts';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };
/** Samples at 48 kHz of one stored chunk. */
export const CHUNK = 300 * 48_000;

export interface Asked {
  userId: string;
  guildId?: string;
  words: string[];
  options?: { type?: number; name: string; value: unknown }[];
  permissions?: string;
  roles?: string[];
}
export interface Said {
  content: string;
  components?: { components: { label: string; url: string }[] }[];
}

export class RecordingWorld {
  readonly simulator: Simulator;
  readonly sim: SimControl;
  readonly s3: S3Server;
  readonly bucket: Bucket;
  readonly world: World;
  readonly fleet: ObedientNode;
  readonly guildId: string;
  readonly channelId: string;
  readonly botUserId: string;
  readonly ownerId: string;
  readonly #client = new AwsClient({ ...credentials, service: 's3', region: 'auto' });
  readonly #endpoint: string;

  private constructor(parts: {
    simulator: Simulator;
    sim: SimControl;
    s3: S3Server;
    endpoint: string;
    world: World;
    fleet: ObedientNode;
    guildId: string;
    channelId: string;
    botUserId: string;
    ownerId: string;
  }) {
    this.simulator = parts.simulator;
    this.sim = parts.sim;
    this.s3 = parts.s3;
    this.#endpoint = parts.endpoint;
    this.bucket = new Bucket({ endpoint: parts.endpoint, bucket: 'calls', region: 'auto', ...credentials });
    this.world = parts.world;
    this.fleet = parts.fleet;
    this.guildId = parts.guildId;
    this.channelId = parts.channelId;
    this.botUserId = parts.botUserId;
    this.ownerId = parts.ownerId;
  }

  static async start(variables: Record<string, string> = {}): Promise<RecordingWorld> {
    const simulator = await startSimulator({ clips: new Map(), rest: { rateLimits: 'off' } });
    const sim = new SimControl(simulator.controlUrl);
    const application = await sim.createApplication({ name: 'Patchbay' });
    const { guildId, ownerId } = await sim.createGuild({ name: 'Studio' });
    await sim.addBot(guildId, application.botUserId);
    const { channelId } = await sim.createVoiceChannel(guildId, { name: 'Booth' });
    const s3 = new S3Server({ credentials, buckets: ['calls'] });
    const endpoint = await s3.listen();
    const world = await startWorld({
      DISCORD_API_URL: simulator.apiUrl,
      DISCORD_APPLICATION_ID: application.applicationId,
      DISCORD_TOKEN: application.token,
      S3_ENDPOINT: endpoint,
      S3_BUCKET: 'calls',
      S3_REGION: 'auto',
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      PUBLIC_URL: 'https://patchbay.example',
      ...variables,
    });
    const fleet = new ObedientNode(world);
    await fleet.node.connect([{ identityId: application.botUserId, guildIds: [guildId] }], { mail: true });
    const plain = snapshot(guildId, application.botUserId, channelId) as Extract<
      NodeEventDraft,
      { type: 'voice.snapshot' }
    >;
    await fleet.report({
      ...plain,
      access: { ownerId, membersReported: false, roles: plain.access?.roles ?? [] },
      channels: [
        {
          ...{ channelId, name: 'Booth' },
          overwrites: [
            { id: guildId, type: 'role', allow: '0', deny: '1024' },
            { id: '555', type: 'role', allow: '1024', deny: '0' },
          ],
        },
      ],
    });
    await world.setupCommand(guildId, channelId, 'channel', [{ type: 5, name: 'record', value: true }]);
    await world.setupCommand(guildId, channelId, 'after-end', [{ type: 3, name: 'policy', value: 'idle' }]);
    const { botUserId } = application;
    return new RecordingWorld({ simulator, sim, s3, endpoint, world, fleet, guildId, channelId, botUserId, ownerId });
  }

  get db() {
    return openDb(this.world.env, {});
  }

  recording(sessionId: string) {
    return this.world.env.RECORDING.getByName(sessionId);
  }

  /** Begins to record the channel with these people in it; answers the session's id. */
  async record(...userIds: string[]): Promise<string> {
    for (const userId of userIds) {
      await this.fleet.report({ type: 'voice.joined', guildId: this.guildId, member: person(userId, this.channelId) });
    }
    const legs = [{ guildId: this.guildId, channelId: this.channelId }];
    // Whoever is in the channel shall not be queued for it.
    await this.world.command(this.guildId, userIds[0] ?? '', 'call stop');
    const answer = await this.world.signedPost('/api/internal/sessions', 'operator', {
      mode: 'custom',
      legs,
      recordRequired: true,
    });
    const { sessionId } = (await answer.json()) as { sessionId: string };
    const session = this.world.env.SESSION.getByName(sessionId);
    await expect.poll(async () => (await session.record())?.phase.state).toBe('active');
    const legId = this.fleet.running.get(sessionId)?.legs[0]?.legId ?? '';
    await this.fleet.report({ type: 'recording.started', guildId: this.guildId, sessionId, legId });
    return sessionId;
  }

  /** A chunk of somebody is stored and reported. */
  async chunk(
    sessionId: string,
    userId: string,
    index = 0,
    metadata: Record<string, string> = {},
    sha256 = 'a'.repeat(64),
  ): Promise<string> {
    const key = chunkKey(sessionId, userId, 1_000_000 + index * 300_000);
    const told = {
      'session-id': sessionId,
      'user-id': userId,
      'first-sample': String(index * CHUNK),
      samples: String(CHUNK),
    };
    await this.put(key, { 'time-zero': '1000000', 'lost-packets': '3', sha256, ...told, ...metadata });
    const about = { guildId: this.guildId, sessionId, userId, key, bytes: 5, sha256 };
    const place = { firstSample: index * CHUNK, samples: CHUNK, lostPackets: 3 };
    await this.fleet.report({ type: 'recording.chunk.stored', ...about, ...place });
    return key;
  }

  /** Everybody leaves; the session ends, and the node has stored its part. */
  async end(sessionId: string, ...userIds: string[]): Promise<void> {
    for (const userId of userIds) {
      const gone = { guildId: this.guildId, userId, previousChannelId: this.channelId, bot: false };
      await this.fleet.report({ type: 'voice.left', ...gone, cause: { kind: 'unknown', certainty: 0 } });
    }
    const session = this.world.env.SESSION.getByName(sessionId);
    await expect.poll(async () => (await session.record())?.phase.state).toBe('ended');
    await this.fleet.report({ type: 'recording.sealed', guildId: this.guildId, sessionId });
  }

  /** The order to finalise that comes `after` so many messages. */
  async ordered(sessionId: string, after = 0): Promise<FinaliseOrder> {
    const isOrder = (message: WorkerMessage) =>
      message.type === 'recording.finalise' && message.sessionId === sessionId;
    return (await this.fleet.node.inbox.next(isOrder, after)) as FinaliseOrder;
  }

  /** The node makes fragments and master of these people, and says so. */
  async finalise(sessionId: string, userIds: string[], sha = 'b'): Promise<void> {
    const sha256 = sha.repeat(64);
    const about = { guildId: this.guildId, sessionId, bytes: 5, sha256, firstSample: 0, samples: CHUNK };
    for (const userId of userIds) {
      for (const [kind, key] of [
        ['normalised', fragmentKey(sessionId, userId, 1_000_000)],
        ['raw', rawFragmentKey(sessionId, userId, 1_000_000)],
      ] as const) {
        await this.put(key);
        const level = { loudness: -16, truePeak: -1.2 };
        await this.fleet.report({ type: 'recording.fragment.stored', ...about, userId, kind, key, ...level });
      }
    }
    await this.put(masterKey(sessionId));
    await this.put(manifestKey(sessionId));
    await this.fleet.report({
      type: 'recording.master.stored',
      ...about,
      ...{ key: masterKey(sessionId), loudness: -16.04, truePeak: -1.1, participants: userIds.length, complete: true },
      manifest: manifestKey(sessionId),
      tracks: userIds.map((userId) => ({ userId, lostPackets: 3, spokenSamples: 960 * 297, missingSamples: 0 })),
      outageSamples: 2 * 48_000,
    });
  }

  async put(key: string, metadata: Record<string, string> = {}): Promise<void> {
    const headers = Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]));
    const response = await this.#client.fetch(`${this.#endpoint}/calls/${key}`, {
      method: 'PUT',
      body: 'voice',
      headers,
    });
    expect(response.status).toBe(200);
  }

  /** A command, and what the caller reads at once. */
  async ask({
    userId,
    guildId = this.guildId,
    words,
    options = [],
    permissions = '0',
    roles = [],
  }: Asked): Promise<Said> {
    const [name = '', ...subs] = words;
    const given: unknown[] = options.map(({ type = 3, ...rest }) => ({ type, ...rest }));
    const nested = subs.reduceRight<unknown[]>(
      (inner, sub, at) => [{ type: at === subs.length - 1 ? 1 : 2, name: sub, options: inner }],
      given,
    );
    return this.#answer({
      ...{ type: 2, guild_id: guildId, member: { permissions, roles, user: { id: userId } } },
      data: { name, options: nested },
    });
  }

  /** A command in the bot's direct messages. */
  askDirectly(userId: string, name: string, options: { name: string; value: string }[] = []): Promise<Said> {
    const given = options.map((option) => ({ type: 3, ...option }));
    return this.#answer({ type: 2, user: { id: userId }, data: { name, options: given } });
  }

  press(userId: string, customId: string, roles: string[] = []): Promise<Said> {
    return this.#answer({
      ...{ type: 3, guild_id: this.guildId, member: { permissions: '0', roles, user: { id: userId } } },
      data: { custom_id: customId },
    });
  }

  async #answer(payload: Record<string, unknown>): Promise<Said> {
    return ((await (await this.world.interaction(payload)).json()) as { data: Said }).data;
  }

  async close(): Promise<void> {
    await this.fleet.stop();
    await this.world.close();
    await this.s3.close();
    await this.simulator.close();
  }
}

export const linksOf = ({ components = [] }: Said) => components.flatMap((row) => row.components);
