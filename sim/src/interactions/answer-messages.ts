/** The messages that answers make and change. */
import { MessageFlags, InteractionResponseType as Type } from 'discord-api-types/v10';
import { emptyMessage } from '../rest/errors.ts';
import { contentOf, isEmpty } from '../rest/message-body.ts';
import type { MessageContent } from '../world/messages.ts';
import type { Message } from '../world/model.ts';
import type { World } from '../world/world.ts';
import type { Callback } from './callback.ts';
import type { Interaction, Outcome } from './interaction.ts';

/** Does what the first answer says. Throws 50006 for a message of nothing. */
export function applyCallback(world: World, interaction: Interaction, callback: Callback): Outcome {
  const { sourceMessageId } = interaction;
  switch (callback.type) {
    case Type.Pong:
      return 'pong';
    case Type.ChannelMessageWithSource: {
      const content = contentOf(callback.data);
      if (isEmpty(content)) throw emptyMessage();
      interaction.responseId = createAnswer(world, interaction, content, sourceMessageId).id;
      return 'message';
    }
    case Type.DeferredChannelMessageWithSource: {
      const flags = (callback.data?.flags ?? 0) | MessageFlags.Loading;
      interaction.responseId = createAnswer(world, interaction, { flags }, sourceMessageId).id;
      return 'deferred';
    }
    case Type.DeferredMessageUpdate:
      interaction.responseId = sourceMessageId;
      return 'deferred_update';
    case Type.UpdateMessage:
      interaction.responseId = sourceMessageId;
      if (sourceMessageId !== undefined && callback.data)
        updateAnswer(world, sourceMessageId, contentOf(callback.data));
      return 'updated';
    case Type.ApplicationCommandAutocompleteResult:
      interaction.choices = callback.data.choices.map(({ name, value }) => ({ name, value }));
      return 'choices';
    case Type.Modal:
      interaction.modal = callback.data;
      return 'modal';
  }
}

export function updateAnswer(world: World, messageId: string, change: MessageContent): Message {
  const { flags } = world.messages.get(messageId);
  // Whether it is ephemeral was decided by the first answer; an edit only ends the "thinking…".
  const kept = (flags & ~MessageFlags.Loading) | ((change.flags ?? 0) & ~MessageFlags.Ephemeral);
  return world.messages.edit(messageId, { ...change, flags: kept });
}

export function createAnswer(
  world: World,
  interaction: Interaction,
  content: MessageContent,
  replyTo: string | undefined,
): Message {
  const { id, userId, applicationId, kind, command, sourceMessageId } = interaction;
  const { botUserId } = world.application(applicationId);
  const ephemeral = ((content.flags ?? 0) & MessageFlags.Ephemeral) !== 0;
  return world.messages.create(interaction.channelId, botUserId, content, {
    interaction: {
      id,
      userId,
      applicationId,
      type: kind,
      commandType: command?.type,
      commandName: command?.name,
      interactedMessageId: sourceMessageId,
    },
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(ephemeral ? { visibleTo: userId } : {}),
  });
}
