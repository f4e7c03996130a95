/** The commands that can be typed in a channel, with subcommands as entries of their own. */
import type { SnapshotApplication } from '../../src/control/page-operations.ts';
import type { UsedOption } from '../actions.ts';
import type { PageState } from '../state/store.ts';

export interface OptionShape {
  type: number;
  name: string;
  description: string;
  required?: boolean;
  choices?: { name: string; value: string | number }[];
  autocomplete?: boolean;
  min_value?: number;
  max_value?: number;
  min_length?: number;
  max_length?: number;
  channel_types?: number[];
  options?: OptionShape[];
}

export interface TypedCommand {
  application: SnapshotApplication;
  /** The command's name, then group and subcommand. */
  path: string[];
  /** Types of the subcommand group (2) and subcommand (1) on the path. */
  steps: { name: string; type: number }[];
  description: string;
  options: OptionShape[];
}

/** Types of options. */
export const option = {
  subcommand: 1,
  group: 2,
  string: 3,
  integer: 4,
  boolean: 5,
  user: 6,
  channel: 7,
  role: 8,
  mentionable: 9,
  number: 10,
  attachment: 11,
} as const;

/** Of the bots in this guild; in a private channel, of its bot. */
export function commandsHere({
  world,
  guildId,
  channelId,
}: Pick<PageState, 'world' | 'guildId' | 'channelId'>): TypedCommand[] {
  const guild = world.guilds.find(({ id }) => id === guildId);
  const direct = world.directChannels.find(({ id }) => id === channelId);
  const here = (application: SnapshotApplication) =>
    guild
      ? guild.members.some(({ userId }) => userId === application.botUserId)
      : direct?.botUserId === application.botUserId;
  return world.applications
    .filter(here)
    .flatMap((application) =>
      application.commands
        .filter(({ type, guildId: scope }) => type === 1 && (scope === null || scope === guild?.id))
        .flatMap(({ name, description, options }) =>
          flatten(application, [name], [], description, options as OptionShape[]),
        ),
    );
}

function flatten(
  application: SnapshotApplication,
  path: string[],
  steps: TypedCommand['steps'],
  description: string,
  options: OptionShape[],
): TypedCommand[] {
  const inner = options.filter(({ type }) => type === option.subcommand || type === option.group);
  if (inner.length === 0) return [{ application, path, steps, description, options }];
  return inner.flatMap(({ name, type, description, options = [] }) =>
    flatten(application, [...path, name], [...steps, { name, type }], description, options),
  );
}

/** What was typed, as Discord sends it: values by their option's type, within the subcommand. */
export function usedOptions(command: TypedCommand, typed: Record<string, string>, focused?: string): UsedOption[] {
  const leaves = command.options.flatMap((each): UsedOption[] => {
    const text = typed[each.name];
    if (text === undefined || (text === '' && each.name !== focused)) return [];
    const value = each.name === focused ? text : typedValue(each, text);
    return [{ name: each.name, type: each.type, value }];
  });
  return command.steps.reduceRight<UsedOption[]>((options, step) => [{ ...step, options }], leaves);
}

function typedValue({ type }: OptionShape, text: string): string | number | boolean {
  if (type === option.integer || type === option.number) return Number(text);
  return type === option.boolean ? text === 'true' : text;
}
