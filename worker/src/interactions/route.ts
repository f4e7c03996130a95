import { errorBody } from '@patchbay/shared/errors';
import { InteractionResponseType, MessageFlags } from 'discord-api-types/v10';
import { verifyKey } from 'discord-interactions';
import { Hono } from 'hono';
import { parseJson } from '../auth/signed.ts';
import { editOriginal } from '../discord/webhook.ts';
import { type Env, fleetOf, guildOf, settingsOf } from '../env.ts';
import { type Link, linkRows } from './links.ts';
import { isPress, type PressAnswer, press } from './panel-buttons.ts';
import { completeOption, failure, notHere, runCommand, worksAnywhere } from './respond.ts';
import { AUTOCOMPLETE, type CommandInteraction, interactionSchema, PING, type PressInteraction } from './schema.ts';

const TIMESTAMP_WINDOW_S = 5 * 60;
const MAX_INTERACTION = 256 * 1024;

/** `POST /interactions`, called by Discord. */
export const interactionRoutes = new Hono<{ Bindings: Env }>();

const say = (content: string, links: readonly Link[] = []) => ({
  type: InteractionResponseType.ChannelMessageWithSource,
  data: {
    content,
    flags: MessageFlags.Ephemeral,
    allowed_mentions: { parse: [] },
    ...(links.length > 0 ? { components: linkRows(links) } : {}),
  },
});

interactionRoutes.post('/interactions', async (context) => {
  const { env } = context;
  const settings = settingsOf(env);
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
  if (interaction.type === PING) return context.json({ type: InteractionResponseType.Pong });
  const obstacle = await notHere(env, interaction);
  if (interaction.type === AUTOCOMPLETE) {
    // Changes nothing, hence needs no protection against a replay.
    const choices = obstacle === null ? await completeOption(env, interaction) : [];
    return context.json({ type: InteractionResponseType.ApplicationCommandAutocompleteResult, data: { choices } });
  }
  if (obstacle !== null) return context.json(say(obstacle));
  if (!(await isFirstUse(env, interaction))) {
    return context.json(errorBody('interaction_replayed', 'This interaction was handled before.'), 409);
  }
  const outcome = answerTo(env, interaction);
  const { ANSWER_MS } = settings;
  const first = ANSWER_MS > 0 ? await Promise.race([outcome, scheduler.wait(ANSWER_MS).then(() => null)]) : null;
  if (first !== null) return context.json('modal' in first ? first.modal : say(first.content, first.links));
  const { DISCORD_API_URL, DISCORD_APPLICATION_ID } = settings;
  context.executionCtx.waitUntil(
    outcome
      // A form cannot follow "thinking": the person presses again.
      .then((late) => ('modal' in late ? { content: failure(interaction) } : late))
      .then(({ content, links }) =>
        editOriginal(DISCORD_API_URL, DISCORD_APPLICATION_ID, interaction.token, content, linkRows(links ?? [])),
      )
      .catch((error: unknown) => console.error('interactions: a late answer was lost', error)),
  );
  return context.json({
    type: InteractionResponseType.DeferredChannelMessageWithSource,
    data: { flags: MessageFlags.Ephemeral },
  });
});

/** What a command or a pressed button comes to. */
async function answerTo(env: Env, interaction: CommandInteraction | PressInteraction): Promise<PressAnswer> {
  if (isPress(interaction)) return press(env, interaction);
  const answer = await runCommand(env, interaction);
  return typeof answer === 'string' ? { content: answer } : answer;
}

/** An interaction works once. No object is made for a server that the bot is not in. */
async function isFirstUse(env: Env, interaction: CommandInteraction | PressInteraction): Promise<boolean> {
  if (!isPress(interaction) && worksAnywhere(interaction)) return true;
  const { guild_id: guildId, id } = interaction;
  return guildId === undefined ? fleetOf(env).useNonce('interaction', id) : guildOf(env, guildId).useInteraction(id);
}
