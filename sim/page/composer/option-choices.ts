import type { PageState } from '../state/store.ts';
import { type OptionShape, option } from './commands.ts';

export interface Choice {
  name: string;
  value: string;
}

/** What an option can be, when that is a list; undefined when anything can be typed. */
export function choicesOf(
  shape: OptionShape,
  world: PageState['world'],
  guildId: string | undefined,
): Choice[] | undefined {
  const guild = world.guilds.find(({ id }) => id === guildId);
  const users = () =>
    world.users
      .filter(({ id }) => !guild || guild.members.some(({ userId }) => userId === id))
      .map(({ id, name }) => ({ name, value: id }));
  const roles = () =>
    (guild?.roles ?? []).map(({ id, name }) => ({ name: name.startsWith('@') ? name : `@${name}`, value: id }));
  if (shape.choices && shape.choices.length > 0)
    return shape.choices.map(({ name, value }) => ({ name, value: String(value) }));
  switch (shape.type) {
    case option.boolean:
      return [
        { name: 'True', value: 'true' },
        { name: 'False', value: 'false' },
      ];
    case option.user:
      return users();
    case option.role:
      return roles();
    case option.mentionable:
      return [...users(), ...roles()];
    case option.channel:
      return (guild?.channels ?? [])
        .filter(({ kind }) => fits(shape, kind))
        .map(({ id, name, kind }) => ({ name: kind === 'voice' ? `🔊 ${name}` : `#${name}`, value: id }));
    default:
      return undefined;
  }
}

const channelTypes: Record<string, number> = { text: 0, voice: 2, category: 4, announcement: 5, stage: 13 };
function fits({ channel_types: wanted = [] }: OptionShape, kind: string): boolean {
  return wanted.length === 0 || wanted.includes(channelTypes[kind] ?? -1);
}
