/** The Worker in workerd with the simulator as its Discord: an application, a guild with the bot, and browsers that sign in. */
import { SimControl } from '../../sim/src/control/client.ts';
import { type Simulator, startSimulator } from '../../sim/src/simulator.ts';
import { snapshot, startWorld, TestNode, type World } from './world.ts';

export interface DiscordWorld {
  simulator: Simulator;
  sim: SimControl;
  world: World;
  application: Awaited<ReturnType<SimControl['createApplication']>>;
  guildId: string;
  node: TestNode;
  close(): Promise<void>;
}

export async function startDiscordWorld(variables: Record<string, string> = {}): Promise<DiscordWorld> {
  const simulator = await startSimulator({ clips: new Map(), rest: { rateLimits: 'off' } });
  const sim = new SimControl(simulator.controlUrl);
  const application = await sim.createApplication({ name: 'Patchbay' });
  const { guildId } = await sim.createGuild({ name: 'guild' });
  await sim.addBot(guildId, application.botUserId);
  const world = await startWorld({
    DISCORD_API_URL: simulator.apiUrl,
    DISCORD_APPLICATION_ID: application.applicationId,
    DISCORD_CLIENT_SECRET: application.clientSecret,
    DISCORD_TOKEN: application.token,
    DISCORD_TIMEOUT_MS: '1500',
    ...variables,
  });
  await sim.setRedirectUris(application.applicationId, [new URL('/api/auth/callback', world.url).href]);
  const node = new TestNode(world, 'node-1');
  await node.connect([{ identityId: application.botUserId, guildIds: [guildId] }]);
  await node.report(snapshot(guildId, application.botUserId, '999'));
  const close = async () => {
    await world.close();
    await simulator.close();
  };
  return { simulator, sim, world, application, guildId, node, close };
}

/** A browser: keeps cookies of the Worker and follows redirects by hand. */
export class CookieBrowser {
  readonly world: World;
  readonly cookies = new Map<string, string>();

  constructor(world: World) {
    this.world = world;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    if (cookie !== '') headers.set('cookie', cookie);
    if (init.method === 'POST' && !headers.has('origin')) headers.set('origin', this.world.url.origin);
    const response = await this.world.fetch(path, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0(;|$)/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  post = (path: string, body?: unknown) =>
    this.fetch(path, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

  /** Goes to Discord's page; answers its address. */
  async login(): Promise<string> {
    return (await this.fetch('/api/auth/login')).headers.get('location') ?? '';
  }

  /** Presses a button of Discord's page as this person; answers where it leads (path and query of the Worker). */
  async decide(page: string, userId: string, decision = 'authorize'): Promise<string> {
    const body = new URLSearchParams({ decision, user_id: userId });
    const response = await fetch(page, { method: 'POST', body, redirect: 'manual' });
    const { pathname, search } = new URL(response.headers.get('location') ?? '');
    return pathname + search;
  }

  /** The whole way; answers where the page ends. */
  async signIn(userId: string): Promise<string> {
    const response = await this.fetch(await this.decide(await this.login(), userId));
    return response.headers.get('location') ?? '';
  }

  /** A token by the cookie, or status and code of the refusal. */
  async refresh(): Promise<{ token: string } | [number, string]> {
    const response = await this.post('/api/auth/refresh');
    if (response.status === 200) return (await response.json()) as { token: string };
    return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
  }
}
