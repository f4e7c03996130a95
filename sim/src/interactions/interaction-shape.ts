import { randomBytes } from 'node:crypto';
import { ApplicationCommandOptionType as OptionType } from 'discord-api-types/v10';
import { z } from 'zod';
import { channelShape, memberShape, userShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';

export interface CommandOption {
  name: string;
  type?: number | undefined;
  value?: string | number | boolean | undefined;
  options?: CommandOption[] | undefined;
}

/** An option as typed: `type` may be left out and is then told from the value (or from `options`: a subcommand). */
export const commandOptionSchema: z.ZodType<CommandOption> = z.object({
  name: z.string().min(1),
  type: z.number().int().min(1).max(11).optional(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
  get options() {
    return z.array(commandOptionSchema).optional();
  },
});

export interface CommandRequest {
  applicationId: string;
  guildId: string;
  channelId: string;
  userId: string;
  name: string;
  options?: CommandOption[] | undefined;
}

/** A slash command as Discord sends it to the application's URL. */
export function commandInteraction(world: World, request: CommandRequest, commandId: string) {
  const { applicationId, guildId, channelId, userId } = request;
  const application = world.application(applicationId);
  const guild = world.guild(guildId);
  const channel = world.channel(channelId);
  const member = world.member(guildId, userId);
  const options = withTypes(request.options ?? []);
  return {
    ...envelope(world, applicationId),
    type: 2,
    data: {
      id: commandId,
      name: request.name,
      type: 1,
      ...(options.length === 0 ? {} : { options }),
      ...resolved(world, guildId, options),
    },
    guild_id: guildId,
    guild: { id: guildId, locale: 'en-US', features: [] },
    channel_id: channelId,
    channel: {
      ...channelShape(channel),
      permissions: world.channelPermissionsOf(channelId, userId).toString(),
    },
    member: {
      ...memberShape(world, member),
      permissions: world.channelPermissionsOf(channelId, userId).toString(),
    },
    locale: 'en-US',
    guild_locale: 'en-US',
    app_permissions: guild.members.has(application.botUserId)
      ? world.channelPermissionsOf(channelId, application.botUserId).toString()
      : '0',
    entitlements: [],
    authorizing_integration_owners: { 0: guildId },
    context: 0,
    attachment_size_limit: 10_485_760,
  };
}

/** The check that Discord makes when an interactions URL is entered, and now and then afterwards. */
export function pingInteraction(world: World, applicationId: string) {
  const user = world.user(world.application(applicationId).botUserId);
  return { ...envelope(world, applicationId), type: 1, user: userShape(user), entitlements: [] };
}

function envelope(world: World, applicationId: string) {
  const token = randomBytes(96).toString('base64url');
  return { id: world.snowflakes.next(), application_id: applicationId, token, version: 1 };
}

function withTypes(options: CommandOption[]): CommandOption[] {
  return options.map((option) => ({
    ...option,
    type: option.type ?? guessType(option),
    ...(option.options ? { options: withTypes(option.options) } : {}),
  }));
}

function guessType({ value, options }: CommandOption): number {
  if (options?.some((inner) => inner.value === undefined)) return OptionType.SubcommandGroup;
  if (typeof value === 'string') return OptionType.String;
  if (typeof value === 'boolean') return OptionType.Boolean;
  if (typeof value === 'number') return Number.isInteger(value) ? OptionType.Integer : OptionType.Number;
  return OptionType.Subcommand;
}

/** The objects behind user, channel and role options. */
function resolved(world: World, guildId: string, options: CommandOption[]) {
  const users: Record<string, unknown> = {};
  const members: Record<string, unknown> = {};
  const channels: Record<string, unknown> = {};
  const visit = (option: CommandOption): void => {
    const id = String(option.value);
    if (option.type === OptionType.User) {
      const { user, ...member } = memberShape(world, world.member(guildId, id));
      users[id] = user;
      members[id] = member;
    }
    if (option.type === OptionType.Channel) channels[id] = channelShape(world.channel(id));
    option.options?.forEach(visit);
  };
  options.forEach(visit);
  const found = Object.entries({ users, members, channels }).filter(([, entries]) => Object.keys(entries).length > 0);
  return found.length === 0 ? {} : { resolved: Object.fromEntries(found) };
}
