import { dismiss } from '../actions.ts';
import { html } from '../html.ts';
import { Icon } from '../parts/icons.ts';
import { useStore } from '../state/store.ts';

/** What went wrong, in the simulator's own words. */
export function Notices() {
  const notices = useStore((state) => state.notices);
  return html`<div class="notices" role="status">
    ${notices.map(
      ({ id, text }) => html`<div class="notice" key=${id}>
        <span>${text}</span>
        <button class="bare" aria-label="Dismiss" onClick=${() => dismiss(id)}><${Icon} name="cross" size=${16} /></button>
      </div>`,
    )}
  </div>`;
}
