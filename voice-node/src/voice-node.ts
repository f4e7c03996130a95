/** The voice node put together: who is made of what, what starts when, what ends in which order. */
import { join } from 'node:path';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { LegSpec } from '@patchbay/shared/session-spec';
import { ulid } from 'ulid';
import { CaptionDesk } from './captions/caption-desk.ts';
import { DeepgramEngine } from './captions/deepgram/deepgram-engine.ts';
import { ControlSocket } from './control/control-socket.ts';
import { NodeStore } from './control/node-store.ts';
import { Outbox } from './control/outbox.ts';
import { SpeakingLane } from './control/speaking-lane.ts';
import { StatsLane } from './control/stats-lane.ts';
import { DirectMessages } from './gateway/direct-messages.ts';
import { Gateway } from './gateway/gateway.ts';
import { Identity } from './gateway/identity.ts';
import { OwnWords } from './gateway/own-words.ts';
import { MailDesk } from './mail/mail-desk.ts';
import { NodeStorage } from './node-storage.ts';
import { EventLoopLag } from './ops/event-loop-lag.ts';
import { HealthServer } from './ops/health-server.ts';
import type { Logger } from './ops/logger.ts';
import { realTime } from './ops/scheduler.ts';
import { openRelays } from './relay/open-relays.ts';
import { ReportDesk } from './reports/report-desk.ts';
import { Announcer } from './sessions/announcer.ts';
import { GatewayPeople } from './sessions/channel-people.ts';
import { LegPool } from './sessions/leg-pool.ts';
import { RecordingNotice } from './sessions/recording-notice.ts';
import { Registry } from './sessions/registry.ts';
import type { Settings } from './settings.ts';
import { Leg } from './voice/leg.ts';

const UPLOAD_DEADLINE_MS = 60_000;
const OUTBOX_DEADLINE_MS = 10_000;

export class VoiceNode {
  readonly #settings: Settings;
  readonly #logger: Logger;
  readonly #bootId = ulid();
  readonly #lag = new EventLoopLag();
  #store!: NodeStore;
  #outbox!: Outbox;
  #storage: NodeStorage | undefined;
  #reports!: ReportDesk;
  #mails: MailDesk | undefined;
  #directMessages!: DirectMessages;
  #gateway!: Gateway;
  #registry!: Registry;
  #control!: ControlSocket;
  #captions!: CaptionDesk;
  #speaking!: SpeakingLane;
  #stats: StatsLane | undefined;
  #health!: HealthServer;
  readonly #legs = new Set<Leg>();
  #closing: Promise<void> | undefined;

  constructor(settings: Settings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
  }

  /** Resolves when every gateway is ready and the Worker has welcomed the node. */
  async start(): Promise<{ healthUrl: string }> {
    const { hubUrl, hubSecret, nodeId, dataDir, storage, recordingOff } = this.#settings;
    const logger = this.#logger;
    this.#lag.start();
    this.#health = new HealthServer(() => this.#healthState());
    const healthUrl = await this.#health.listen(this.#settings.healthPort);
    this.#store = await NodeStore.open(dataDir);
    this.#outbox = await Outbox.open({ store: this.#store, hubUrl, hubSecret, nodeId, logger });
    const report = (draft: Parameters<Outbox['append']>[0]): void => {
      this.#outbox
        .append(draft)
        .catch((error) => logger.error({ err: error, type: draft.type }, 'an event could not be kept'));
    };
    this.#reports = new ReportDesk({
      directory: join(dataDir, 'reports'),
      add: storage && ((path, note) => this.#storage?.uploader.add(path, note) ?? Promise.resolve()),
      storageOff: recordingOff,
      report: (outcome) => this.#outbox.append(outcome),
      logger,
    });
    if (storage) {
      this.#storage = new NodeStorage({
        settings: this.#settings,
        storage,
        append: (draft) => this.#outbox.append(draft),
        // Before the Worker has welcomed the node it is in the log alone.
        send: (message) => this.#control?.send(message) ?? false,
        sealed: (stored) => this.#reports.take(stored),
        logger,
      });
      await this.#storage.start();
    } else logger.warn(recordingOff ?? 'Recording is off.');
    await this.#reports.start();
    const { mail } = this.#settings;
    if (mail) {
      const append = (draft: Parameters<Outbox['append']>[0]) => this.#outbox.append(draft);
      this.#mails = new MailDesk({ ...mail, directory: join(dataDir, 'mails'), report: append, logger });
      await this.#mails.start();
    }
    this.#directMessages = new DirectMessages({ hubUrl, hubSecret, nodeId, logger });

    const { discordTokens, discordApiUrl: apiUrl, messageContent, membersIntent } = this.#settings;
    const identities = await Promise.all(
      discordTokens.map((token) => Identity.create({ token, apiUrl, messageContent, membersIntent, logger })),
    );
    this.#gateway = new Gateway(identities);
    this.#gateway.on('report', (drafts) => drafts.forEach(report));
    for (const identity of identities) this.#followIdentity(identity);

    this.#captions = this.#openCaptions(report);
    const relays = messageContent ? openRelays(this.#gateway, logger) : undefined;
    const words = new OwnWords(() => this.#gateway);
    this.#registry = new Registry(
      {
        pool: new LegPool((spec) => this.#openLeg(spec)),
        notice: new RecordingNotice(words),
        panel: words,
        people: new GatewayPeople(() => this.#gateway.identities),
        announcer: new Announcer(async (leg, text) => void (await words.post(leg, text)), logger),
        desk: this.#storage?.desk,
        recordingOff,
        ...(relays ? { relays } : {}),
        captions: this.#captions,
        sealing: this.#storage !== undefined,
        passThrough: this.#settings.passThrough,
        report,
        logger,
      },
      this.#store,
      (identityId) => this.#gateway.identities.has(identityId),
    );
    await this.#gateway.connect();
    this.#outbox.start();
    await this.#connectControl();
    await this.#storage?.startFinalising();
    return { healthUrl };
  }

  /** Ends everything in order: sessions, uploads, events, connections. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const logger = this.#logger;
    logger.info({ sessions: this.#registry?.running.length ?? 0 }, 'shutting down');
    await this.#registry?.endAll('policy', 'The voice node was shut down.');
    await this.#captions?.close();
    await this.#reports?.settled();
    await this.#storage?.close(UPLOAD_DEADLINE_MS);
    this.#mails?.close();
    if (this.#outbox && !(await this.#outbox.flush(OUTBOX_DEADLINE_MS))) {
      logger.warn({ waiting: this.#outbox.waiting }, 'some events are not delivered; the next start takes them up');
    }
    this.#speaking?.close();
    this.#stats?.close();
    this.#control?.close();
    await this.#gateway?.close();
    await this.#outbox?.close();
    this.#store?.close();
    await this.#health?.close();
    this.#lag.stop();
    logger.info('closed');
  }

  #followIdentity(identity: Identity): void {
    const legsOf = (guildId: string): Leg[] =>
      [...this.#legs].filter((leg) => leg.guildId === guildId && leg.identityId === identity.identityId);
    identity.on('ownVoiceState', (guildId, channelId) => {
      for (const leg of legsOf(guildId)) leg.ownVoiceState(channelId);
    });
    identity.on('ownVoiceTaken', (guildId) => {
      for (const leg of legsOf(guildId)) leg.abandon();
    });
    identity.on('ownVoiceLost', (guildId) => {
      for (const leg of legsOf(guildId)) leg.gatewaySessionLost();
    });
    identity.on('directMessage', (message) => {
      void this.#directMessages.take(message, (body) => identity.answer(message, body));
    });
    identity.on('channelDeleted', (guildId, channelId) => {
      for (const leg of legsOf(guildId)) if (leg.channelId === channelId) leg.channelDeleted();
    });
    identity.on('guildRemoved', (guildId) => {
      for (const leg of legsOf(guildId)) void leg.close('bot_removed', 'The bot was removed from the server.');
    });
  }

  #openLeg(spec: LegSpec): Leg {
    const identity = this.#gateway.identities.get(spec.identityId);
    if (!identity) throw new PatchbayError('no_identity', `Identity ${spec.identityId} is not of this voice node.`);
    if (!identity.guilds.has(spec.guildId)) {
      throw new PatchbayError('no_identity', `Identity ${spec.identityId} is not a member of guild ${spec.guildId}.`);
    }
    const leg = new Leg({
      legId: spec.legId,
      guildId: spec.guildId,
      channelId: spec.channelId,
      identityId: spec.identityId,
      adapters: identity.adapters,
      ownIdentities: new Set(this.#gateway.identities.keys()),
      joinAttempts: this.#settings.joinAttempts,
      isGatewayConnected: () => identity.connected,
      logger: this.#logger,
    });
    this.#legs.add(leg);
    leg.on('speaking', (userId, speaking) => this.#speaking.speaking(leg.guildId, leg.channelId, userId, speaking));
    leg.on('state', (state) => {
      // Kept a moment longer: the gateway's confirmation of the leaving ends `close`.
      if (state.kind === 'closed') setTimeout(() => this.#legs.delete(leg), 5_000).unref();
    });
    return leg;
  }

  #openCaptions(report: (draft: NodeEventDraft) => void): CaptionDesk {
    const { captions, captionsOff } = this.#settings;
    return new CaptionDesk({
      engine: captions && new DeepgramEngine(captions),
      off: captionsOff,
      channels: captions?.channels ?? 1,
      connections: captions?.connections ?? 0,
      transcripts: this.#storage?.transcripts,
      nameOf: (guildId, userId) => this.#gateway.nameOf(guildId, userId),
      report,
      // Only sessions caption, and they come by this socket.
      send: (message) => this.#control?.send(message) ?? false,
      logger: this.#logger,
    });
  }

  async #connectControl(): Promise<void> {
    const { hubUrl, hubSecret, nodeId, legCapacity, messageContent } = this.#settings;
    const logger = this.#logger;
    const control = new ControlSocket({
      hubUrl,
      hubSecret,
      nodeId,
      logger,
      hello: () => ({
        v: 1,
        type: 'hello',
        nodeId,
        bootId: this.#bootId,
        identities: this.#gateway.identityReports(),
        sessions: this.#registry.running,
        tombstones: this.#registry.tombstones,
        capacity: legCapacity,
        ...(messageContent ? { relay: true } : {}),
        captions: this.#settings.captions !== undefined,
        ...(this.#mails ? { mail: true } : {}),
      }),
    });
    this.#control = control;
    this.#speaking = new SpeakingLane((message) => control.send(message));
    this.#stats = new StatsLane({
      send: (message) => control.send(message),
      read: () => this.#registry.stats,
      scheduler: realTime,
    });
    this.#registry.on('message', (message) => control.send(message));
    this.#gateway.on('identities', () =>
      control.send({ v: 1, type: 'identities', identities: this.#gateway.identityReports() }),
    );
    control.on('message', (message) => {
      const failed = (error: unknown): void => logger.error({ err: error, type: message.type }, 'a command failed');
      switch (message.type) {
        case 'session.apply':
          this.#registry.apply(message.spec);
          break;
        case 'session.end':
          this.#registry.end(message.sessionId, message.revision, message.reason, message.by).catch(failed);
          break;
        case 'session.seal':
          this.#reports.seal(message, this.#registry.heard(message.sessionId)).catch(failed);
          break;
        case 'mail.send':
          this.#mails?.send(message).catch(failed);
          break;
        case 'recording.finalise':
        case 'recording.flush':
          this.#storage?.take(message).catch(failed);
          break;
        case 'captions.share':
          this.#captions.share(message.connections);
          break;
        case 'tombstone.ack':
          this.#registry.acknowledge(message.sessionIds).catch(failed);
          break;
        case 'identity.revoked':
          this.#registry.revoke(message.identityId, message.epoch).catch(failed);
          break;
        case 'error':
          logger.error({ code: message.code, problem: message.message }, 'the Worker reports an error');
          break;
        default:
      }
    });
    await new Promise<void>((resolve) => {
      control.on('welcome', ({ identities }) => {
        for (const { identityId, epoch } of identities) this.#registry.setEpoch(identityId, epoch);
        this.#captions.welcomed();
        resolve();
      });
      control.start();
    });
  }

  #healthState() {
    const control = this.#control?.welcomed ?? false;
    const gateway = this.#gateway?.connected ?? false;
    return {
      // Without the Worker the node goes on with what it runs: that is no reason to restart it.
      healthy: gateway && !this.#closing,
      gateway,
      control,
      sessions: this.#registry?.running.length ?? 0,
      eventsWaiting: this.#outbox?.waiting ?? 0,
      eventLoop: this.#lag.read(),
    };
  }
}
