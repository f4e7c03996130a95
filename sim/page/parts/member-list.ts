import type { SnapshotGuild, SnapshotMember } from '../../src/control/page-operations.ts';
import { html } from '../html.ts';
import { botForm, personForm } from '../overlays/forms.ts';
import { applicationOfBot, colorOf, cssColor, isBot, nameOf } from '../state/select.ts';
import { useStore } from '../state/store.ts';
import { Avatar } from './avatar.ts';
import { BotTag } from './bot-tag.ts';
import { personMenu } from './person-menu.ts';

export function MemberList({ guild }: { guild: SnapshotGuild }) {
  const world = useStore((state) => state.world);
  const bots = guild.members.filter(({ userId }) => isBot(world, userId));
  const people = guild.members.filter(({ userId }) => !isBot(world, userId));
  const group = (title: string, members: SnapshotMember[], add: () => void) =>
    html`<section>
      <h3>${title} — ${members.length}</h3>
      <ul>${members.map((member) => html`<${MemberRow} key=${member.userId} guild=${guild} member=${member} />`)}</ul>
      <button class="quiet add-row" onClick=${add}>Add a ${title === 'Bots' ? 'bot' : 'person'}</button>
    </section>`;
  return html`<aside class="members scroll" aria-label="Members">
    ${group('People', people, () => personForm(guild))} ${group('Bots', bots, () => botForm(guild))}
  </aside>`;
}

function MemberRow({ guild, member }: { guild: SnapshotGuild; member: SnapshotMember }) {
  const world = useStore((state) => state.world);
  const me = useStore((state) => state.meId === member.userId);
  const { userId } = member;
  const name = nameOf(world, userId, guild.id);
  const application = applicationOfBot(world, userId);
  const online = !application || application.online || application.interactionsUrl !== null;
  const roles = guild.roles.filter(({ id, managed }) => !managed && member.roleIds.includes(id));
  const open = (event: MouseEvent) => personMenu(event, guild, userId);
  return html`<li>
    <button class=${`member${online ? '' : ' offline'}`} onClick=${open} onContextMenu=${open}>
      <${Avatar} id=${userId} name=${name} status=${online ? 'on' : 'off'} />
      <span class="member-text">
        <span class="member-name">
          <span class="cut" style=${`color:${colorOf(guild, userId) ?? 'inherit'}`}>${name}</span>
          ${application && html`<${BotTag} />`}
          ${userId === guild.ownerId && html`<span class="crown" title="Owner">♛</span>`}
          ${me && html`<span class="you">you</span>`}
        </span>
        ${
          roles.length > 0 &&
          html`<span class="roles">${roles.map(({ name, color }) => html`<i style=${`--role:${color === 0 ? '#99aab5' : cssColor(color)}`}>${name}</i>`)}</span>`
        }
        ${application && html`<small>${application.online ? 'Connected to the gateway' : application.interactionsUrl === null ? 'Not connected' : 'Takes interactions by HTTP'}</small>`}
      </span>
    </button>
  </li>`;
}
