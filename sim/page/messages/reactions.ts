import type { ControlMessage } from '../../src/control/contract.ts';
import { html } from '../html.ts';
import { nameOf } from '../state/select.ts';
import { useStore } from '../state/store.ts';

/** Reactions below a message, when the message has any. */
export function Reactions({ message: { reactions } }: { message: ControlMessage }) {
  const meId = useStore((state) => state.meId);
  const world = useStore((state) => state.world);
  if (reactions.length === 0) return null;
  return html`<div class="reactions">
    ${reactions.map(({ emoji, userIds }) => {
      const mine = meId !== undefined && userIds.includes(meId);
      const who = userIds.map((userId) => nameOf(world, userId)).join(', ');
      // Emoji of guilds come as name:id; there are no pictures of them here.
      const shown = /^\w+:\d+$/.test(emoji) ? `:${emoji.split(':')[0]}:` : emoji;
      return html`<span key=${emoji} class=${`reaction${mine ? ' mine' : ''}`} title=${who}>${shown} <b>${userIds.length}</b></span>`;
    })}
  </div>`;
}
