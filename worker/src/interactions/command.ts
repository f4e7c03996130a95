/** What a command is: one file per command describes itself and runs. See `commands/index.ts` for how to add one. */
import type { ApplicationCommandOptionType, ChannelType } from 'discord-api-types/v10';
import { type Env, guildOf } from '../env.ts';
import type { Link } from './links.ts';
import type { Rule } from './permissions.ts';
import type { OptionValue, ResolvedChannel } from './schema.ts';
import type { Language, NamedKey, TextKey } from './texts/texts.ts';

/** What a command may use. */
export interface CommandContext {
  env: Env;
  /** Empty outside of a server (commands with `direct` only). */
  guildId: string;
  userId: string;
  /** Of the interaction: its answer can be edited with it for fifteen minutes. */
  token: string;
  /** Permission bits of the caller in the channel that the command names, else in that in which it was used. */
  permissions: bigint;
  /** Ids of the caller's Discord roles. */
  roleIds: readonly string[];
  /** By the English name of the option. */
  options: ReadonlyMap<string, OptionValue>;
  /** Channels that the options name. */
  channels: Readonly<Record<string, ResolvedChannel>>;
  /** Names of the people and roles that the options name, by id. */
  names: ReadonlyMap<string, string>;
  language: Language;
  /** A text in the caller's language. */
  say: (key: TextKey, values?: Record<string, string | number>) => string;
}

/** The voice channel that a command with `target` is about: the one it names, else the caller's own. */
export interface Target {
  channelId: string;
  name: string;
}
export type TargetContext = CommandContext & { target: Target };

export interface Choice {
  name: string;
  value: string | number;
}

/** An option of a command. Its name and description are the texts `key` and `key.about`. */
export interface OptionSpec {
  key: Extract<NamedKey, `option.${string}`>;
  type:
    | ApplicationCommandOptionType.String
    | ApplicationCommandOptionType.Integer
    | ApplicationCommandOptionType.Boolean
    | ApplicationCommandOptionType.User
    | ApplicationCommandOptionType.Role
    | ApplicationCommandOptionType.Channel;
  required?: true;
  /** Fixed choices: value → the text that names it. */
  choices?: Readonly<Record<string, TextKey>>;
  /** What is offered while the person types; at most 25 of what it gives are shown. */
  complete?: (context: CommandContext, typed: string) => Choice[] | Promise<Choice[]>;
  channelTypes?: readonly (
    | ChannelType.GuildVoice
    | ChannelType.GuildStageVoice
    | ChannelType.GuildText
    | ChannelType.GuildCategory
  )[];
  min?: number;
  max?: number;
  maxLength?: number;
}

interface Described {
  /** The words of the command after `command.`, joined by dots: name and description are the texts of this key. */
  key: Extract<NamedKey, `command.${string}`>;
  options?: readonly OptionSpec[];
  rule: Rule;
}

/** What the caller alone reads: a text, or one with buttons that open links. */
export type Answer = string | { content: string; links: readonly Link[] };

/** A command answers with a text that the caller alone reads. */
export type Command = Described &
  (
    | {
        /** Works where the bot is not a member, too. */
        anywhere?: true;
        /** Works in the bot's direct messages, too. */
        direct?: true;
        target?: never;
        run: (context: CommandContext) => Answer | Promise<Answer>;
      }
    /** Is about one voice channel: refused without one. */
    | { target: true; anywhere?: never; direct?: never; run: (context: TargetContext) => Answer | Promise<Answer> }
  );

/** For the type of a command file: `export const callNext = command({ … })`. */
export const command = (definition: Command): Command => definition;

export const ownGuild = (context: CommandContext) => guildOf(context.env, context.guildId);

export function textOption(context: CommandContext, name: string): string | undefined {
  const value = context.options.get(name);
  return typeof value === 'string' ? value : undefined;
}

export function numberOption(context: CommandContext, name: string): number | undefined {
  const value = context.options.get(name);
  return typeof value === 'number' ? value : undefined;
}

export function booleanOption(context: CommandContext, name: string): boolean | undefined {
  const value = context.options.get(name);
  return typeof value === 'boolean' ? value : undefined;
}
