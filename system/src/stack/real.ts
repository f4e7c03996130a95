/**
 * The same programs against the real Discord, by the settings in `.env`: the Worker in workerd on this machine, and one voice
 * node. Nothing is simulated; what is not configured (object storage, say) is off, and says so in the node's log.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { Child, readyJson } from './child.ts';
import { root } from './stack.ts';
import { applyMigrations, startWorker } from './worker.ts';

const settingsSchema = z.looseObject({
  DISCORD_TOKENS: z.string().min(1),
  DISCORD_APPLICATION_ID: z.string().regex(/^\d+$/, 'must be the id of the Discord application'),
  DISCORD_PUBLIC_KEY: z.string().regex(/^[0-9a-f]{64}$/i, 'must be the 64 hex digits of the application public key'),
});

/** The settings in a `.env` file, or `undefined` when there is none with tokens: then the simulator is Discord. */
export async function readDotEnv(file: string): Promise<Record<string, string> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const settings = parseEnv(text) as Record<string, string>;
  if (!settings.DISCORD_TOKENS) return undefined;
  const result = settingsSchema.safeParse(settings);
  if (result.success) return settings;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  throw new Error(`${file}: ${problems.join('; ')}`);
}

/** A secret that stays the same over restarts, made at the first one. */
async function keptSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const secret = randomBytes(32).toString('hex');
    await writeFile(file, secret, { mode: 0o600 });
    return secret;
  }
}

/** Starts Worker and voice node, entered in `children`. Data, logs and secrets lie in `directory`, which is kept. */
export async function startReal(
  settings: Record<string, string>,
  options: { directory: string; port: number; children: Map<string, Child> },
): Promise<string> {
  const { directory, port, children } = options;
  await mkdir(join(directory, 'logs'), { recursive: true });
  const hubSecret = settings.HUB_SECRET ?? (await keptSecret(join(directory, 'hub-secret')));
  const jwtSecret = settings.JWT_SECRET ?? (await keptSecret(join(directory, 'jwt-secret')));
  await applyMigrations(root, directory);
  const forWorker = [
    'DISCORD_APPLICATION_ID',
    'DISCORD_PUBLIC_KEY',
    'DISCORD_API_URL',
    'DISCORD_CLIENT_SECRET',
    'TOKEN_ISSUERS',
    'ALLOWED_ORIGINS',
    'LIBSQL_URL',
    'LIBSQL_AUTH_TOKEN',
    'S3_ENDPOINT',
    'S3_BUCKET',
    'S3_REGION',
    'S3_ACCESS_KEY_ID',
    'S3_SECRET_ACCESS_KEY',
    'RECORD_LIMIT_SECONDS',
    'REPORT_READERS',
    'REPORT_RETENTION_DAYS',
    'DEEPGRAM_CONNECTIONS',
  ];
  const workerUrl = await startWorker(children, {
    root,
    directory,
    port,
    settings: {
      ...Object.fromEntries(forWorker.flatMap((name) => (settings[name] ? [[name, settings[name]]] : []))),
      // The first token is the main identity's, which posts the panels.
      DISCORD_TOKEN: settings.DISCORD_TOKENS?.split(',')[0]?.trim() ?? '',
      HUB_SECRET: hubSecret,
      JWT_SECRET: jwtSecret,
    },
  });
  await Child.start({
    children,
    name: 'voice-node',
    script: join(root, 'voice-node/src/main.ts'),
    cwd: root,
    env: {
      NODE_ID: 'node-1',
      DATA_DIR: join(directory, 'node-1'),
      HEALTH_PORT: '0',
      ...settings,
      HUB_URL: workerUrl,
      HUB_SECRET: hubSecret,
    },
    logFile: join(directory, 'logs', 'voice-node.log'),
    ready: readyJson,
  });
  return workerUrl;
}
