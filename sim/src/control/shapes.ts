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
    reactions: [],
  };
}

/** An interaction that has come to an outcome. */
export function interactionOf(world: World, interaction: Interaction): ControlInteraction {
  const { outcome, latencyMs } = interaction;
  if (outcome === undefined || latencyMs === undefined)
    throw new Error(`interaction ${interaction.id} has no outcome yet`);
  return {
    interactionId: interaction.id,
    outcome,
    status: interaction.status ?? null,
    refusal: interaction.refusal ?? null,
    latencyMs,
    message: interaction.responseId === undefined ? null : messageOf(world.messages.get(interaction.responseId)),
    followUps: interaction.followUpIds.map((id) => messageOf(world.messages.get(id))),
  };
}
