import { Client, Events, MessageFlags } from 'discord.js';
import { test } from 'vitest';
import { playScenario } from './scenario.ts';
import { type Address, answer, buttonRow, greeting, type Hooks, intents, type TestedClient } from './tested-client.ts';

class Discordjs implements TestedClient {
  readonly #client: Client;
  readonly #token: string;

  constructor({ token, apiUrl }: Address, { changed, failed }: Hooks) {
    this.#token = token;
    this.#client = new Client({ intents, rest: { api: apiUrl } });
    this.#client.on(Events.Error, failed);
    this.#client.on(Events.VoiceStateUpdate, changed);
    this.#client.on(Events.ChannelCreate, changed);
    this.#client.on(Events.GuildAvailable, changed);
    this.#client.on(Events.ClientReady, changed);
    this.#client.on(Events.MessageCreate, (message) => {
      if (message.content === 'hello') message.reply({ content: greeting, components: [buttonRow] }).catch(failed);
    });
    this.#client.on(Events.InteractionCreate, (interaction) => {
      if (interaction.isButton() && interaction.customId === 'press')
        interaction.reply({ content: answer, flags: MessageFlags.Ephemeral }).catch(failed);
    });
  }

  async start(): Promise<void> {
    const ready = new Promise((resolve) => this.#client.once(Events.ClientReady, resolve));
    await this.#client.login(this.#token);
    await ready;
  }

  picture() {
    const guild = this.#client.guilds.cache.first();
    if (!guild) return undefined;
    return {
      guild: guild.name,
      channels: guild.channels.cache.map(({ name }) => name).sort(),
      self: guild.members.me?.id === this.#client.user?.id,
      inVoice: guild.voiceStates.cache
        .filter(({ channelId }) => channelId !== null)
        .map(({ member, id }) => member?.user.username ?? id)
        .sort(),
    };
  }

  stop(): Promise<void> {
    return this.#client.destroy();
  }
}

test('discord.js', () => playScenario((address, hooks) => new Discordjs(address, hooks)));
