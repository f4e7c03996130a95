import type { Interaction } from '../interactions/interactions.ts';
import type { Operation } from './contract.ts';
import { ControlError } from './errors.ts';
import type { ControlParts, Handlers } from './handlers.ts';
import type { interactionOperations } from './interaction-operations.ts';
import { interactionOf } from './shapes.ts';

type InteractionOperation = keyof ReturnType<typeof interactionOperations> & Operation;

export function interactionHandlers(parts: ControlParts): Pick<Handlers, InteractionOperation> {
  const { world, interactions } = parts;
  const answered = async (interaction: Promise<Interaction>) => interactionOf(world, await interaction);
  return {
    command: ({ variant, ...request }) => answered(interactions.command(request, variant)),
    autocomplete: ({ variant, ...request }) => answered(interactions.autocomplete(request, variant)),
    contextCommand: ({ variant, ...request }) => answered(interactions.contextCommand(request, variant)),
    click: ({ variant, ...request }) => answered(interactions.click(request, variant)),
    select: ({ variant, ...request }) => answered(interactions.select(request, variant)),
    submitModal: ({ interactionId, fields, variant }) => {
      const opener = interactions.get(interactionId);
      if (!opener) throw new ControlError('unknown_interaction', `there is no interaction ${interactionId}`, 404);
      return answered(interactions.submitModal(opener, fields, variant));
    },
    ping: ({ applicationId, variant }) => answered(interactions.ping(applicationId, variant)),
    installForUser: ({ applicationId, userId }) => {
      const { userInstalls } = world.application(applicationId);
      userInstalls.add(world.user(userId).id);
      return {};
    },
    openDirectMessage: ({ botUserId, userId }) => ({ channelId: world.openDirectChannel(botUserId, userId).id }),
  };
}
