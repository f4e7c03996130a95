import { html } from '../html.ts';

export function BotTag() {
  return html`<span class="tag">APP</span>`;
}
