/** A person clicks a button or chooses in a select of a message. */
import { ButtonStyle, ComponentType } from 'discord-api-types/v10';
import type { Message } from '../world/model.ts';
import { messageShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { type Interactive, interactiveIn, selectTypes } from './component-tree.ts';
import { outgoing, type Place, placeOf } from './envelope.ts';
import { Kind, type Outgoing } from './interaction.ts';
import { ClientRefusal } from './refusal.ts';
import { Resolved } from './resolved.ts';
import { checkSelection } from './select-values.ts';

export interface ClickRequest {
  userId: string;
  messageId: string;
  customId: string;
}
export type SelectRequest = ClickRequest & { values: string[] };

export function clickInteraction(world: World, request: ClickRequest): Outgoing {
  const { place, message, component } = find(world, request);
  if (component.type !== ComponentType.Button || component.style === ButtonStyle.Link)
    throw new ClientRefusal('unknown_component', `component "${request.customId}" is no button to click; use select`);
  return send(world, place, message, component, {});
}

export function selectInteraction(world: World, request: SelectRequest): Outgoing {
  const { place, message, component } = find(world, request);
  if (!selectTypes.includes(component.type))
    throw new ClientRefusal('unknown_component', `component "${request.customId}" is no select; use click`);
  const resolved = new Resolved(world, place);
  checkSelection(component, request.values, resolved);
  return send(world, place, message, component, { values: request.values, ...resolved.fields });
}

/** Whose message it is answers for its components. Throws `not_visible`, `unknown_component`, `disabled_component`. */
function find(world: World, { userId, messageId, customId }: ClickRequest) {
  const message = world.messages.get(messageId);
  if (message.visibleTo !== undefined && message.visibleTo !== userId)
    throw new ClientRefusal('not_visible', `message ${messageId} is shown to user ${message.visibleTo} alone`);
  const application = message.interaction
    ? world.application(message.interaction.applicationId)
    : world.applicationOfBot(message.authorId);
  const place = placeOf(world, { applicationId: application.id, channelId: message.channelId, userId });
  const all = interactiveIn(message.components);
  const component = all.find((entry) => entry.custom_id === customId);
  if (!component) {
    const known = all.map((entry) => entry.custom_id).join(', ') || 'none';
    throw new ClientRefusal('unknown_component', `message ${messageId} has no "${customId}"; it has: ${known}`);
  }
  if (component.disabled) throw new ClientRefusal('disabled_component', `component "${customId}" is disabled`);
  return { place, message, component };
}

function send(
  world: World,
  place: Place,
  message: Message,
  { type, custom_id, id }: Interactive,
  more: object,
): Outgoing {
  const data = { component_type: type, custom_id, id, ...more };
  return outgoing(world, place, Kind.Component, data, {
    message: messageShape(world, message),
    sourceMessageId: message.id,
  });
}
