/** Every command in Discord's registration format; `npm run commands:register` sends it. Pure. */
import {
  type APIApplicationCommandBasicOption,
  type APIApplicationCommandOption,
  type APIApplicationCommandSubcommandOption,
  InteractionContextType,
  ApplicationCommandOptionType as Option,
  PermissionFlagsBits,
  type RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord-api-types/v10';
import type { Command, OptionSpec } from './command.ts';
import { commandList, memberPermissions } from './commands/index.ts';
import { localized, type NamedKey, text } from './texts/texts.ts';

/** The words of a command: `['call', 'join']`. They are its English names, by which interactions name it. */
export const wordsOf = ({ key }: Pick<Command, 'key'>): string[] => key.split('.').slice(1);
/** The name of an option in interactions: the English one, whatever the person reads. */
export const nameOf = (option: OptionSpec): string => text('en', option.key);

/** Name and description in English, and in every other language beside it. */
function named(key: NamedKey) {
  return {
    name: text('en', key),
    name_localizations: localized(key),
    description: text('en', `${key}.about`),
    description_localizations: localized(`${key}.about`),
  };
}

function optionBody(option: OptionSpec): APIApplicationCommandBasicOption {
  const choices = Object.entries(option.choices ?? {}).map(([value, key]) => ({
    name: text('en', key),
    name_localizations: localized(key),
    value,
  }));
  return {
    ...named(option.key),
    type: option.type,
    ...(option.required ? { required: true } : {}),
    ...(choices.length > 0 ? { choices } : {}),
    ...(option.complete ? { autocomplete: true } : {}),
    ...(option.channelTypes ? { channel_types: [...option.channelTypes] } : {}),
    ...(option.min === undefined ? {} : { min_value: option.min }),
    ...(option.max === undefined ? {} : { max_value: option.max }),
    ...(option.maxLength === undefined ? {} : { max_length: option.maxLength }),
  } as APIApplicationCommandBasicOption;
}

/** Required options come first: Discord insists. */
const optionsOf = (command: Command): APIApplicationCommandBasicOption[] =>
  (command.options ?? []).map(optionBody).sort((a, b) => Number(b.required ?? false) - Number(a.required ?? false));

/** The commands with `depth` words in common, as what stands below those words. */
function below(commands: readonly Command[], depth: number): APIApplicationCommandOption[] {
  const groups = Map.groupBy(commands, (command) =>
    wordsOf(command)
      .slice(0, depth + 1)
      .join('.'),
  );
  return [...groups].map(([words, group]): APIApplicationCommandOption => {
    const [first] = group;
    const key = `command.${words}` as NamedKey;
    if (first && group.length === 1 && wordsOf(first).length === depth + 1) {
      return { ...named(key), type: Option.Subcommand, options: optionsOf(first) };
    }
    const options = below(group, depth + 1) as APIApplicationCommandSubcommandOption[];
    return { ...named(key), type: Option.SubcommandGroup, options };
  });
}

/** What `PUT /applications/{id}/commands` takes. */
export function registration(
  commands: readonly Command[] = commandList,
): RESTPostAPIChatInputApplicationCommandsJSONBody[] {
  const groups = Map.groupBy(commands, (command) => wordsOf(command)[0] ?? '');
  return [...groups].map(([name, group]) => {
    const [first] = group;
    const alone = first && group.length === 1 && wordsOf(first).length === 1;
    const permission = memberPermissions[name];
    return {
      ...named(`command.${name}` as NamedKey),
      contexts: [
        InteractionContextType.Guild,
        ...(group.some(({ direct }) => direct) ? [InteractionContextType.BotDM] : []),
      ],
      ...(permission ? { default_member_permissions: String(PermissionFlagsBits[permission]) } : {}),
      options: alone ? optionsOf(first) : below(group, 1),
    };
  });
}
