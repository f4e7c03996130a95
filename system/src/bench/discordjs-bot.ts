/** A bot as a bot author writes it with @discordjs/ws and @discordjs/voice, for the programs that stand beside ours in benches. */
import { REST } from '@discordjs/rest';
import {
  type DiscordGatewayAdapterLibraryMethods,
  entersState,
  joinVoiceChannel,
  type VoiceConnection,
  VoiceConnectionStatus,
} from '@discordjs/voice';
import { WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';

type StateUpdate = Parameters<DiscordGatewayAdapterLibraryMethods['onVoiceStateUpdate']>[0];

export interface DiscordjsBot {
  /** Resolves when the connection is ready. */
  join(guildId: string, channelId: string): Promise<VoiceConnection>;
  /** Closes the gateway; voice connections are the caller's. */
  close(): Promise<void>;
}

export const complain = (what: string) => (error: Error) => process.stderr.write(`${what}: ${error.message}\n`);

/** Connects to the main gateway. Errors afterwards go to stderr. */
export async function connectBot(apiUrl: string, token: string): Promise<DiscordjsBot> {
  const rest = new REST({ version: '10', api: apiUrl }).setToken(token);
  // Guilds and GuildVoiceStates. The library's default store is one per process: two bots would share a session.
  const intents = 1 | 128;
  const manager = new WebSocketManager({
    token,
    intents,
    rest,
    shardCount: 1,
    retrieveSessionInfo: () => null,
    updateSessionInfo: () => undefined,
  });
  const adapters = new Map<string, DiscordGatewayAdapterLibraryMethods>();
  const connected = Promise.withResolvers<string>();
  let ownId = '';
  manager.on(WebSocketShardEvents.Ready, (data) => connected.resolve(data.user.id));
  manager.on(WebSocketShardEvents.Error, complain('gateway'));
  manager.on(WebSocketShardEvents.Dispatch, (payload) => {
    if (payload.t === 'VOICE_SERVER_UPDATE') adapters.get(payload.d.guild_id)?.onVoiceServerUpdate(payload.d);
    if (payload.t === 'VOICE_STATE_UPDATE' && payload.d.guild_id && payload.d.user_id === ownId) {
      adapters.get(payload.d.guild_id)?.onVoiceStateUpdate(payload.d as StateUpdate);
    }
  });
  await manager.connect();
  ownId = await connected.promise;
  return {
    join(guildId, channelId) {
      const connection = joinVoiceChannel({
        guildId,
        channelId,
        group: token,
        selfDeaf: false,
        selfMute: false,
        adapterCreator: (methods) => {
          adapters.set(guildId, methods);
          return {
            sendPayload: (payload) => {
              Promise.resolve(manager.send(0, payload)).catch(complain('voice state'));
              return true;
            },
            destroy: () => adapters.delete(guildId),
          };
        },
      });
      connection.on('error', complain('connection'));
      return entersState(connection, VoiceConnectionStatus.Ready, 20_000);
    },
    async close() {
      await manager.destroy({ reason: 'shutdown', code: 1000 });
    },
  };
}
