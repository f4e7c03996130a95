import { Client } from 'oceanic.js';
import { test } from 'vitest';
import { playScenario } from './scenario.ts';
import { type Address, answer, greeting, type Hooks, intents, type TestedClient } from './tested-client.ts';

class Oceanic implements TestedClient {
  readonly #client: Client;

  constructor({ token, apiUrl }: Address, { changed, failed }: Hooks) {
    this.#client = new Client({
      auth: `Bot ${token}`,
      rest: { baseURL: `${apiUrl}/v10` },
      gateway: { intents, reconnectDelay: () => 10 },
    });
    this.#client.on('error', failed);
    this.#client.on('guildAvailable', changed);
    this.#client.on('guildCreate', changed);
    this.#client.on('channelCreate', changed);
    this.#client.on('voiceStateUpdate', changed);
    this.#client.on('voiceChannelJoin', changed);
    this.#client.on('voiceChannelLeave', changed);
    this.#client.on('messageCreate', (message) => {
      if (message.content !== 'hello') return;
      const button = { type: 2, style: 1, label: 'Press', customID: 'press' } as const;
      this.#client.rest.channels
        .createMessage(message.channelID, { content: greeting, components: [{ type: 1, components: [button] }] })
        .catch(failed);
    });
    this.#client.on('interactionCreate', (interaction) => {
      if (interaction.isComponentInteraction() && interaction.data.customID === 'press')
        interaction.createMessage({ content: answer, flags: 64 }).catch(failed);
    });
  }

  async start(): Promise<void> {
    const ready = new Promise<void>((resolve) => this.#client.once('ready', resolve));
    await this.#client.connect();
    await ready;
  }

  picture() {
    const [guild] = this.#client.guilds.values();
    if (!guild) return undefined;
    return {
      guild: guild.name,
      channels: guild.channels.map(({ name }) => name).sort(),
      self: guild.clientMember.id === this.#client.user.id,
      inVoice: guild.voiceStates
        .filter(({ channelID }) => channelID !== null)
        .map(({ userID }) => guild.members.get(userID)?.username ?? userID)
        .sort(),
    };
  }

  stop(): void {
    this.#client.disconnect(false);
  }
}

test('oceanic.js', () => playScenario((address, hooks) => new Oceanic(address, hooks)));
