import { REST } from '@discordjs/rest';
import { type SessionInfo, WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import {
  type APIChannel,
  GatewayDispatchEvents as Event,
  type GatewayDispatchPayload,
  type GatewayGuildCreateDispatchData,
  Routes,
} from 'discord-api-types/v10';
import { test } from 'vitest';
import { playScenario } from './scenario.ts';
import { type Address, answer, buttonRow, greeting, type Hooks, intents, type TestedClient } from './tested-client.ts';

/** The library keeps no cache: this one is as small as it can be. */
class DiscordjsWs implements TestedClient {
  readonly #rest: REST;
  readonly #manager: WebSocketManager;
  readonly #botUserId: string;
  #guild: GatewayGuildCreateDispatchData | undefined;
  readonly #channels = new Map<string, string>();
  readonly #members = new Map<string, string>();
  readonly #inVoice = new Set<string>();

  constructor({ token, apiUrl, botUserId }: Address, { changed, failed }: Hooks) {
    this.#botUserId = botUserId;
    this.#rest = new REST({ version: '10', api: apiUrl }).setToken(token);
    let stored: SessionInfo | null = null;
    this.#manager = new WebSocketManager({
      token,
      intents,
      rest: this.#rest,
      retrieveSessionInfo: () => stored,
      updateSessionInfo: (_shard, session) => {
        stored = session;
      },
    });
    this.#manager.on(WebSocketShardEvents.Error, failed);
    this.#manager.on(WebSocketShardEvents.Dispatch, (payload) => {
      this.#take(payload).catch(failed);
      changed();
    });
  }

  async start(): Promise<void> {
    await this.#manager.connect();
  }

  picture() {
    if (!this.#guild) return undefined;
    return {
      guild: this.#guild.name,
      channels: [...this.#channels.values()].sort(),
      self: this.#members.has(this.#botUserId),
      inVoice: [...this.#inVoice].map((id) => this.#members.get(id) ?? id).sort(),
    };
  }

  async stop(): Promise<void> {
    await this.#manager.destroy({ code: 1000 });
  }

  async #take({ t, d }: GatewayDispatchPayload): Promise<void> {
    if (t === Event.GuildCreate) {
      this.#guild = d;
      this.#channels.clear();
      this.#inVoice.clear();
      for (const channel of d.channels) this.#know(channel);
      for (const { user } of d.members) this.#members.set(user.id, user.username);
      for (const state of d.voice_states) this.#inVoice.add(state.user_id ?? '');
    } else if (t === Event.ChannelCreate) this.#know(d);
    else if (t === Event.VoiceStateUpdate) {
      if (d.member) this.#members.set(d.user_id, d.member.user.username);
      if (d.channel_id === null) this.#inVoice.delete(d.user_id);
      else this.#inVoice.add(d.user_id);
    } else if (t === Event.MessageCreate && d.content === 'hello')
      await this.#rest.post(Routes.channelMessages(d.channel_id), {
        body: { content: greeting, components: [buttonRow] },
      });
    else if (t === Event.InteractionCreate)
      await this.#rest.post(Routes.interactionCallback(d.id, d.token), {
        body: { type: 4, data: { content: answer, flags: 64 } },
        auth: false,
      });
  }

  #know(channel: APIChannel): void {
    this.#channels.set(channel.id, channel.name ?? '');
  }
}

test('@discordjs/ws with @discordjs/rest', () => playScenario((address, hooks) => new DiscordjsWs(address, hooks)));
