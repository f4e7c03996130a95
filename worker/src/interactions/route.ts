import { errorBody } from '@patchbay/shared/errors';
import { verifyKey } from 'discord-interactions';
import { Hono } from 'hono';
import { parseJson } from '../auth/signed.ts';
import { editOriginal } from '../discord/webhook.ts';
import { type Env, fleetOf, guildOf, settingsOf } from '../env.ts';
import type { Command, CommandContext } from './command.ts';
import { callJoin } from './commands/call-join.ts';
import { callStatus } from './commands/call-status.ts';
import { callStop } from './commands/call-stop.ts';
import { desk } from './commands/desk.ts';
import { monitor, monitors } from './commands/monitor.ts';
import { setup } from './commands/setup.ts';
import { type CommandInteraction, interactionSchema } from './schema.ts';

const TIMESTAMP_WINDOW_S = 5 * 60;
const MAX_INTERACTION = 256 * 1024;
const EPHEMERAL = 64;

const handlers: Record<string, Command> = {
  'call join': callJoin,
  'call stop': callStop,
  'call status': callStatus,
  setup,
  monitor,
  'monitors allow': monitors(true),
  'monitors deny': monitors(false),
  'desk hold': desk('hold'),
  'desk resume': desk('resume'),
  'desk transfer': desk('transfer'),
  'desk invite': desk('invite'),
};

/** `POST /interactions`, called by Discord. */
export const interactionRoutes = new Hono<{ Bindings: Env }>();

const say = (content: string) => ({ type: 4, data: { content, flags: EPHEMERAL, allowed_mentions: { parse: [] } } });

interactionRoutes.post('/interactions', async (context) => {
  const settings = settingsOf(context.env);
  const signature = context.req.header('x-signature-ed25519') ?? '';
  const timestamp = context.req.header('x-signature-timestamp') ?? '';
  const body = await context.req.text();
  if (body.length > MAX_INTERACTION)
    return context.json(errorBody('body_too_large', 'The interaction is too large.'), 413);
  const wellFormed = /^[0-9a-f]{128}$/i.test(signature) && /^\d{1,12}$/.test(timestamp);
  if (!wellFormed || !(await verifyKey(body, signature, timestamp, settings.DISCORD_PUBLIC_KEY))) {
    return context.json(errorBody('signature_wrong', 'The signature does not fit. Check DISCORD_PUBLIC_KEY.'), 401);
  }
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TIMESTAMP_WINDOW_S) {
    return context.json(errorBody('signature_stale', 'The timestamp is more than five minutes off.'), 401);
  }
  const parsed = interactionSchema.safeParse(parseJson(body));
  if (!parsed.success) {
    return context.json(errorBody('interaction_malformed', 'This kind of interaction is not known here.'), 400);
  }
  const interaction = parsed.data;
  if (interaction.type === 1) return context.json({ type: 1 });
  const { guild_id: guildId, member } = interaction;
  if (!guildId || !member) return context.json(say('Use this command in a server.'));
  if (!(await fleetOf(context.env).hasGuild(guildId))) {
    return context.json(say('The bot is not ready in this server. Invite it, or try again in a moment.'));
  }
  if (!(await guildOf(context.env, guildId).useInteraction(interaction.id))) {
    return context.json(errorBody('interaction_replayed', 'This interaction was handled before.'), 409);
  }
  const content = run(context.env, interaction, guildId, member);
  const { ANSWER_MS } = settings;
  const first = ANSWER_MS > 0 ? await Promise.race([content, scheduler.wait(ANSWER_MS).then(() => null)]) : null;
  if (first !== null) return context.json(say(first));
  const { DISCORD_API_URL, DISCORD_APPLICATION_ID } = settings;
  context.executionCtx.waitUntil(
    content
      .then((text) => editOriginal(DISCORD_API_URL, DISCORD_APPLICATION_ID, interaction.token, text))
      .catch((error: unknown) => console.error('interactions: a late answer was lost', error)),
  );
  return context.json({ type: 5, data: { flags: EPHEMERAL } });
});

/** The answer to a command; a failure is logged and answered with a sentence. */
async function run(
  env: Env,
  interaction: CommandInteraction,
  guildId: string,
  member: NonNullable<CommandInteraction['member']>,
): Promise<string> {
  const { data } = interaction;
  const sub = data.options?.find((option) => option.type === 1);
  const handler = handlers[sub ? `${data.name} ${sub.name}` : data.name];
  if (!handler) return 'This command is not known here. Try again in a moment.';
  const options = (sub ? sub.options : data.options) ?? [];
  const command: CommandContext = {
    env,
    guildId,
    userId: member.user.id,
    permissions: BigInt(member.permissions),
    options: new Map(options.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]))),
    channels: data.resolved?.channels ?? {},
  };
  try {
    return await handler(command);
  } catch (error) {
    console.error(`interactions: ${data.name} failed`, error);
    return 'Something went wrong. Try again in a moment.';
  }
}
