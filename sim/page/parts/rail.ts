import { openGuild } from '../actions.ts';
import { html } from '../html.ts';
import { guildForm } from '../overlays/forms.ts';
import { directGuildId } from '../state/select.ts';
import { useStore } from '../state/store.ts';
import { initials } from './avatar.ts';
import { Icon } from './icons.ts';

/** Direct messages, guilds, and the way to make one. */
export function Rail() {
  const world = useStore((state) => state.world);
  const guildId = useStore((state) => state.guildId);
  const unread = useStore((state) => state.unread);
  const entry = (id: string, label: string, isUnread: boolean, content: unknown) =>
    html`<li class=${`rail-entry${id === guildId ? ' selected' : ''}${isUnread ? ' unread' : ''}`}>
      <button title=${label} aria-label=${label} aria-current=${id === guildId ? 'true' : undefined} onClick=${() => openGuild(id)}>${content}</button>
    </li>`;
  return html`<ul class="rail">
    ${entry(
      directGuildId,
      'Direct messages',
      world.directChannels.some(({ id }) => unread.has(id)),
      html`<${Icon} name="chat" size=${24} />`,
    )}
    <li class="rail-line"></li>
    ${world.guilds.map(({ id, name, channels }) =>
      entry(
        id,
        name,
        channels.some((channel) => unread.has(channel.id)),
        initials(name),
      ),
    )}
    <li class="rail-entry add">
      <button title="Create a guild" aria-label="Create a guild" onClick=${guildForm}><${Icon} name="plus" size=${24} /></button>
    </li>
  </ul>`;
}
