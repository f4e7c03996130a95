import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { channelModes, DEFAULT_POOL, regions, type SettingsPatch } from '../../guild/settings.ts';
import {
  booleanOption,
  type Choice,
  type CommandContext,
  command,
  numberOption,
  ownGuild,
  textOption,
} from '../command.ts';
import type { TextKey } from '../texts/texts.ts';
import { refusal, reply } from '../words.ts';
import { languageChoices } from './languages.ts';
import { setupChannelOption, voiceChannel } from './options.ts';

/** Stands for "no preference" where a choice can be taken back. */
const ANY = 'any';

const fits = (typed: string) => (choice: Choice) =>
  choice.name.toLowerCase().includes(typed) || String(choice.value).includes(typed);

/** The pools that this server uses, its own, and what is typed. */
async function pools(context: CommandContext, typed: string): Promise<Choice[]> {
  const { pools: known } = await ownGuild(context).known();
  const name = (pool: string) =>
    pool === DEFAULT_POOL
      ? `${context.say('pool.default')} (${pool})`
      : pool === context.guildId
        ? context.say('pool.own')
        : pool;
  const choices = known.map((pool) => ({ name: name(pool), value: pool })).filter(fits(typed));
  const fresh = typed !== '' && !known.includes(typed) ? [{ name: typed, value: typed.slice(0, 100) }] : [];
  return [...choices, ...fresh];
}

function patchOf(context: CommandContext): SettingsPatch {
  const preference = (name: string) => {
    const value = textOption(context, name)?.toLowerCase();
    return value === ANY ? null : value;
  };
  const mode = textOption(context, 'mode');
  const leftOver = mode !== undefined && mode !== 'custom' ? null : undefined;
  const given = {
    mode,
    pool: textOption(context, 'pool')?.toLowerCase(),
    language: preference('language'),
    region: preference('region'),
    priority: numberOption(context, 'priority'),
    record: booleanOption(context, 'record'),
    anonymous: booleanOption(context, 'anonymous'),
    // Another mode has no use for what an earlier one had.
    policy: textOption(context, 'match-policy') ?? leftOver,
    matrix: textOption(context, 'matrix') ?? leftOver,
    seat: numberOption(context, 'seat') ?? leftOver,
  };
  // What was not given stays as it is. Values are checked where they are stored.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as SettingsPatch;
}

/** `/setup channel`: a voice channel that is queued when people join it. */
export const setupChannel = command({
  key: 'command.setup.channel',
  rule: 'setup',
  options: [
    setupChannelOption,
    {
      key: 'option.mode',
      type: Type.String,
      choices: Object.fromEntries(channelModes.map((mode) => [mode, `mode.${mode}` satisfies TextKey])),
    },
    { key: 'option.pool', type: Type.String, complete: pools },
    {
      key: 'option.language',
      type: Type.String,
      complete: ({ language, say }, typed) =>
        [{ name: say('any'), value: ANY }, ...languageChoices(language, typed)].filter(fits(typed)),
    },
    {
      key: 'option.region',
      type: Type.String,
      complete: ({ say }, typed) =>
        [
          { name: say('any'), value: ANY },
          ...regions.map((region) => ({ name: say(`region.${region}`), value: region })),
        ].filter(fits(typed)),
    },
    { key: 'option.priority', type: Type.Integer, min: 0, max: 9 },
    { key: 'option.record', type: Type.Boolean },
    { key: 'option.anonymous', type: Type.Boolean },
    { key: 'option.match-policy', type: Type.String, maxLength: 32 },
    { key: 'option.matrix', type: Type.String, maxLength: 400 },
    { key: 'option.seat', type: Type.Integer, min: 1, max: 8 },
  ],
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel === null) return refusal(context.say('voice_channel_needed'), 'voice_channel_needed');
    if ('refused' in channel) return channel.refused;
    const { channelId, name } = channel;
    return reply(context.language, await ownGuild(context).configure(channelId, name, patchOf(context)));
  },
});
