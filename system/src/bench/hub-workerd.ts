/** Workers in `workerd serve`, without the proxy, the log and the checks that `wrangler dev` puts around them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Child } from '../stack/child.ts';
import { root } from '../stack/stack.ts';

const requireHere = createRequire(import.meta.url);

/** Bundles the real Worker as `wrangler deploy` would; answers the file. */
export async function bundleWorker(directory: string): Promise<string> {
  const wrangler = join(dirname(requireHere.resolve('wrangler/package.json')), 'bin/wrangler.js');
  // The configuration names the page's folder, which the bench does not build.
  await mkdir(join(root, 'web/dist'), { recursive: true });
  const args = ['deploy', '--dry-run', '--outdir', directory];
  const child = spawn(process.execPath, [wrangler, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, CI: 'true', WRANGLER_SEND_METRICS: 'false' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`The Worker could not be bundled (code ${code}).`);
  return join(directory, 'index.js');
}

/** The least that can be called a hub: it takes sockets and sends them what is posted. */
export const BARE_HUB = `
import { DurableObject } from 'cloudflare:workers';
export class Bare extends DurableObject {
  async fetch(request) {
    if (request.headers.get('upgrade') === 'websocket') {
      const [browser, socket] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(socket);
      return new Response(null, { status: 101, webSocket: browser });
    }
    const messages = await request.json();
    for (const message of messages) for (const socket of this.ctx.getWebSockets()) socket.send(message);
    return new Response('ok');
  }
  webSocketMessage() {}
}
export default { fetch: (request, env) => env.BARE.getByName('bare').fetch(request) };
`;

export interface WorkerdOptions {
  name: string;
  directory: string;
  /** The module, bundled. */
  source: string;
  /** Classes of Durable Objects; each is bound under its name in capitals. */
  classes: readonly string[];
  settings?: Record<string, string>;
  children: Map<string, Child>;
}

/** Starts a Worker on a free port; answers its address and process. */
export async function startWorkerd(options: WorkerdOptions): Promise<{ url: string; child: Child }> {
  const { name, source, classes, settings = {}, children } = options;
  const directory = join(options.directory, name);
  await mkdir(join(directory, 'objects'), { recursive: true });
  await writeFile(join(directory, 'worker.js'), source);
  const bindings = [
    ...classes.map((each) => `(name = "${each.toUpperCase()}", durableObjectNamespace = "${each}")`),
    ...Object.entries(settings).map(([key, value]) => `(name = "${key}", text = ${JSON.stringify(value)})`),
  ];
  const namespaces = classes.map((each) => `(className = "${each}", uniqueKey = "${each}", enableSql = true)`);
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = ${JSON.stringify(join(directory, 'objects'))}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${await compatibilityDate()}",
  bindings = [${bindings.join(', ')}],
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk = "objects"),
);
`;
  const file = join(directory, 'config.capnp');
  await writeFile(file, config);
  const { child, ready } = await Child.start({
    children,
    name,
    program: (requireHere('workerd') as { default: string }).default,
    script: 'serve',
    args: ['--experimental', '--control-fd=1', file],
    cwd: directory,
    env: {},
    logFile: join(directory, 'workerd.log'),
    ready: (line) => /"event":"listen".*"port":(\d+)/.exec(line)?.[1],
  });
  return { url: `http://127.0.0.1:${ready}`, child };
}

async function compatibilityDate(): Promise<string> {
  const toml = await readFile(join(root, 'wrangler.toml'), 'utf8');
  const date = /compatibility_date = "([\d-]+)"/.exec(toml)?.[1];
  if (!date) throw new Error('wrangler.toml names no compatibility date.');
  return date;
}
