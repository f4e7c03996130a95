import type { PageState } from '../state/store.ts';
import { emojiText } from './button.ts';
import type { Entry } from './picker.ts';
import { kind, type SelectShape } from './shapes.ts';

/** What a select offers: its own options, or users, roles and channels of the guild. */
export function entriesOf(select: SelectShape, world: PageState['world'], guildId: string | undefined): Entry[] {
  if ('options' in select)
    return select.options.map(({ value, label, description, emoji }) => ({
      value,
      label: emoji ? `${emojiText(emoji)} ${label}` : label,
      ...(description ? { hint: description } : {}),
    }));
  const guild = world.guilds.find(({ id }) => id === guildId);
  if (!guild) return [];
  const users = guild.members.map(({ userId, nick }) => {
    const name = world.users.find(({ id }) => id === userId)?.name ?? userId;
    return { value: userId, label: nick ?? name, ...(nick === null ? {} : { hint: name }) };
  });
  const roles = guild.roles
    .filter(({ id }) => id !== guild.id)
    .map(({ id, name }) => ({ value: id, label: `@${name}` }));
  if (select.type === kind.userSelect) return users;
  if (select.type === kind.roleSelect) return roles;
  if (select.type === kind.mentionableSelect) return [...users, ...roles];
  const wanted = 'channel_types' in select ? (select.channel_types as number[] | undefined) : undefined;
  return guild.channels
    .filter(({ kind }) => !wanted || wanted.length === 0 || wanted.includes(channelTypes[kind] ?? -1))
    .map(({ id, name, kind }) => ({ value: id, label: `${kind === 'voice' ? '🔊' : '#'} ${name}` }));
}

const channelTypes: Record<string, number> = { text: 0, voice: 2, category: 4, announcement: 5, stage: 13 };

/** What is chosen before anybody chose. */
export function startOf(select: SelectShape): string[] {
  if ('options' in select) return select.options.filter((option) => option.default).map(({ value }) => value);
  const defaults = 'default_values' in select ? (select.default_values as { id: string }[] | undefined) : undefined;
  return defaults?.map(({ id }) => id) ?? [];
}
