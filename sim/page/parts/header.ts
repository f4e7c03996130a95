import { html } from '../html.ts';
import { channelOf, directGuildId, nameOf } from '../state/select.ts';
import { getState, type PageState, setState, useStore } from '../state/store.ts';
import { Icon, type IconName } from './icons.ts';

export function Header() {
  const channel = useStore(channelOf);
  const direct = useStore((state) =>
    state.guildId === directGuildId ? state.world.directChannels.find(({ id }) => id === state.channelId) : undefined,
  );
  const world = useStore((state) => state.world);
  const connected = useStore((state) => state.connected);
  const panes = useStore((state) => state.panes);
  const toggle = (pane: keyof PageState['panes']) => () => {
    const { panes } = getState();
    setState({ panes: { ...panes, [pane]: !panes[pane] } });
  };
  const button = (pane: keyof PageState['panes'], name: IconName, label: string) =>
    html`<button class=${`bare${panes[pane] ? ' on' : ''} toggle-${pane}`} title=${label} aria-label=${label} aria-pressed=${panes[pane]} onClick=${toggle(pane)}><${Icon} name=${name} size=${22} /></button>`;
  const title = channel?.name ?? (direct ? nameOf(world, direct.botUserId) : 'Discord in a box');
  const icon = !channel ? 'chat' : channel.kind === 'voice' ? 'speaker' : 'hash';
  return html`<header class="header">
    ${button('navigation', 'list', 'Guilds and channels')}
    <span class="header-icon"><${Icon} name=${icon} size=${22} /></span>
    <h1 class="cut">${title}</h1>
    ${channel && !channel.visible && html`<span class="hint-tag"><${Icon} name="lock" size=${14} /> hidden from you</span>`}
    ${!connected && html`<span class="hint-tag" role="status">the simulator does not answer</span>`}
    <span class="spring"></span>
    ${button('log', 'bolt', 'Events')} ${button('members', 'people', 'Members')}
  </header>`;
}
