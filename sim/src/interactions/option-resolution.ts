/** Puts the objects behind user, channel, role, mentionable and attachment options into `resolved`. */
import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { channelShape } from '../world/shapes.ts';
import type { OptionDefinition, SentOption } from './option.ts';
import { ClientRefusal } from './refusal.ts';
import type { AttachmentInput, Resolved } from './resolved.ts';

/** Throws `invalid_option` for an id that nothing here has, or a channel of the wrong type. */
export function resolveOptions(
  resolved: Resolved,
  options: readonly SentOption[],
  definitions: readonly OptionDefinition[],
  attachments: readonly AttachmentInput[],
): SentOption[] {
  return options.map((option) => {
    const definition = definitions.find(({ name }) => name === option.name);
    if (option.options) {
      return {
        ...option,
        options: resolveOptions(resolved, option.options, definition?.options ?? [], attachments),
      };
    }
    return resolveOption(resolved, option, definition, attachments);
  });
}

function resolveOption(
  resolved: Resolved,
  option: SentOption,
  definition: OptionDefinition | undefined,
  attachments: readonly AttachmentInput[],
): SentOption {
  const id = String(option.value);
  const wrong = (what: string) => new ClientRefusal('invalid_option', `option "${option.name}": ${what}`);
  switch (option.type) {
    case Type.User:
      if (!resolved.user(id)) throw wrong(`there is no user ${id} here`);
      return option;
    case Type.Role:
      if (!resolved.role(id)) throw wrong(`there is no role ${id} here`);
      return option;
    case Type.Mentionable:
      if (!resolved.user(id) && !resolved.role(id)) throw wrong(`there is no user or role ${id} here`);
      return option;
    case Type.Channel: {
      const channel = resolved.channel(id);
      if (!channel) throw wrong(`there is no channel ${id} here that the person can see`);
      const types = definition?.channel_types;
      if (types && !types.includes(channelShape(channel).type))
        throw wrong(`channel ${id} is of type ${channelShape(channel).type}, not one of ${types.join(', ')}`);
      return option;
    }
    case Type.Attachment: {
      const attachment = attachments.find((entry) => entry.id === id);
      if (!attachment) throw wrong(`there is no attachment "${id}"; list it in "attachments"`);
      return { ...option, value: resolved.attachment(attachment) };
    }
    default:
      return option;
  }
}
