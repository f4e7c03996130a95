import { createServer, type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Clip } from './clips/clip.ts';
import { loadClips } from './clips/library.ts';
import { loadVideoClips } from './clips/video.ts';
import { controlApp } from './control/app.ts';
import { EventLog, logEvents } from './control/event-log.ts';
import { type GatewayOptions, GatewayServer } from './gateway/gateway-server.ts';
import { type InteractionOptions, Interactions } from './interactions/interactions.ts';
import { People } from './members/people.ts';
import { isPagePath } from './page/app.ts';
import { PageServer } from './page/page-server.ts';
import { type RestOptions, restApp } from './rest/app.ts';
import { RestCounters } from './rest/counters.ts';
import { RestFaults } from './rest/faults.ts';
import { VoiceServer, type VoiceServerOptions } from './voice/voice-server.ts';
import { World } from './world/world.ts';

export interface SimulatorOptions {
  /** Where REST, gateway and control listen. Default 127.0.0.1. */
  host?: string;
  /** Port of REST and gateway; 0 (default) takes a free one. */
  port?: number;
  controlPort?: number;
  clips?: ReadonlyMap<string, Clip>;
  gateway?: GatewayOptions;
  interactions?: InteractionOptions;
  voice?: VoiceServerOptions;
  rest?: Omit<RestOptions, 'faults' | 'counters'>;
  /** Replaces the voice server, for tests of the rest. */
  voiceServer?: VoiceServer;
  /** Called when the control client asks for the end. */
  onShutdown?: () => void;
}

export interface Simulator {
  /** For `DISCORD_API_URL`-like settings: REST adds `/v10/...`. */
  apiUrl: string;
  controlUrl: string;
  /** Shows the world in a browser. */
  pageUrl: string;
  /** What clients of the voice gateway must trust. */
  certificatePem: string;
  world: World;
  gateway: GatewayServer;
  interactions: Interactions;
  restFaults: RestFaults;
  restCounters: RestCounters;
  close(): Promise<void>;
}

/** Starts all of the simulated Discord in this process. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1';
  const clips = options.clips ?? (await loadClips());
  const world = new World();
  const voice = options.voiceServer ?? new VoiceServer(options.voice);
  const { endpoint, certificatePem } = await voice.listen();
  const door = {
    endpoint,
    admit: voice.admit.bind(voice),
    isConnected: voice.isConnected.bind(voice),
    dismiss: voice.dismiss.bind(voice),
  };
  const gateway = new GatewayServer(world, door, options.gateway);
  const people = new People(world, voice, await loadVideoClips());
  const interactions = new Interactions(world, gateway.interact, options.interactions);
  const log = new EventLog();
  logEvents(log, { world, gateway, voice, interactions });

  const rest = { faults: new RestFaults(), counters: new RestCounters() };
  const shutdown = () => options.onShutdown?.();
  const controls = controlApp({ world, gateway, voice, people, interactions, clips, log, shutdown, rest });
  const discord = restApp({ world, gateway, interactions }, { ...options.rest, ...rest });
  const page = new PageServer(world, people, controls);
  const isPage = (url: string) => isPagePath(new URL(url, 'http://simulator').pathname);
  const api = await listen(
    { fetch: (request, ...more) => (isPage(request.url) ? page.app : discord).fetch(request, ...more) },
    host,
    options.port ?? 0,
  );
  world.attachments.origin = `http://${host}:${api.port}`;
  // The gateway takes every upgrade of the server it is given: this one stands in for the port without the page's.
  const gatewayDoor = createServer();
  gateway.attach(gatewayDoor, `ws://${host}:${api.port}`);
  api.server.on('upgrade', (request, socket, head) => {
    // "/" alone is where gateway clients connect.
    if (request.url?.startsWith('/page/')) page.upgrade(request, socket, head);
    else gatewayDoor.emit('upgrade', request, socket, head);
  });
  const control = await listen(controls, host, options.controlPort ?? 0);

  return {
    apiUrl: `http://${host}:${api.port}/api`,
    controlUrl: `http://${host}:${control.port}`,
    // The page answers under loopback names only, wherever the port listens.
    pageUrl: `http://${/^(127\.|localhost$)/.test(host) ? host : 'localhost'}:${api.port}/`,
    certificatePem,
    world,
    gateway,
    interactions,
    restFaults: rest.faults,
    restCounters: rest.counters,
    async close() {
      // Control last among the servers: whoever asked for the end gets an answer. People before the voice server.
      gateway.close();
      page.close();
      await people.close();
      await voice.close();
      await Promise.all([closed(api.server), closed(control.server)]);
    },
  };
}

async function listen(app: Pick<Hono, 'fetch'>, host: string, port: number): Promise<{ server: Server; port: number }> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  // A client whose event loop stalls for seconds must not find its idle connection closed under its next request.
  server.keepAliveTimeout = 10 * 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { server, port: address.port };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
    // Event streams and long polls would keep the server open for ever.
    setTimeout(() => server.closeAllConnections(), 200).unref();
  });
}
