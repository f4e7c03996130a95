import { type Env, guildOf } from '../env.ts';
import type { CommandInteraction } from './schema.ts';

/** What a command may use. */
export interface CommandContext {
  env: Env;
  guildId: string;
  userId: string;
  /** Permission bits of the caller in the channel of the command. */
  permissions: bigint;
  options: ReadonlyMap<string, string | number | boolean>;
  /** Channels that the options name. */
  channels: NonNullable<NonNullable<CommandInteraction['data']['resolved']>['channels']>;
}

/** Runs a command and says its answer, shown to the caller alone. */
export type Command = (context: CommandContext) => Promise<string>;

export const textOption = (context: CommandContext, name: string): string | undefined => {
  const value = context.options.get(name);
  return typeof value === 'string' ? value : undefined;
};

export const mayDo = (context: CommandContext, permission: bigint): boolean => {
  const administrator = 1n << 3n;
  return (context.permissions & (permission | administrator)) !== 0n;
};

export const ownGuild = (context: CommandContext) => guildOf(context.env, context.guildId);
