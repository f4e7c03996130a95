import type { ControlMessage } from '../../src/control/contract.ts';
import { html } from '../html.ts';
import { useStore } from '../state/store.ts';

interface Reaction {
  emoji: string | { name: string | null };
  userIds: string[];
}

/** Reactions below a message, when the message has any. */
export function Reactions({ message }: { message: ControlMessage & { reactions?: unknown } }) {
  const meId = useStore((state) => state.meId);
  const reactions = (message.reactions ?? []) as Reaction[];
  if (reactions.length === 0) return null;
  return html`<div class="reactions">
    ${reactions.map(({ emoji, userIds }) => {
      const mine = meId !== undefined && userIds.includes(meId);
      return html`<span class=${`reaction${mine ? ' mine' : ''}`}>${typeof emoji === 'string' ? emoji : (emoji.name ?? '?')} <b>${userIds.length}</b></span>`;
    })}
  </div>`;
}
