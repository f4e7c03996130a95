/** From the dispatch of Discord's gateway to the frame in a browser: simulator, voice node, server, socket; real processes. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SimControl } from '@patchbay/sim/control-client';
import WebSocket from 'ws';
import { mintToken } from '../../../worker/src/auth/token.ts';
import { Child, readyJson } from '../stack/child.ts';
import { root } from '../stack/stack.ts';
import type { Secrets } from './hub-guild.ts';

const WARM_UP = 30;
const MOVES = 300;

/** The simulated Discord with one guild, two channels and somebody who goes to and fro. */
export class Stage {
  readonly #sim: SimControl;
  readonly #guild: { guildId: string; ownerId: string; userId: string; channels: [string, string] };
  readonly #node: Record<string, string>;
  readonly apiUrl: string;
  readonly token: string;
  readonly applicationId: string;
  readonly publicKey: string;

  private constructor(parts: {
    sim: SimControl;
    guild: { guildId: string; ownerId: string; userId: string; channels: [string, string] };
    node: Record<string, string>;
    application: { token: string; applicationId: string; publicKey: string };
  }) {
    this.#sim = parts.sim;
    this.#guild = parts.guild;
    this.#node = parts.node;
    this.apiUrl = parts.node.DISCORD_API_URL ?? '';
    this.token = parts.application.token;
    this.applicationId = parts.application.applicationId;
    this.publicKey = parts.application.publicKey;
  }

  static async start(directory: string, children: Map<string, Child>): Promise<Stage> {
    await mkdir(directory, { recursive: true });
    const certificate = join(directory, 'ca.pem');
    const { ready } = await Child.start({
      children,
      name: 'simulator',
      script: join(root, 'sim/src/main.ts'),
      env: { SIM_PORT: '0', SIM_CONTROL_PORT: '0', SIM_CERTIFICATE_FILE: certificate },
      logFile: join(directory, 'simulator.log'),
      ready: readyJson,
    });
    const sim = new SimControl(ready.controlUrl ?? '');
    const application = await sim.createApplication({ name: 'Patchbay' });
    const { guildId, ownerId } = await sim.createGuild({ name: 'Bench' });
    const channel = async (name: string) => (await sim.createVoiceChannel(guildId, { name })).channelId;
    const channels: [string, string] = [await channel('One'), await channel('Two')];
    const { userId } = await sim.createMember(guildId, { name: 'Ada' });
    await sim.addBot(guildId, application.botUserId);
    const node = {
      DISCORD_API_URL: ready.apiUrl ?? '',
      NODE_EXTRA_CA_CERTS: certificate,
      DISCORD_TOKENS: application.token,
      LOG_LEVEL: 'info',
    };
    return new Stage({ sim, guild: { guildId, ownerId, userId, channels }, node, application });
  }

  /** Delays in milliseconds. A voice node of its own reports to `url`; the browser authenticates where there are secrets to do so. */
  async measure(
    name: string,
    url: string,
    secrets: Secrets,
    options: { directory: string; children: Map<string, Child>; authenticates: boolean },
  ): Promise<number[]> {
    const { directory, children, authenticates } = options;
    const { guildId, ownerId, userId, channels } = this.#guild;
    const { child } = await Child.start({
      children,
      name: `node-of-${name}`,
      script: join(root, 'voice-node/src/main.ts'),
      cwd: root,
      env: {
        ...this.#node,
        HUB_URL: url,
        HUB_SECRET: secrets.hub,
        NODE_ID: `node-${name}`,
        DATA_DIR: join(directory, `node-${name}`),
        HEALTH_PORT: '0',
      },
      logFile: join(directory, `node-${name}.log`),
      ready: readyJson,
    });
    // The guild is known once the node's first snapshot has arrived.
    const socket = await this.#browse(url, guildId);
    if (authenticates) {
      const { token } = await mintToken(secrets.jwt, { sub: ownerId, guilds: [guildId], scope: 'guild' });
      const pictured = this.#arrival(socket, 'presence.snapshot');
      socket.send(JSON.stringify({ v: 1, type: 'auth', token }));
      await pictured;
    }
    const delays: number[] = [];
    for (let move = 0; move < WARM_UP + MOVES; move += 1) {
      const arrival = this.#arrival(socket, move === 0 ? 'voice.joined' : 'voice.moved');
      const since = await this.#sim.lastEventId();
      const type = move === 0 ? 'voice_joined' : 'voice_moved';
      const dispatched = this.#sim.waitForEvent((event) => event.type === type && event.userId === userId, { since });
      const channelId = channels[move % 2] ?? '';
      if (move === 0) await this.#sim.join(userId, channelId);
      else await this.#sim.move(userId, channelId);
      const [at, { at: from }] = [await arrival, await dispatched];
      if (move >= WARM_UP) delays.push(at - from);
    }
    socket.terminate();
    await this.#sim.leave(userId);
    await child.stop();
    children.delete(`node-of-${name}`);
    return delays;
  }

  async #browse(url: string, guildId: string): Promise<WebSocket> {
    for (;;) {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/api/ws?guild=${guildId}`);
      const [refused] = (await Promise.race([
        once(socket, 'open'),
        once(socket, 'unexpected-response').then(() => [true]),
      ])) as [boolean?];
      if (!refused) return socket;
      socket.on('error', () => undefined);
      socket.terminate();
    }
  }

  #arrival(socket: WebSocket, name: string): Promise<number> {
    return new Promise((resolve) => {
      const look = (data: unknown) => {
        const at = performance.timeOrigin + performance.now();
        if (!String(data).includes(`"event":"${name}"`)) return;
        socket.off('message', look);
        resolve(at);
      };
      socket.on('message', look);
    });
  }
}
