/** Registers every slash command with Discord: one bulk overwrite, safe to repeat. */
import { parseSettings } from '@patchbay/shared/settings';
import { z } from 'zod';
import { registration } from '../src/interactions/registration.ts';

const settings = parseSettings(
  z.object({
    DISCORD_APPLICATION_ID: z.string().regex(/^\d{1,20}$/, 'must be the id of the Discord application'),
    DISCORD_TOKENS: z.string().min(1, 'must hold the bot token; the first of several is used'),
    DISCORD_API_URL: z.url().default('https://discord.com/api'),
  }),
  process.env,
);
const commands = registration();
const token = settings.DISCORD_TOKENS.split(',')[0]?.trim() ?? '';
const response = await fetch(
  `${settings.DISCORD_API_URL}/v10/applications/${settings.DISCORD_APPLICATION_ID}/commands`,
  {
    method: 'PUT',
    headers: { authorization: `Bot ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(commands),
    signal: AbortSignal.timeout(10_000),
  },
);
if (!response.ok) {
  process.stderr.write(`Discord refused the commands: ${response.status} ${await response.text()}\n`);
  process.exit(1);
}
process.stdout.write(`Registered ${commands.length} commands.\n`);
