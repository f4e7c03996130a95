import { html } from '../html.ts';
import { guildForm } from '../overlays/forms.ts';
import { useStore } from '../state/store.ts';

/** What one sees first. */
export function Welcome() {
  const loaded = useStore((state) => state.loaded);
  const guilds = useStore((state) => state.world.guilds.length);
  if (!loaded) return html`<div class="welcome"></div>`;
  return html`<div class="welcome">
    <img src="/page/files/icon.svg" width="72" height="72" alt="" />
    <h2>${guilds === 0 ? 'An empty Discord, all yours' : 'Choose a guild and a channel'}</h2>
    <p>Guilds, people and voice channels live in this process only. Point your bot at this port, then click, type and speak here as any of the people.</p>
    ${guilds === 0 && html`<button class="primary" onClick=${guildForm}>Create a guild</button>`}
  </div>`;
}
