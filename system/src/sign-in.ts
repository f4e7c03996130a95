/**
 * Prints a sign-in link for the dashboard: `npm run sign-in -- USER_ID GUILD_ID…`. Needs `HUB_SECRET` and `HUB_URL` in the
 * environment or in `.env`; of a local start they are found by themselves.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { mintCode } from './stack/hub.ts';
import { root } from './stack/stack.ts';

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const settings = { ...parseEnv((await textOf('.env')) ?? ''), ...process.env };
const hubSecret = settings.HUB_SECRET ?? (await textOf('.patchbay/hub-secret'));
const hubUrl = settings.HUB_URL ?? 'http://127.0.0.1:8787';
const [userId, ...guilds] = process.argv.slice(2);
if (userId === undefined || guilds.length === 0 || hubSecret === undefined) {
  process.stderr.write(
    'Usage: npm run sign-in -- USER_ID GUILD_ID…   (HUB_SECRET must be set, or Patchbay started here)\n',
  );
  process.exit(1);
}
const [secret = ''] = hubSecret.split(',');
process.stdout.write(`${hubUrl}/#code=${await mintCode(hubUrl, secret, userId, guilds)}\n`);
