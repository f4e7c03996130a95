/** An unmodified @discordjs/ws client that keeps what it is told. */
import { REST } from '@discordjs/rest';
import { type CompressionMethod, type SessionInfo, WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import { GatewayDispatchEvents, GatewayIntentBits, type GatewaySendPayload } from 'discord-api-types/v10';

interface Told {
  t: string;
  s: number;
  d: Record<string, unknown>;
}

export class BotClient {
  readonly rest: REST;
  readonly events: Told[] = [];
  readonly closes: number[] = [];
  readonly #manager: WebSocketManager;
  readonly #waiting = new Set<() => void>();
  readonly #describesGuilds: boolean;

  constructor(apiUrl: string, token: string, intents: GatewayIntentBits | number, compression?: CompressionMethod) {
    // Without this intent there is no GUILD_CREATE.
    this.#describesGuilds = (intents & GatewayIntentBits.Guilds) !== 0;
    this.rest = new REST({ version: '10', api: apiUrl, retries: 0 }).setToken(token);
    // The library's default store is one per process: a second client would resume the first one's session.
    let stored: SessionInfo | null = null;
    this.#manager = new WebSocketManager({
      token,
      intents,
      rest: this.rest,
      ...(compression === undefined ? {} : { compression }),
      retrieveSessionInfo: () => stored,
      updateSessionInfo: (_shardId, session) => {
        stored = session;
      },
    });
    this.#manager.on(WebSocketShardEvents.Dispatch, (payload) => {
      this.events.push(payload as unknown as Told);
      for (const wake of this.#waiting) wake();
    });
    this.#manager.on(WebSocketShardEvents.Closed, (code) => {
      this.closes.push(code);
      for (const wake of this.#waiting) wake();
    });
    this.#manager.on(WebSocketShardEvents.Error, () => undefined);
  }

  /** Connects and waits until every guild of READY has been described. */
  async start(): Promise<this> {
    await this.#manager.connect();
    const ready = await this.next(GatewayDispatchEvents.Ready);
    const expected = this.#describesGuilds ? (ready.guilds as unknown[]).length : 0;
    await this.when(() => this.all(GatewayDispatchEvents.GuildCreate).length >= expected);
    return this;
  }

  async send(payload: GatewaySendPayload): Promise<void> {
    await this.#manager.send(0, payload);
  }

  joinVoice(guildId: string, channelId: string | null): Promise<void> {
    return this.send({
      op: 4,
      d: { guild_id: guildId, channel_id: channelId, self_mute: false, self_deaf: false },
    });
  }

  all(type: string): Record<string, unknown>[] {
    return this.events.filter(({ t }) => t === type).map(({ d }) => d);
  }

  /** The first event of a type, from the `from`th event on. */
  async next(type: string, from = 0): Promise<Record<string, unknown>> {
    const find = () => this.events.slice(from).find(({ t }) => t === type);
    await this.when(() => find() !== undefined);
    return find()?.d ?? {};
  }

  /** Resolves when `check` holds, which is asked after every event and every close. */
  when(check: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!check()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  async stop(): Promise<void> {
    await this.#manager.destroy({ code: 1000 });
  }
}
