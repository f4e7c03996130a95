/** What a message that answers an interaction says of it (https://discord.com/developers/docs/resources/message). */
import { type APIUser, ApplicationCommandType, InteractionType, MessageType } from 'discord-api-types/v10';
import type { Message, MessageInteraction } from './model.ts';

/** The type of a message that answers a command; all others that reply to nothing are plain ones. */
export function typeOfAnswer(interaction: MessageInteraction | undefined): MessageType {
  if (interaction?.type !== InteractionType.ApplicationCommand) return MessageType.Default;
  return interaction.commandType === undefined || interaction.commandType === ApplicationCommandType.ChatInput
    ? MessageType.ChatInputCommand
    : MessageType.ContextMenuCommand;
}

export function interactionFields(message: Message, user: (id: string) => APIUser): Record<string, unknown> {
  const { interaction, guildId } = message;
  if (!interaction) return {};
  const { id, type, userId, applicationId, commandName, commandType, interactedMessageId } = interaction;
  return {
    application_id: applicationId,
    webhook_id: applicationId,
    interaction_metadata: {
      id,
      type,
      user: user(userId),
      authorizing_integration_owners: { 0: guildId ?? '0' },
      ...(commandType === undefined ? {} : { command_type: commandType }),
      ...(commandName === undefined ? {} : { name: commandName }),
      ...(interactedMessageId === undefined ? {} : { interacted_message_id: interactedMessageId }),
    },
    // Deprecated, still sent, and read by many clients.
    ...(type === InteractionType.ApplicationCommand
      ? { interaction: { id, type, name: commandName ?? '', user: user(userId) } }
      : {}),
  };
}
