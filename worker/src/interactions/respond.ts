/** From an interaction to its answer: finds the command, judges the caller, runs it. */
import type { Standing } from '../access/roles.ts';
import { type Env, fleetOf, guildOf } from '../env.ts';
import type { Answer, Choice, Command, CommandContext, OptionSpec } from './command.ts';
import { commandList } from './commands/index.ts';
import { judge, type Lack, permissionKey } from './permissions.ts';
import { isReader, readerRefusal } from './readers.ts';
import { nameOf, wordsOf } from './registration.ts';
import type { CommandInteraction, Option, PressInteraction } from './schema.ts';
import { languageOf, type TextKey, text } from './texts/texts.ts';
import { refusal, reply } from './words.ts';

const SUBCOMMAND = 1;
const GROUP = 2;
const MOST_CHOICES = 25;
const CHOICE_NAME_LIMIT = 100;

const byWords = new Map(commandList.map((command) => [wordsOf(command).join(' '), command]));

/** The command that an interaction names, and the options that were given to it. */
function parse({ data }: CommandInteraction): { command: Command | undefined; options: Option[] } {
  const words = [data.name];
  let options = data.options ?? [];
  for (;;) {
    const [only] = options;
    if (!only || (only.type !== SUBCOMMAND && only.type !== GROUP)) break;
    words.push(only.name);
    options = only.options ?? [];
  }
  return { command: byWords.get(words.join(' ')), options };
}

/** The option that names the voice channel which a command is about. */
const TARGET_OPTION = 'channel';

function contextOf(env: Env, interaction: CommandInteraction, options: readonly Option[]): CommandContext {
  const { guild_id: guildId = '', member, user, data, locale, guild_locale: guildLocale } = interaction;
  const language = languageOf(locale, guildLocale);
  const values = new Map(options.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])));
  const channels = data.resolved?.channels ?? {};
  const named = channels[String(values.get(TARGET_OPTION) ?? '')];
  return {
    env,
    guildId,
    userId: member?.user.id ?? user?.id ?? '',
    ...(member?.roles ? { roles: member.roles } : {}),
    token: interaction.token,
    permissions: BigInt(named?.permissions ?? member?.permissions ?? 0),
    roleIds: member?.roles ?? [],
    options: values,
    channels,
    names: namesOf(data.resolved),
    language,
    say: (key, given) => text(language, key, given),
  };
}

function namesOf(resolved: CommandInteraction['data']['resolved']): Map<string, string> {
  const { users = {}, roles = {} } = resolved ?? {};
  return new Map([
    ...Object.entries(users).map(([id, user]) => [id, user.global_name ?? user.username] as const),
    ...Object.entries(roles).map(([id, role]) => [id, role.name] as const),
  ]);
}

/** What is known of the caller. The staff of a server are known where a command is about a channel. */
const standingOf = (context: CommandContext, more: Partial<Standing> = {}): Standing => ({
  permissions: context.permissions,
  roleIds: context.roleIds,
  reader: isReader(context),
  ...more,
});

/** The answer to somebody who may not. */
function refuseFor(context: CommandContext, lack: NonNullable<Lack>, channelId = ''): string {
  if (lack.kind === 'not_a_reader') return readerRefusal(context);
  const { say } = context;
  return refusal(say(lack.kind, { permission: say(permissionKey(lack.permission)), channel: channelId }), lack.kind);
}

/** Why nothing can be done here; `null`: go on. Asked before any object of the guild is made. */
export async function notHere(env: Env, interaction: CommandInteraction | PressInteraction): Promise<string | null> {
  const { guild_id: guildId, member, locale, guild_locale: guildLocale } = interaction;
  const say = (key: TextKey) => text(languageOf(locale, guildLocale), key);
  if (guildId === undefined || member === undefined) {
    const direct = interaction.user !== undefined && isCommand(interaction) && parse(interaction).command?.direct;
    return direct ? null : refusal(say('guild_only'), 'guild_only');
  }
  if (isCommand(interaction) && worksAnywhere(interaction)) return null;
  return (await fleetOf(env).hasGuild(guildId)) ? null : refusal(say('not_ready'), 'not_ready');
}

const isCommand = (interaction: CommandInteraction | PressInteraction): interaction is CommandInteraction =>
  'name' in interaction.data;

/** What is said when something failed on our side. */
export function failure({ locale, guild_locale: guildLocale }: CommandInteraction | PressInteraction): string {
  return refusal(text(languageOf(locale, guildLocale), 'failure'), 'internal');
}

/** Does the command work where the bot is not a member? Such a command changes nothing and may be replayed. */
export const worksAnywhere = (interaction: CommandInteraction): boolean =>
  parse(interaction).command?.anywhere === true;

/** Runs a command and says its answer; a failure is logged and answered with a sentence. */
export async function runCommand(env: Env, interaction: CommandInteraction): Promise<Answer> {
  const { command, options } = parse(interaction);
  const context = contextOf(env, interaction, options);
  const { say } = context;
  if (!command) return refusal(say('unknown_command'), 'unknown_command');
  try {
    return await allowed(command, context);
  } catch (error) {
    console.error(`interactions: ${command.key} failed`, error);
    return refusal(say('failure'), 'internal');
  }
}

async function allowed(command: Command, context: CommandContext): Promise<Answer> {
  if (!command.target) {
    const lack = judge(command.rule, standingOf(context));
    return lack ? refuseFor(context, lack) : command.run(context);
  }
  const named = context.options.get(TARGET_OPTION);
  const { own, target, staffRole } = await guildOf(context.env, context.guildId).locate(
    context.userId,
    typeof named === 'string' ? named : undefined,
  );
  if (!target) return reply(context.language, { ok: false, code: 'not_in_voice', values: {} });
  const lack = judge(command.rule, standingOf(context, { inChannel: own === target.channelId, staffRole }));
  return lack ? refuseFor(context, lack, target.channelId) : command.run({ ...context, target });
}

/** What is offered while a person types; nothing to those who may not use the command. */
export async function completeOption(env: Env, interaction: CommandInteraction): Promise<Choice[]> {
  const { command, options } = parse(interaction);
  const focused = options.find((option) => option.focused);
  const spec = command?.options?.find((option: OptionSpec) => nameOf(option) === focused?.name);
  if (!command || !spec?.complete) return [];
  const context = contextOf(env, interaction, options);
  if (judge(command.rule, standingOf(context))) return [];
  try {
    const choices = await spec.complete(context, String(focused?.value ?? '').toLowerCase());
    return choices
      .slice(0, MOST_CHOICES)
      .map((choice) => ({ ...choice, name: choice.name.slice(0, CHOICE_NAME_LIMIT) }));
  } catch (error) {
    console.error(`interactions: choices of ${command.key} failed`, error);
    return [];
  }
}
