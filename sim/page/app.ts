import { useEffect } from 'preact/hooks';
import { openChannel } from './actions.ts';
import { html } from './html.ts';
import { Room } from './messages/room.ts';
import { Menu } from './overlays/menu.ts';
import { Notices } from './overlays/notices.ts';
import { ChannelList } from './parts/channel-list.ts';
import { DirectList } from './parts/direct-list.ts';
import { Header } from './parts/header.ts';
import { LogPane } from './parts/log-pane.ts';
import { MePanel } from './parts/me-panel.ts';
import { MemberList } from './parts/member-list.ts';
import { Rail } from './parts/rail.ts';
import { Welcome } from './parts/welcome.ts';
import { directGuildId, guildOf } from './state/select.ts';
import { getState, setState, useStore } from './state/store.ts';

export function App() {
  const loaded = useStore((state) => state.loaded);
  const guild = useStore(guildOf);
  const guildId = useStore((state) => state.guildId);
  const channelId = useStore((state) => state.channelId);
  const panes = useStore((state) => state.panes);
  const dialog = useStore((state) => state.dialog);
  const direct = guildId === directGuildId;
  useEffect(() => {
    // The place that the tab was at before it was loaded again.
    if (loaded && guildId !== undefined && channelId !== undefined) openChannel(guildId, channelId);
  }, [loaded]);
  const classes = [
    'app',
    panes.navigation && 'with-navigation',
    panes.members && guild && 'with-members',
    panes.log && 'with-log',
  ];
  const closeNavigation = () => setState({ panes: { ...getState().panes, navigation: false } });
  return html`<div class=${classes.filter(Boolean).join(' ')}>
    <nav class="navigation" aria-label="Guilds and channels">
      <${Rail} />
      <div class="side">
        ${direct ? html`<${DirectList} />` : html`<${ChannelList} guild=${guild} />`}
        <${MePanel} />
      </div>
    </nav>
    <div class="shade" onClick=${closeNavigation}></div>
    <main class="main">
      <${Header} />
      ${loaded && (guild || direct) && channelId !== undefined ? html`<${Room} key=${channelId} channelId=${channelId} />` : html`<${Welcome} />`}
    </main>
    ${guild && panes.members && html`<${MemberList} guild=${guild} />`}
    ${panes.log && html`<${LogPane} />`}
    <${Menu} />
    ${dialog}
    <${Notices} />
  </div>`;
}
