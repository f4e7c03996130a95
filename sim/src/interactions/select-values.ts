import { ComponentType } from 'discord-api-types/v10';
import { channelShape } from '../world/shapes.ts';
import type { Interactive } from './component-tree.ts';
import { ClientRefusal } from './refusal.ts';
import type { Resolved } from './resolved.ts';

/** Checks what a person chose in a select of a message or modal, and resolves the ids. Throws `invalid_values`. */
export function checkSelection(select: Interactive, values: readonly string[], resolved: Resolved): void {
  const { custom_id, type, min_values, max_values, options, channel_types } = select;
  const wrong = (what: string) => new ClientRefusal('invalid_values', `select "${custom_id}": ${what}`);
  if (new Set(values).size !== values.length) throw wrong('a value is given twice');
  if (values.length < min_values || values.length > max_values)
    throw wrong(`choose ${min_values} to ${max_values} values, not ${values.length}`);
  for (const value of values) {
    if (!exists(value)) throw wrong(`"${value}" is not offered`);
  }

  function exists(value: string): boolean {
    switch (type) {
      case ComponentType.StringSelect:
        return options.some((option) => option.value === value);
      case ComponentType.UserSelect:
        return resolved.user(value);
      case ComponentType.RoleSelect:
        return resolved.role(value);
      case ComponentType.MentionableSelect:
        return resolved.user(value) || resolved.role(value);
      case ComponentType.ChannelSelect: {
        const channel = resolved.channel(value);
        return (
          channel !== undefined && (channel_types.length === 0 || channel_types.includes(channelShape(channel).type))
        );
      }
      default:
        return false;
    }
  }
}
