/**
 * The hub: how long from Discord's gateway to a browser, how fast to a thousand and to five thousand browsers, at what memory, and
 * what a browser that stands still costs the others. The real Worker in workerd, beside a bare Durable Object that only sends and
 * a Node process with `ws`.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { Child, readyJson } from '../stack/child.ts';
import type { BenchContext } from './context.ts';
import { Crowd } from './hub-crowd.ts';
import { Stage } from './hub-dispatch.ts';
import { BenchGuild, GUILD_ID, type Secrets, startOutside, tokensFor } from './hub-guild.ts';
import { BARE_HUB, bundleWorker, startWorkerd } from './hub-workerd.ts';
import { type BenchRow, lessIsBetter, percentile } from './row.ts';

const CLASSES = ['Matchmaker', 'Session', 'Guild', 'Hub', 'Fleet', 'Panel', 'Metrics'];
/** Frames for every client in one publication, and how often it is repeated; the first ones are cold. */
const BURST = 10;
const ROUNDS: Record<number, number> = { 1000: 24, 5000: 12 };
const COLD_ROUNDS = 3;
const NODE_SERVER = 'a Node ws server';
const BARE_OBJECT = 'a bare Durable Object that only sends';
const SEED = 'a Node ws process with the same HMAC endpoint';

interface Server {
  name: string;
  child: Child;
  socketUrl: string;
  tokens?: (count: number) => Promise<string[]>;
  publish: (frames: number) => Promise<void>;
}
interface Measured {
  /** Frames a second, median of the rounds. */
  rate: number;
  bytesPerClient: number;
}

export async function benchHub({ directory, say }: BenchContext): Promise<BenchRow[]> {
  await mkdir(directory, { recursive: true });
  const children = new Map<string, Child>();
  const secrets: Secrets = { hub: randomBytes(32).toString('hex'), jwt: randomBytes(32).toString('hex') };
  const outside = await startOutside();
  try {
    const source = await readFile(await bundleWorker(join(directory, 'bundle')), 'utf8');
    const run = { directory, children, secrets, source, outsideUrl: outside.url };
    const rows = await dispatchRows(run, say);
    for (const clients of [1_000, 5_000]) {
      const servers = [await startOurs(run), await startBare(run), await startNode(run)] as const;
      const [ours, bare, node] = await measure(servers, clients, children, say);
      rows.push(...broadcastRows(clients, ours, bare, node));
    }
    rows.push(await stalledRow(run, say));
    return rows;
  } finally {
    outside.close();
    for (const child of [...children.values()].reverse()) await child.stop();
  }
}

interface Run {
  directory: string;
  children: Map<string, Child>;
  secrets: Secrets;
  source: string;
  /** Where Discord's members and the database are. */
  outsideUrl: string;
}

async function startOurWorker(run: Run, settings: Record<string, string>) {
  return startWorkerd({
    ...run,
    name: `patchbay-${run.children.size}-${Date.now()}`,
    classes: CLASSES,
    settings: {
      DISCORD_APPLICATION_ID: '1',
      DISCORD_PUBLIC_KEY: '0'.repeat(64),
      DISCORD_TOKEN: 'bench',
      HUB_SECRET: run.secrets.hub,
      JWT_SECRET: run.secrets.jwt,
      HUB_SHARD_SOCKETS: '6000',
      LIBSQL_URL: run.outsideUrl,
      ...settings,
    },
  });
}

async function startOurs(run: Run): Promise<Server & { guild: BenchGuild }> {
  const { url, child } = await startOurWorker(run, { DISCORD_API_URL: `${run.outsideUrl}/api` });
  const guild = new BenchGuild(url, run.secrets);
  await guild.begin();
  return {
    name: 'Patchbay',
    child,
    guild,
    socketUrl: `${url.replace('http', 'ws')}/api/ws?guild=${GUILD_ID}`,
    tokens: (count) => tokensFor(run.secrets, count),
    publish: (frames) => guild.publish(frames),
  };
}

/** About as long as one of ours. */
const plainFrame = () =>
  JSON.stringify({ v: 1, type: 'event', event: 'plain', at: Date.now(), payload: 'x'.repeat(300) });

async function startBare(run: Run): Promise<Server> {
  const { url, child } = await startWorkerd({
    ...run,
    name: `bare-${Date.now()}`,
    source: BARE_HUB,
    classes: ['Bare'],
  });
  return { name: BARE_OBJECT, child, socketUrl: url.replace('http', 'ws'), publish: post(url) };
}

async function startNode(run: Run): Promise<Server> {
  const { child, ready } = await Child.start({
    children: run.children,
    name: `node-${Date.now()}`,
    script: fileURLToPath(new URL('hub-node-server.ts', import.meta.url)),
    env: { HUB_SECRET: run.secrets.hub },
    logFile: join(run.directory, 'node-server.log'),
    ready: readyJson,
  });
  const url = ready.url ?? '';
  return { name: NODE_SERVER, child, socketUrl: url.replace('http', 'ws'), publish: post(`${url}/publish`) };
}

const post = (url: string) => async (frames: number) => {
  const body = JSON.stringify(Array.from({ length: frames }, plainFrame));
  await (await fetch(url, { method: 'POST', body })).arrayBuffer();
};

/** One round of each after the other, again and again: what else the machine does meets them all alike. */
async function measure(
  servers: readonly [Server, Server, Server],
  clients: number,
  children: Map<string, Child>,
  say: (text: string) => void,
): Promise<[Measured, Measured, Measured]> {
  const parties = [];
  for (const server of servers) {
    const before = await residentBytes(server.child);
    const crowd = await Crowd.open(server.socketUrl, clients, await server.tokens?.(clients));
    const bytesPerClient = ((await residentBytes(server.child)) - before) / clients;
    parties.push({ server, crowd, bytesPerClient, times: [] as number[] });
  }
  for (let round = 0; round < (ROUNDS[clients] ?? COLD_ROUNDS + 1); round += 1) {
    for (const { server, crowd, times } of parties) times.push(await crowd.time(BURST, () => server.publish(BURST)));
  }
  const measured = parties.map(({ server, times, bytesPerClient }) => {
    const rate = (clients * BURST * 1000) / percentile(times.slice(COLD_ROUNDS), 0.5);
    say(
      `${clients} clients, ${server.name}: ${Math.round(rate)} frames/s, ${Math.round(bytesPerClient / 1024)} KiB each`,
    );
    return { rate, bytesPerClient };
  });
  for (const { server, crowd } of parties) {
    crowd.close();
    await stop(children, server.child);
  }
  return measured as [Measured, Measured, Measured];
}

async function stop(children: Map<string, Child>, child: Child): Promise<void> {
  for (const [name, each] of children) if (each === child) children.delete(name);
  await child.stop(2_000);
}

function broadcastRows(clients: number, ours: Measured, bare: Measured, node: Measured): BenchRow[] {
  const baselines = [
    [BARE_OBJECT, bare],
    [NODE_SERVER, node],
  ] as const;
  const rates = baselines.map(([baselineName, { rate }]) => ({
    name: `hub/broadcast-${clients}`,
    ours: ours.rate,
    baselineName,
    baseline: rate,
    ratio: ours.rate / rate,
    unit: 'frames/s',
  }));
  if (clients < 5_000) return rates;
  const memory = baselines.map(([name, { bytesPerClient }]) =>
    lessIsBetter('hub/memory-per-client', 'KiB', ours.bytesPerClient / 1024, name, bytesPerClient / 1024),
  );
  return [...rates, ...memory];
}

async function dispatchRows(run: Run, say: (text: string) => void): Promise<BenchRow[]> {
  const { children, secrets } = run;
  const directory = join(run.directory, 'dispatch');
  const stage = await Stage.start(directory, children);
  const { url, child } = await startOurWorker(run, { DISCORD_API_URL: stage.apiUrl, DISCORD_TOKEN: stage.token });
  const ours = await stage.measure('ours', url, secrets, { directory, children, authenticates: true });
  await stop(children, child);
  const seed = await startNode(run);
  const seedUrl = seed.socketUrl.replace('ws', 'http');
  const theirs = await stage.measure('seed', seedUrl, secrets, { directory, children, authenticates: false });
  await stop(children, seed.child);
  const simulator = children.get('simulator');
  if (simulator) await stop(children, simulator);
  for (const [name, delays] of [
    ['Patchbay', ours],
    [SEED, theirs],
  ] as const) {
    const [p50, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)];
    say(`dispatch to browser, ${name}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  }
  return (['p50', 'p99'] as const).map((name) => {
    const share = name === 'p50' ? 0.5 : 0.99;
    const row = `hub/dispatch-to-browser-${name}`;
    return lessIsBetter(row, 'ms', percentile(ours, share), SEED, percentile(theirs, share));
  });
}

/** Twenty clients take several mebibytes each, without and with one more that reads nothing. */
async function stalledRow(run: Run, say: (text: string) => void): Promise<BenchRow> {
  const server = await startOurs(run);
  const crowd = await Crowd.open(server.socketUrl, 20, await tokensFor(run.secrets, 20));
  const frames = 4_000;
  const flood = () =>
    crowd.time(frames, async () => {
      for (let sent = 0; sent < frames; sent += 200) await server.publish(200);
    });
  await flood();
  const alone = await flood();
  const stalled = new WebSocket(server.socketUrl);
  await once(stalled, 'open');
  const [token] = await tokensFor(run.secrets, 1, 9_000);
  stalled.send(JSON.stringify({ v: 1, type: 'auth', token }));
  await once(stalled, 'message');
  stalled.pause();
  const before = await residentBytes(server.child);
  const beside = await flood();
  const grown = (await residentBytes(server.child)) - before;
  // What lies in the sockets' buffers comes now, and then the Close.
  let received = 0;
  stalled.on('message', (data) => {
    received += (data as Buffer).length;
  });
  stalled.resume();
  const [code] = await once(stalled, 'close');
  crowd.close();
  await stop(run.children, server.child);
  say(
    `a stalled client: closed with ${code} after ${(received / 1024).toFixed(0)} KiB; the server grew by ${(grown / 1024).toFixed(0)} KiB`,
  );
  if (code !== 4008 || received > 1024 * 1024)
    throw new Error(`A stalled client got ${received} bytes and was closed with ${code}.`);
  return lessIsBetter('hub/beside-a-stalled-client', 'ms', beside, 'the same hub without it', alone);
}

/** Resident memory of a process. Linux only. */
async function residentBytes({ process }: Child): Promise<number> {
  const status = await readFile(`/proc/${process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1024;
}
