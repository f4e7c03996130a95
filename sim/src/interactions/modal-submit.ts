/** A person fills in a modal and sends it. */
import { ComponentType } from 'discord-api-types/v10';
import { messageShape } from '../world/shapes.ts';
import type { World } from '../world/world.ts';
import { interactiveSchema } from './component-tree.ts';
import { outgoing, placeOf } from './envelope.ts';
import { type Interaction, Kind, type Outgoing } from './interaction.ts';
import type { Modal, ModalRow, TextInput } from './modal.ts';
import { ClientRefusal } from './refusal.ts';
import { Resolved } from './resolved.ts';
import { checkSelection } from './select-values.ts';

/** What is typed and chosen, by the `custom_id` of the field: text, or the values of a select. */
export type ModalFields = Record<string, string | string[]>;

/** Throws `no_modal`, `unknown_field`, `missing_field`, `invalid_field`, `invalid_values`. */
export function modalInteraction(world: World, opener: Interaction, fields: ModalFields): Outgoing {
  const { modal, applicationId, channelId, userId, sourceMessageId } = opener;
  if (!modal)
    throw new ClientRefusal('no_modal', `interaction ${opener.id} has no open modal; it opened none, or it was sent`);
  const place = placeOf(world, { applicationId, channelId, userId });
  const resolved = new Resolved(world, place);
  const taken = new Set<string>();
  const components = filled(modal, fields, resolved, taken);
  const unknown = Object.keys(fields).find((key) => !taken.has(key));
  if (unknown !== undefined) {
    const known = [...taken].join(', ') || 'none';
    throw new ClientRefusal('unknown_field', `the modal has no field "${unknown}"; it has: ${known}`);
  }
  const data = { custom_id: modal.custom_id, components, ...resolved.fields };
  const source = sourceMessageId === undefined ? undefined : world.messages.get(sourceMessageId);
  return outgoing(world, place, Kind.Modal, data, {
    ...(source ? { message: messageShape(world, source), sourceMessageId: source.id } : {}),
  });
}

function filled(modal: Modal, fields: ModalFields, resolved: Resolved, taken: Set<string>): unknown[] {
  let counter = 0;
  const number = (id: number | undefined) => {
    counter += 1;
    return id ?? counter;
  };
  const one = (component: TextInput | Extract<ModalRow, { type: 18 }>['component']) => {
    const { type, custom_id } = component;
    taken.add(custom_id);
    const id = number(component.id);
    const given = fields[custom_id];
    if (component.type === ComponentType.TextInput)
      return { type, id, custom_id, value: typed(component, given ?? component.value ?? '') };
    const values = given === undefined ? [] : [given].flat();
    if (values.length === 0 && component.required)
      throw new ClientRefusal('missing_field', `field "${custom_id}" is required; choose something`);
    // A field that may be left out has no minimum until something is chosen.
    if (values.length > 0) checkSelection(interactiveSchema.parse(component), values, resolved);
    return { type, id, custom_id, values };
  };
  return modal.components.map((entry) => {
    const id = number(entry.id);
    if (entry.type === ComponentType.Label) return { type: entry.type, id, component: one(entry.component) };
    if (entry.type === ComponentType.ActionRow)
      return { type: entry.type, id, components: entry.components.map((component) => one(component)) };
    return { type: entry.type, id };
  });
}

function typed(
  { custom_id, required, min_length = 0, max_length = 4000 }: TextInput,
  value: string | string[],
): string {
  if (typeof value !== 'string') throw new ClientRefusal('invalid_field', `field "${custom_id}" takes text`);
  if (value === '' && required) throw new ClientRefusal('missing_field', `field "${custom_id}" is required`);
  if (value === '') return value;
  if (value.length < min_length || value.length > max_length)
    throw new ClientRefusal('invalid_field', `field "${custom_id}" takes ${min_length} to ${max_length} characters`);
  return value;
}
