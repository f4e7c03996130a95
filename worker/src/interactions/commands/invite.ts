import { fleetOf, settingsOf } from '../../env.ts';
import type { SetupReport } from '../../guild/status.ts';
import { type CommandContext, command, ownGuild } from '../command.ts';
import { type Feature, intents, inviteLinks, needsOf, relayIntents } from '../invite.ts';

/** What the settings of a server need; a server without settings is offered calls. */
function featuresOf({
  channels,
  defaults,
  captions,
}: Pick<SetupReport, 'channels' | 'defaults' | 'captions'>): Feature[] {
  const layers = [defaults, ...channels.map(({ settings }) => settings)];
  return [
    'call',
    ...(layers.some(({ record, recordRules }) => record || (recordRules?.length ?? 0) > 0)
      ? (['recording'] as const)
      : []),
    ...(layers.some(({ panel }) => panel) ? (['panel'] as const) : []),
    ...(layers.some(({ relay }) => relay) ? (['relay'] as const) : []),
    ...(captions.thread ? (['threads'] as const) : []),
  ];
}

async function configured(context: CommandContext): Promise<Feature[]> {
  const { env, guildId } = context;
  // No object is made for a server that the bot is not in.
  if (!(await fleetOf(env).hasGuild(guildId))) return ['call'];
  return featuresOf(await ownGuild(context).show());
}

/** `/invite`: a link that asks for exactly what the configured features need, each permission explained. */
export const invite = command({
  key: 'command.invite',
  rule: 'invite',
  anywhere: true,
  run: async (context) => {
    const { env, guildId, say } = context;
    const { DISCORD_API_URL: apiUrl, DISCORD_APPLICATION_ID: applicationId } = settingsOf(env);
    const [features, identities] = await Promise.all([configured(context), fleetOf(env).identitiesIn(guildId)]);
    const links = inviteLinks({ apiUrl, applicationId, guildId, features, identities });
    return [
      ...links.map(({ number, url }) =>
        number === 1 ? say('invite.link', { link: url }) : say('invite.other', { number, link: url }),
      ),
      say('invite.needs'),
      ...needsOf(features).map(({ permission, why }) => `- **${say(`permission.${permission}`)}**: ${say(why)}`),
      say('invite.scopes'),
      features.includes('relay')
        ? say('invite.intents.relay', { intents: [...intents, ...relayIntents].join(', ') })
        : say('invite.intents', { intents: intents.join(', ') }),
    ].join('\n');
  },
});
