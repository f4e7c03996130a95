import { Agent } from 'node:https';
import { connect } from 'node:net';
import Eris, { ComponentInteraction } from 'eris';
import { test } from 'vitest';
import { playScenario } from './scenario.ts';
import { type Address, answer, buttonRow, greeting, type Hooks, intents, type TestedClient } from './tested-client.ts';

class ErisClient implements TestedClient {
  readonly #client: Eris.Client;
  readonly #changed: () => void;

  constructor({ token, apiUrl }: Address, { changed, failed }: Hooks) {
    this.#changed = changed;
    // It speaks HTTPS to port 443 alone: this agent gives it a plain socket to the simulator instead.
    const agent = new Agent();
    const port = Number(new URL(apiUrl).port);
    Object.assign(agent, { createConnection: () => connect(port, '127.0.0.1') });
    this.#client = Eris(`Bot ${token}`, {
      intents,
      rest: { agent, domain: '127.0.0.1', baseURL: '/api/v10' },
      guildCreateTimeout: 100,
      reconnectDelay: () => 10,
    });
    const client = this.#client;
    client.on('error', (error) => {
      // It reports every broken connection that it is about to mend.
      if (!/Connection reset by peer|Server requested reconnect|Invalid session/i.test(String(error))) failed(error);
    });
    client.on('guildAvailable', changed);
    client.on('channelCreate', changed);
    client.on('voiceChannelJoin', changed);
    client.on('voiceChannelLeave', changed);
    client.on('messageCreate', (message) => {
      if (message.content !== 'hello') return;
      client
        .createMessage(message.channel.id, {
          content: greeting,
          components: [buttonRow],
        })
        .catch(failed);
    });
    client.on('interactionCreate', (interaction) => {
      if (interaction instanceof ComponentInteraction && interaction.data.custom_id === 'press')
        interaction.createMessage({ content: answer, flags: 64 }).catch(failed);
    });
  }

  async start(): Promise<void> {
    const ready = new Promise<void>((resolve) => this.#client.once('ready', resolve));
    await this.#client.connect();
    await ready;
    this.#changed();
  }

  picture() {
    const [guild] = this.#client.guilds.values();
    if (!guild) return undefined;
    return {
      guild: guild.name,
      channels: guild.channels.map(({ name }) => name).sort(),
      self: guild.members.has(this.#client.user.id),
      inVoice: guild.voiceStates
        .filter(({ channelID }) => channelID !== null)
        .map(({ id }) => guild.members.get(id)?.username ?? id)
        .sort(),
    };
  }

  stop(): void {
    this.#client.disconnect({ reconnect: false });
  }
}

test('eris', () => playScenario((address, hooks) => new ErisClient(address, hooks)));
