/** Which registered command a person means, and whether Discord's client would offer it to them here. */
import { type APIApplicationCommand, ApplicationCommandType, PermissionFlagsBits } from 'discord-api-types/v10';
import { messageShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { outgoing, type Place, placeOf } from './envelope.ts';
import { Kind, type Outgoing } from './interaction.ts';
import { type CommandOption, guessTypes, type OptionDefinition, type SentOption } from './option.ts';
import { checkOptions } from './option-check.ts';
import { resolveOptions } from './option-resolution.ts';
import { ClientRefusal } from './refusal.ts';
import { type AttachmentInput, Resolved } from './resolved.ts';

interface Where {
  applicationId: string;
  /** A channel of a guild, or a private one. */
  channelId: string;
  userId: string;
  guildId?: string | undefined;
}

export interface CommandRequest extends Where {
  name: string;
  options?: CommandOption[] | undefined;
  attachments?: AttachmentInput[] | undefined;
}
/** `focused`: the name of the option that is being typed. */
export type AutocompleteRequest = CommandRequest & { focused: string };
/** A command from the menu of a user or a message; exactly one of the two is named. */
export type ContextCommandRequest = Where & {
  name: string;
  targetUserId?: string | undefined;
  targetMessageId?: string | undefined;
};

export function commandInteraction(world: World, request: CommandRequest | AutocompleteRequest): Outgoing {
  const place = placeOf(world, request);
  const focused = 'focused' in request ? request.focused : undefined;
  const command = registered(world, place, request.name, ApplicationCommandType.ChatInput);
  const definitions = (command?.options ?? []) as OptionDefinition[];
  const given = request.options ?? [];
  const typed = command ? checkOptions(definitions, given, focused) : guessTypes(given);
  const resolved = new Resolved(world, place);
  // While typing, ids may still be half written.
  const options =
    focused === undefined ? resolveOptions(resolved, typed, definitions, request.attachments ?? []) : typed;
  const typing = focused === undefined ? undefined : focusedOption(options, focused);
  const data = {
    id: command?.id ?? world.snowflakes.next(),
    name: request.name,
    type: ApplicationCommandType.ChatInput,
    ...(options.length === 0 ? {} : { options }),
    ...(command && 'guild_id' in command ? { guild_id: command.guild_id } : {}),
    ...resolved.fields,
  };
  return outgoing(world, place, typing ? Kind.Autocomplete : Kind.Command, data, {
    command: { type: ApplicationCommandType.ChatInput, name: request.name },
    focusedType: typing?.type,
  });
}

export function contextInteraction(world: World, request: ContextCommandRequest): Outgoing {
  const place = placeOf(world, request);
  const { name, targetMessageId, targetUserId } = request;
  const type = targetMessageId === undefined ? ApplicationCommandType.User : ApplicationCommandType.Message;
  const command = registered(world, place, name, type);
  const resolved = new Resolved(world, place);
  const target = targetMessageId ?? targetUserId ?? '';
  if (targetMessageId === undefined) {
    if (!resolved.user(target)) throw new ClientRefusal('invalid_option', `there is no user ${target} here`);
  } else {
    const message = world.messages.get(targetMessageId);
    if (message.channelId !== place.channel.id || (message.visibleTo ?? place.userId) !== place.userId)
      throw new ClientRefusal('not_visible', `user ${place.userId} does not see message ${target} in that channel`);
    resolved.message(target, messageShape(world, message));
  }
  const data = {
    id: command?.id ?? world.snowflakes.next(),
    name,
    type,
    target_id: target,
    ...(command && 'guild_id' in command ? { guild_id: command.guild_id } : {}),
    ...resolved.fields,
  };
  return outgoing(world, place, Kind.Command, data, { command: { type, name } });
}

/**
 * An application that has registered commands can be sent only those; one that has none gets any (a convenience), and
 * then nothing is checked.
 */
function registered(world: World, place: Place, name: string, type: number): APIApplicationCommand | undefined {
  const { application, guildId } = place;
  const ofGuild = guildId === undefined ? [] : (application.commands.get(guildId) ?? []);
  const known = [...ofGuild, ...(application.commands.get('global') ?? [])];
  if ([...application.commands.values()].every((list) => list.length === 0)) return undefined;
  const command = known.find((entry) => entry.name === name && entry.type === type);
  if (!command) {
    const names = known.map((entry) => entry.name).join(', ') || 'none';
    throw new ClientRefusal('unknown_command', `no command "${name}" of type ${type} is offered here; known: ${names}`);
  }
  checkOffered(world, place, command);
  return command;
}

function checkOffered(world: World, place: Place, command: APIApplicationCommand): void {
  const { application, channel, guildId, userId, context } = place;
  const contexts: readonly number[] = command.contexts ?? [0, 1];
  if (command.guild_id === undefined && !contexts.includes(context))
    throw new ClientRefusal(
      'wrong_context',
      `"${command.name}" is for contexts ${contexts.join(', ')}, not ${context}`,
    );
  const types: readonly number[] = command.integration_types ?? [0];
  const byGuild = guildId === undefined ? context === 1 : world.guild(guildId).members.has(application.botUserId);
  const byUser = types.includes(1) && application.userInstalls.has(userId);
  if (!byUser && !(byGuild && types.includes(0)) && command.guild_id === undefined) {
    const message = `application ${application.id} is not installed here; use addBot or installForUser`;
    throw new ClientRefusal('not_installed', message);
  }
  if (channel.kind === 'dm') return;
  if (command.nsfw && !channel.nsfw)
    throw new ClientRefusal('nsfw_only', `"${command.name}" is only for age-restricted channels`);
  const permissions = world.channelPermissionsOf(channel.id, userId);
  const allowed = (bits: bigint) =>
    (permissions & PermissionFlagsBits.Administrator) !== 0n || (bits !== 0n && (permissions & bits) === bits);
  if (!allowed(PermissionFlagsBits.UseApplicationCommands))
    throw new ClientRefusal('missing_user_permissions', `user ${userId} may not use application commands there`);
  const needed = command.default_member_permissions;
  // "0" is Discord's way of saying: administrators only.
  if (needed !== null && needed !== undefined && !allowed(BigInt(needed)))
    throw new ClientRefusal('missing_user_permissions', `"${command.name}" needs permissions ${needed}`);
}

function focusedOption(options: readonly SentOption[], name: string): SentOption {
  const all = (list: readonly SentOption[]): SentOption[] =>
    list.flatMap((option) => [option, ...all(option.options ?? [])]);
  const found = all(options).find((option) => option.name === name);
  if (!found)
    throw new ClientRefusal('unknown_option', `option "${name}" is not among those given; give what is typed`);
  return found;
}
