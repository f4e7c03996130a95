import type { Interaction } from '../interactions/interactions.ts';
import type { Message } from '../world/model.ts';
import type { World } from '../world/world.ts';
import type { ControlInteraction, ControlMessage } from './contract.ts';

export function messageOf(message: Message): ControlMessage {
  return {
    id: message.id,
    channelId: message.channelId,
    authorId: message.authorId,
    content: message.content,
    embeds: message.embeds,
    components: message.components,
    flags: message.flags,
    createdAt: message.createdAt,
    editedAt: message.editedAt ?? null,
    visibleTo: message.visibleTo ?? null,
    attachments: message.attachments,
    replyTo: message.replyTo ?? null,
    interaction: message.interaction ?? null,
    reactions: [...message.reactions].map(([emoji, users]) => ({ emoji, userIds: [...users] })),
  };
}

/** An interaction that has come to an outcome. */
export function interactionOf(world: World, interaction: Interaction): ControlInteraction {
  const { outcome, latencyMs } = interaction;
  if (outcome === undefined || latencyMs === undefined)
    throw new Error(`interaction ${interaction.id} has no outcome yet`);
  const original = interaction.responseId;
  const kept = (id: string) => world.messages.has(id);
  return {
    interactionId: interaction.id,
    outcome,
    status: interaction.status ?? null,
    refusal: interaction.refusal ?? null,
    latencyMs,
    message: original === undefined || !kept(original) ? null : messageOf(world.messages.get(original)),
    followUps: interaction.followUpIds.filter(kept).map((id) => messageOf(world.messages.get(id))),
    modal: interaction.modal
      ? {
          customId: interaction.modal.custom_id,
          title: interaction.modal.title,
          components: interaction.modal.components,
        }
      : null,
    choices: interaction.choices ?? null,
  };
}
