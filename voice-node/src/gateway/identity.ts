/** One bot account: its REST client, its gateway connection and what it knows of its guilds. */
import { EventEmitter } from 'node:events';
import { REST } from '@discordjs/rest';
import { WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import { PatchbayError } from '@patchbay/shared/errors';
import type { NodeEventDraft } from '@patchbay/shared/events';
import {
  type APIUser,
  GatewayCloseCodes,
  GatewayDispatchEvents,
  type GatewayDispatchPayload,
  GatewayOpcodes,
  Routes,
} from 'discord-api-types/v10';
import { ignore } from '../ops/ignore.ts';
import type { Logger } from '../ops/logger.ts';
import type { AuditEntry } from './audit-evidence.ts';
import { entriesOf, readAuditLog } from './audit-log.ts';
import { type ChannelFacts, noteRole } from './channel-facts.ts';
import type { DirectMessage } from './direct-messages.ts';
import {
  applyChannel,
  applyChannelDelete,
  applyVoiceState,
  changesFacts,
  type GuildPicture,
  pictureOf,
  snapshotOf,
} from './guild-picture.ts';
import { intentRefused, intentsOf } from './intents.ts';
import { sessionStore } from './session-store.ts';
import { VoiceAdapters } from './voice-adapters.ts';

export interface IdentityEvents {
  /** A guild's picture is new or was replaced. */
  guild: [picture: GuildPicture];
  guildRemoved: [guildId: string];
  /** Deltas of a guild's picture; `sessionId`: of the voice state that they come from. */
  delta: [drafts: NodeEventDraft[], sessionId?: string];
  /** The guild's audit log says something of people in voice. */
  audit: [guildId: string, entry: AuditEntry];
  /** The identity's own place in voice changed; null = in no channel. */
  ownVoiceState: [guildId: string, channelId: string | null];
  /** A new gateway session (or the end of an outage) finds the identity in no channel of the guild. */
  ownVoiceLost: [guildId: string];
  /** Another gateway session of the account (a newer voice node's) has taken its place in voice. */
  ownVoiceTaken: [guildId: string];
  channelDeleted: [guildId: string, channelId: string];
  /** Something happened to a message; only where messages are read. */
  message: [payload: GatewayDispatchPayload];
  /** Somebody wrote to the bot in private. */
  directMessage: [message: DirectMessage];
  connected: [];
  disconnected: [];
}

export interface IdentityOptions {
  token: string;
  apiUrl: string;
  /** Reads messages: needs the privileged intent Message Content. */
  messageContent?: boolean;
  logger: Logger;
  /** Asks for the privileged intent of members, which the application must have in the developer portal. */
  membersIntent?: boolean;
}

const READY_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 5_000;
/** Waiting time for the guilds that READY listed: a guild in an outage never comes. */
const GUILDS_TIMEOUT_MS = 10_000;

export class Identity extends EventEmitter<IdentityEvents> {
  readonly identityId: string;
  readonly userName: string;
  readonly rest: REST;
  readonly guilds = new Map<string, GuildPicture>();
  readonly adapters: VoiceAdapters;
  #connected = false;
  #sessionId: string | undefined;
  #awaited = new Set<string>();
  readonly #logger: Logger;
  readonly #manager: WebSocketManager;

  readonly #membersIntent: boolean;

  private constructor(
    user: APIUser,
    rest: REST,
    { token, logger, messageContent = false, membersIntent = false }: IdentityOptions,
  ) {
    super();
    this.identityId = user.id;
    this.userName = user.username;
    this.rest = rest;
    this.#logger = logger.child({ identityId: user.id });
    this.#membersIntent = membersIntent;
    this.#manager = new WebSocketManager({
      token,
      intents: intentsOf({ messageContent, membersIntent }),
      rest,
      shardCount: 1,
      ...sessionStore(),
    });
    this.adapters = new VoiceAdapters((payload) => {
      if (!this.#connected) return false;
      Promise.resolve(this.#manager.send(0, { op: GatewayOpcodes.VoiceStateUpdate, d: payload })).catch((error) =>
        this.#logger.warn({ err: error }, 'a voice state could not be sent'),
      );
      return true;
    });
  }

  /**
   * Learns who the token belongs to; does not connect yet.
   *
   * @throws {PatchbayError} `token_refused`
   */
  static async create(options: IdentityOptions): Promise<Identity> {
    const rest = new REST({ version: '10', api: options.apiUrl, timeout: 10_000 }).setToken(options.token);
    try {
      return new Identity((await rest.get(Routes.user())) as APIUser, rest, options);
    } catch (error) {
      const status = (error as { status?: number }).status;
      if (status === 401) {
        throw new PatchbayError(
          'token_refused',
          'Discord refused a token of DISCORD_TOKENS. Copy it again from the Bot page of the developer portal.',
        );
      }
      throw error;
    }
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Connects and waits until READY and the guilds that it lists are there. */
  async connect(): Promise<void> {
    const manager = this.#manager;
    manager.on(WebSocketShardEvents.Dispatch, (payload) => this.#dispatch(payload));
    manager.on(WebSocketShardEvents.Ready, (data) => {
      this.#sessionId = data.session_id;
      const current = new Set(data.guilds.map((guild) => guild.id));
      // A fresh session after a lost one: guilds that the identity was removed from meanwhile are not announced otherwise.
      for (const guildId of [...this.guilds.keys()]) if (!current.has(guildId)) this.#removed(guildId);
      this.#awaited = current;
      this.#up();
    });
    manager.on(WebSocketShardEvents.Resumed, () => this.#up());
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(ignore('who waits for the connection is told; later it is in the log'));
    manager.on(WebSocketShardEvents.Closed, (code) => {
      this.#logger.warn({ code }, 'the gateway connection closed');
      if (code === GatewayCloseCodes.DisallowedIntents) reject(intentRefused(this.#logger));
      if (!this.#connected) return;
      this.#connected = false;
      this.emit('disconnected');
    });
    manager.on(WebSocketShardEvents.Error, (error) => this.#logger.error({ err: error }, 'the gateway failed'));
    manager.on(WebSocketShardEvents.SocketError, (error) => this.#logger.warn({ err: error }, 'gateway socket error'));

    const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
    deadline.addEventListener('abort', () =>
      reject(new PatchbayError('gateway_timeout', 'The Discord gateway was not ready within 30 seconds.')),
    );
    await Promise.race([manager.connect(), failed]);
    await this.#guildsKnown();
  }

  async close(): Promise<void> {
    this.#connected = false;
    await Promise.resolve(this.#manager.destroy({ reason: 'shutdown', code: 1000 })).catch(
      ignore('the process ends and Discord notices the closed socket'),
    );
  }

  /** Replies to what somebody wrote to the bot in private. */
  async answer(
    { channelId, messageId }: DirectMessage,
    body: { content: string; components: object[] },
  ): Promise<void> {
    const reply = { message_reference: { message_id: messageId, fail_if_not_exists: false } };
    await this.rest.post(Routes.channelMessages(channelId), {
      body: { ...body, ...reply, allowed_mentions: { parse: [] } },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
  }

  /** Reads the newest entries of a guild's audit log; they come as `audit` events. Never throws. */
  async readAuditLog(guildId: string): Promise<void> {
    for (const entry of await readAuditLog(this.rest, guildId, this.#logger)) this.emit('audit', guildId, entry);
  }

  #up(): void {
    if (this.#connected) return;
    this.#connected = true;
    this.emit('connected');
  }

  async #guildsKnown(): Promise<void> {
    if (this.#awaited.size === 0) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.off('guild', check);
        resolve();
      };
      const check = () => {
        if (this.#awaited.size === 0) done();
      };
      const timer = setTimeout(() => {
        this.#logger.warn({ guildIds: [...this.#awaited] }, 'some guilds are unavailable; going on without them');
        done();
      }, GUILDS_TIMEOUT_MS);
      this.on('guild', check);
      check();
    });
  }

  #removed(guildId: string): void {
    if (!this.guilds.delete(guildId)) return;
    this.adapters.remove(guildId);
    this.emit('guildRemoved', guildId);
  }

  /** What may be done and seen in the channels may be different now. */
  #change(picture: GuildPicture | undefined, change: (facts: ChannelFacts) => void): void {
    if (picture && changesFacts(picture, change)) this.emit('delta', [snapshotOf(picture, this.identityId)]);
  }

  #dispatch(payload: GatewayDispatchPayload): void {
    switch (payload.t) {
      case GatewayDispatchEvents.GuildCreate: {
        const picture = pictureOf(payload.d, this.identityId, this.#membersIntent);
        this.guilds.set(picture.guildId, picture);
        this.#awaited.delete(picture.guildId);
        this.emit('guild', picture);
        // A place in voice that went with the old gateway session shows in the fresh picture only.
        const own = picture.members.get(this.identityId)?.channelId;
        if (own === undefined) this.emit('ownVoiceLost', picture.guildId);
        else this.emit('ownVoiceState', picture.guildId, own);
        break;
      }
      case GatewayDispatchEvents.GuildDelete:
        this.#awaited.delete(payload.d.id);
        // `unavailable` is an outage, not a removal: the picture stays and a GUILD_CREATE follows.
        if (!payload.d.unavailable) this.#removed(payload.d.id);
        break;
      case GatewayDispatchEvents.GuildUpdate: {
        const { id, name, owner_id: ownerId } = payload.d;
        const picture = this.guilds.get(id);
        if (!picture || (picture.name === name && picture.facts.ownerId === ownerId)) break;
        picture.name = name;
        picture.facts.ownerId = ownerId;
        this.emit('delta', [snapshotOf(picture, this.identityId)]);
        break;
      }
      case GatewayDispatchEvents.GuildMemberUpdate: {
        const { guild_id: guildId, user, roles } = payload.d;
        const picture = this.guilds.get(guildId);
        if (!picture) break;
        if (this.#membersIntent) this.emit('delta', [{ type: 'member.roles', guildId, userId: user.id, roles }]);
        if (user.id !== this.identityId) break;
        picture.ownNick = payload.d.nick ?? null;
        this.#change(picture, (facts) => {
          facts.ownRoles = roles;
        });
        break;
      }
      case GatewayDispatchEvents.GuildMemberRemove: {
        const { guild_id: guildId, user } = payload.d;
        this.emit('delta', [{ type: 'member.removed', guildId, userId: user.id }]);
        break;
      }
      case GatewayDispatchEvents.GuildAuditLogEntryCreate:
        for (const entry of entriesOf([payload.d])) this.emit('audit', payload.d.guild_id, entry);
        break;
      case GatewayDispatchEvents.GuildRoleCreate:
      case GatewayDispatchEvents.GuildRoleUpdate: {
        const { guild_id: guildId, role } = payload.d;
        this.#change(this.guilds.get(guildId), (facts) => noteRole(facts, role));
        break;
      }
      case GatewayDispatchEvents.GuildRoleDelete: {
        const { guild_id: guildId, role_id: roleId } = payload.d;
        this.#change(this.guilds.get(guildId), (facts) => {
          delete facts.roles[roleId];
        });
        break;
      }
      case GatewayDispatchEvents.ChannelCreate:
      case GatewayDispatchEvents.ChannelUpdate: {
        const picture = 'guild_id' in payload.d && payload.d.guild_id ? this.guilds.get(payload.d.guild_id) : undefined;
        if (!picture) break;
        const drafts = applyChannel(picture, payload.d);
        this.emit('delta', drafts === 'snapshot' ? [snapshotOf(picture, this.identityId)] : drafts);
        break;
      }
      case GatewayDispatchEvents.ChannelDelete: {
        const guildId = 'guild_id' in payload.d ? payload.d.guild_id : undefined;
        const picture = guildId ? this.guilds.get(guildId) : undefined;
        if (!picture) break;
        this.emit('delta', applyChannelDelete(picture, payload.d.id));
        this.emit('channelDeleted', picture.guildId, payload.d.id);
        break;
      }
      case GatewayDispatchEvents.VoiceStateUpdate: {
        const state = payload.d;
        const guildId = state.guild_id;
        const picture = guildId ? this.guilds.get(guildId) : undefined;
        if (!picture || !guildId) break;
        const asked = state.user_id === this.identityId && !state.channel_id && this.adapters.tookLeave(guildId);
        this.emit('delta', applyVoiceState(picture, state, asked), state.session_id);
        if (state.user_id === this.identityId) {
          if (state.channel_id !== null && this.#sessionId && state.session_id !== this.#sessionId) {
            this.emit('ownVoiceTaken', guildId);
            break;
          }
          this.adapters.voiceState(guildId, state);
          this.emit('ownVoiceState', guildId, state.channel_id);
        }
        break;
      }
      case GatewayDispatchEvents.VoiceServerUpdate:
        this.adapters.voiceServer(payload.d.guild_id, payload.d);
        break;
      case GatewayDispatchEvents.MessageCreate: {
        const { guild_id: guildId, channel_id: channelId, id: messageId, author, content } = payload.d;
        const bot = author.bot ?? false;
        if (guildId !== undefined) this.emit('message', payload);
        else this.emit('directMessage', { channelId, messageId, userId: author.id, bot, content });
        break;
      }
      case GatewayDispatchEvents.MessageUpdate:
      case GatewayDispatchEvents.MessageDelete:
      case GatewayDispatchEvents.MessageDeleteBulk:
        this.emit('message', payload);
        break;
      default:
    }
  }
}
