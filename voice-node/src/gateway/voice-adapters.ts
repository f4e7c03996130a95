/** Connects voice connections with the main gateway: op 4 out, VOICE_STATE_UPDATE and VOICE_SERVER_UPDATE in. */
import type { DiscordGatewayAdapterCreator, DiscordGatewayAdapterLibraryMethods } from '@discordjs/voice';
import type {
  GatewayVoiceServerUpdateDispatchData,
  GatewayVoiceState,
  GatewayVoiceStateUpdateData,
} from 'discord-api-types/v10';

export class VoiceAdapters {
  readonly #byGuild = new Map<string, DiscordGatewayAdapterLibraryMethods>();
  /** Guilds whose voice the identity has asked to leave. */
  readonly #leaving = new Set<string>();
  readonly #send: (payload: GatewayVoiceStateUpdateData) => boolean;

  constructor(send: (payload: GatewayVoiceStateUpdateData) => boolean) {
    this.#send = send;
  }

  /** The adapter for one guild; an identity has one voice connection per guild, so the newest one wins. */
  creator(guildId: string): DiscordGatewayAdapterCreator {
    return (methods) => {
      this.#byGuild.set(guildId, methods);
      return {
        sendPayload: ({ d }: { d: GatewayVoiceStateUpdateData }) => {
          if (d.channel_id === null) this.#leaving.add(guildId);
          else this.#leaving.delete(guildId);
          return this.#send(d);
        },
        destroy: () => {
          if (this.#byGuild.get(guildId) === methods) this.#byGuild.delete(guildId);
        },
      };
    };
  }

  /** Did the identity itself ask to leave voice? Asked once for each leave. */
  tookLeave(guildId: string): boolean {
    return this.#leaving.delete(guildId);
  }

  voiceState(guildId: string, state: GatewayVoiceState): void {
    // The library reads session_id, channel_id, user_id and the two flags.
    this.#byGuild
      .get(guildId)
      ?.onVoiceStateUpdate(state as Parameters<DiscordGatewayAdapterLibraryMethods['onVoiceStateUpdate']>[0]);
  }

  voiceServer(guildId: string, server: GatewayVoiceServerUpdateDispatchData): void {
    this.#byGuild.get(guildId)?.onVoiceServerUpdate(server);
  }

  /** The identity was removed from the guild. */
  remove(guildId: string): void {
    this.#byGuild.get(guildId)?.destroy();
    this.#byGuild.delete(guildId);
  }
}
