/**
 * Brings up the whole system on this machine: the simulator (Discord in a box), the stand-ins of S3 and Deepgram, the Worker in
 * workerd, and a voice node; each a process of its own. What it leaves behind lies in one folder.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SimControl } from '@patchbay/sim/control-client';
import { DeepgramControl } from '@patchbay/sim/deepgram-control';

import { Child, readyJson } from './child.ts';
import { freePort } from './free-port.ts';
import { applyMigrations, startWorker } from './worker.ts';

export const root: string = fileURLToPath(new URL('../../../', import.meta.url));

export interface StackOptions {
  /** Folder for data, logs and secrets of this run. */
  directory: string;
  /** Port of the page; a free one when absent. */
  port?: number;
  /** What is started is entered here at once, so that whoever waits for the start can end it half-way. */
  children?: Map<string, Child>;
  /** Settings of the Worker over the usual ones; those that name people of the simulated Discord are made with it. */
  workerSettings?:
    | Record<string, string>
    | ((sim: SimControl, application: Application) => Promise<Record<string, string>>);
  /** Told as each part comes up. */
  onProgress?: (text: string) => void;
}

export interface Application {
  applicationId: string;
  botUserId: string;
  token: string;
  publicKey: string;
  clientSecret: string;
}

export class Stack {
  readonly sim: SimControl;
  readonly application: Application;
  readonly workerUrl: string;
  readonly hubSecret: string;
  readonly s3: S3Access;
  /** Makes the transcription service fail, and says what it would have billed. */
  readonly deepgram: DeepgramControl;
  readonly directory: string;
  readonly children: Map<string, Child>;
  /** The page of the simulated Discord. */
  readonly simPageUrl: string;
  /** Variables with which any program of this machine takes the simulator for Discord. */
  readonly simEnvironment: Record<string, string>;
  readonly #nodeEnvironment: Record<string, string>;
  readonly #worker: Parameters<typeof startWorker>[1];

  private constructor(parts: {
    sim: SimControl;
    application: Application;
    workerUrl: string;
    hubSecret: string;
    s3: S3Access;
    deepgram: DeepgramControl;
    directory: string;
    children: Map<string, Child>;
    simPageUrl: string;
    simEnvironment: Record<string, string>;
    nodeEnvironment: Record<string, string>;
    worker: Parameters<typeof startWorker>[1];
  }) {
    this.sim = parts.sim;
    this.application = parts.application;
    this.workerUrl = parts.workerUrl;
    this.hubSecret = parts.hubSecret;
    this.s3 = parts.s3;
    this.deepgram = parts.deepgram;
    this.directory = parts.directory;
    this.children = parts.children;
    this.simPageUrl = parts.simPageUrl;
    this.simEnvironment = parts.simEnvironment;
    this.#nodeEnvironment = parts.nodeEnvironment;
    this.#worker = parts.worker;
  }

  /** Starts everything; what had started is ended again when a part fails. */
  static async start({
    directory,
    port,
    children = new Map(),
    workerSettings = {},
    onProgress = () => undefined,
  }: StackOptions): Promise<Stack> {
    await mkdir(join(directory, 'logs'), { recursive: true });
    try {
      const hubSecret = randomBytes(32).toString('hex');
      const [{ sim, application, simPageUrl, simEnvironment }, s3, deepgram] = await Promise.all([
        startSim(directory, children),
        startS3(directory, children),
        startDeepgram(directory, children),
        applyMigrations(root, directory),
      ]);
      onProgress(
        `Simulator, object storage and transcription service are up. The simulated Discord has a page of its own: ${simPageUrl}`,
      );
      const storage = {
        S3_ENDPOINT: s3.endpoint,
        S3_BUCKET: s3.bucket,
        S3_REGION: 'us-east-1',
        S3_ACCESS_KEY_ID: s3.accessKeyId,
        S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
      };
      // Only now: those that started meanwhile could have been given the same free port.
      const workerPort = port ?? (await freePort());
      const worker = {
        root,
        directory,
        port: workerPort,
        settings: {
          DISCORD_APPLICATION_ID: application.applicationId,
          DISCORD_PUBLIC_KEY: application.publicKey,
          DISCORD_API_URL: simEnvironment.DISCORD_API_URL,
          DISCORD_TOKEN: application.token,
          DISCORD_CLIENT_SECRET: application.clientSecret,
          HUB_SECRET: hubSecret,
          JWT_SECRET: randomBytes(32).toString('hex'),
          // The simulated world has two servers: they shall meet again at once.
          REMATCH_REST_MS: '0',
          PUBLIC_URL: `http://127.0.0.1:${workerPort}`,
          ...storage,
          ...(typeof workerSettings === 'function' ? await workerSettings(sim, application) : workerSettings),
        },
      };
      const workerUrl = await startWorker(children, worker);
      await sim.setInteractionsUrl(application.applicationId, `${workerUrl}/interactions`);
      const pages = [workerUrl, workerUrl.replace('127.0.0.1', 'localhost')];
      await sim.setRedirectUris(
        application.applicationId,
        pages.map((page) => `${page}/api/auth/callback`),
      );
      onProgress(`The Worker is up: ${workerUrl}`);
      const stack = new Stack({
        sim,
        application,
        workerUrl,
        hubSecret,
        s3,
        deepgram: new DeepgramControl(deepgram.url),
        directory,
        children,
        simPageUrl,
        simEnvironment,
        worker,
        nodeEnvironment: {
          ...simEnvironment,
          DISCORD_TOKENS: application.token,
          HUB_URL: workerUrl,
          HUB_SECRET: hubSecret,
          ...storage,
          DEEPGRAM_API_KEY: deepgram.apiKey,
          DEEPGRAM_URL: deepgram.url,
          HEALTH_PORT: '0',
          LOG_LEVEL: 'info',
          MESSAGE_CONTENT: 'yes',
        },
      });
      return stack;
    } catch (error) {
      await stopAll(children);
      throw error;
    }
  }

  /**
   * Starts a voice node. Its gateway needs the bot to be in a guild, so make the guilds first. `settings` are environment
   * variables over the usual ones; an empty `DEEPGRAM_API_KEY` turns captions off.
   */
  async startNode(nodeId = 'node-1', settings: Record<string, string> = {}): Promise<Child> {
    const { child } = await Child.start({
      children: this.children,
      name: nodeId,
      script: join(root, 'voice-node/src/main.ts'),
      cwd: root,
      env: { ...this.#nodeEnvironment, NODE_ID: nodeId, DATA_DIR: join(this.directory, nodeId), ...settings },
      logFile: join(this.directory, 'logs', `${nodeId}.log`),
      ready: readyJson,
    });
    return child;
  }

  /** Ends a voice node in order: what it does is brought to its end. */
  async stopNode(nodeId = 'node-1'): Promise<void> {
    const node = this.children.get(nodeId);
    this.children.delete(nodeId);
    await node?.stop(20_000);
  }

  /** Ends a voice node without a word, as a crash does. Its data is kept. */
  async killNode(nodeId = 'node-1'): Promise<void> {
    const node = this.children.get(nodeId);
    this.children.delete(nodeId);
    node?.kill('SIGKILL');
    await node?.exited;
  }

  /** Ends the Worker; what it stored is kept. `startWorker` brings it back under the same address. */
  async stopWorker(): Promise<void> {
    const worker = this.children.get('worker');
    this.children.delete('worker');
    await worker?.stop();
  }

  async startWorker(): Promise<void> {
    await startWorker(this.children, this.#worker);
  }

  /** Ends everything, voice nodes first, so that they can finish what they do. Names what did not end by itself. */
  async stop(): Promise<{ name: string; code: number | null }[]> {
    return stopAll(this.children);
  }
}

export interface S3Access {
  endpoint: string;
  /** For `S3Control`: makes it fail, and looks inside. */
  controlUrl: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Ends what was started, last first. */
export async function stopAll(children: Map<string, Child>): Promise<{ name: string; code: number | null }[]> {
  const ends: { name: string; code: number | null }[] = [];
  for (const [name, child] of [...children].reverse()) {
    children.delete(name);
    ends.push({ name, code: await child.stop(20_000) });
  }
  return ends;
}

async function startSim(directory: string, children: Map<string, Child>) {
  const certificateFile = join(directory, 'simulator-ca.pem');
  const { ready } = await Child.start({
    children,
    name: 'simulator',
    script: join(root, 'sim/src/main.ts'),
    env: { SIM_PORT: '0', SIM_CONTROL_PORT: '0', SIM_CERTIFICATE_FILE: certificateFile },
    logFile: join(directory, 'logs', 'simulator.log'),
    ready: readyJson,
  });
  const sim = new SimControl(ready.controlUrl ?? '');
  const application = await sim.createApplication({ name: 'Patchbay' });
  return {
    sim,
    application,
    simPageUrl: ready.pageUrl ?? '',
    simEnvironment: { DISCORD_API_URL: ready.apiUrl ?? '', NODE_EXTRA_CA_CERTS: certificateFile },
  };
}

async function startS3(directory: string, children: Map<string, Child>): Promise<S3Access> {
  const access = { bucket: 'patchbay', accessKeyId: 'patchbay', secretAccessKey: randomBytes(20).toString('hex') };
  const { ready } = await Child.start({
    children,
    name: 's3',
    script: join(root, 'sim/src/s3/main.ts'),
    env: {
      S3_PORT: '0',
      S3_BUCKET: access.bucket,
      S3_ACCESS_KEY_ID: access.accessKeyId,
      S3_SECRET_ACCESS_KEY: access.secretAccessKey,
      S3_DIRECTORY: join(directory, 's3'),
    },
    logFile: join(directory, 'logs', 's3.log'),
    ready: readyJson,
  });
  return { endpoint: ready.endpoint ?? '', controlUrl: ready.controlUrl ?? '', ...access };
}

async function startDeepgram(
  directory: string,
  children: Map<string, Child>,
): Promise<{ url: string; apiKey: string }> {
  const apiKey = randomBytes(20).toString('hex');
  const { ready } = await Child.start({
    children,
    name: 'deepgram',
    script: join(root, 'sim/src/deepgram/main.ts'),
    env: { DEEPGRAM_PORT: '0', DEEPGRAM_API_KEY: apiKey },
    logFile: join(directory, 'logs', 'deepgram.log'),
    ready: readyJson,
  });
  return { url: ready.url ?? '', apiKey };
}
