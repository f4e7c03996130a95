import type { ControlMessage } from '../../src/control/contract.ts';
import { notify } from '../actions.ts';
import { ComponentList } from '../components/component-list.ts';
import { html } from '../html.ts';
import { openMenu } from '../overlays/menu.ts';
import { Avatar } from '../parts/avatar.ts';
import { BotTag } from '../parts/bot-tag.ts';
import { Icon } from '../parts/icons.ts';
import { contextItems } from '../parts/person-menu.ts';
import { colorOf, guildOf, isBot, nameOf } from '../state/select.ts';
import { getState, useStore } from '../state/store.ts';
import { Attachments } from './attachments.ts';
import { Embed, type EmbedShape } from './embed.ts';
import { MessageFlags } from './flags.ts';
import { Markdown } from './markdown-view.ts';
import { Reactions } from './reactions.ts';

export function Message({ message, compact }: { message: ControlMessage; compact: boolean }) {
  const world = useStore((state) => state.world);
  const guild = useStore(guildOf);
  const { authorId, content, flags } = message;
  const name = nameOf(world, authorId, guild?.id);
  const ephemeral = message.visibleTo !== null;
  const thinking = (flags & MessageFlags.Loading) !== 0;
  const when = new Date(message.createdAt);
  const clock = when.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const edited =
    message.editedAt !== null &&
    html`<span class="edited" title=${new Date(message.editedAt).toLocaleString()}>(edited)</span>`;
  const menu = (event: MouseEvent) => openMenu(event, 'Message', menuItems(message, guild?.id));
  const head = html`<div class="head">
    <b style=${`color:${colorOf(guild, authorId) ?? 'inherit'}`}>${name}</b>${isBot(world, authorId) && html`<${BotTag} />`}
    <time dateTime=${when.toISOString()} title=${when.toLocaleString()}>${clock}</time>
  </div>`;
  return html`<li class=${`message${compact ? ' compact' : ''}${ephemeral ? ' ephemeral' : ''}`} data-message=${message.id} onContextMenu=${menu}>
    <${Origin} message=${message} guildId=${guild?.id} />
    ${message.replyTo !== null && html`<${Reply} messageId=${message.replyTo} channelId=${message.channelId} />`}
    <div class="row">
      <div class="gutter">${compact ? html`<time>${clock}</time>` : html`<${Avatar} id=${authorId} name=${name} size=${40} />`}</div>
      <div class="body">
        ${!compact && head}
        ${
          thinking
            ? html`<div class="thinking"><i></i><i></i><i></i> ${name} is thinking…</div>`
            : content !== '' && html`<div class="content"><${Markdown} text=${content} />${edited}</div>`
        }
        <${Attachments} list=${message.attachments} />
        ${(flags & MessageFlags.SuppressEmbeds) === 0 && message.embeds.map((embed) => html`<${Embed} embed=${embed as EmbedShape} />`)}
        <${ComponentList} message=${message} />
        ${content === '' && !thinking && edited}
        <${Reactions} message=${message} />
        ${ephemeral && html`<div class="only-you"><${Icon} name="lock" size=${14} /> Only you can see this</div>`}
      </div>
      <button class="bare message-more" title="More" aria-label="More" onClick=${menu}><${Icon} name="more" /></button>
    </div>
  </li>`;
}

function menuItems(message: ControlMessage, guildId: string | undefined) {
  const copy = (text: string) => async () => {
    await navigator.clipboard.writeText(text);
    notify('Copied');
  };
  return [
    ...contextItems(guildId, 3, message.id),
    { label: 'Copy text', run: copy(message.content) },
    { label: 'Copy id', run: copy(message.id) },
    { label: 'Copy as JSON', run: copy(JSON.stringify(message, null, 2)) },
  ];
}

/** Who used which command, above the answer. Answers to buttons and modals have no such line. */
function Origin({ message: { interaction }, guildId }: { message: ControlMessage; guildId: string | undefined }) {
  const world = useStore((state) => state.world);
  if (!interaction || (interaction.type ?? 2) !== 2) return null;
  const { userId, commandName } = interaction;
  const name = nameOf(world, userId, guildId);
  return html`<div class="origin">
    <${Avatar} id=${userId} name=${name} size=${16} /><b>${name}</b> used ${commandName === undefined ? 'a command' : html`<span class="mention">${commandName}</span>`}
  </div>`;
}

function Reply({ messageId, channelId }: { messageId: string; channelId: string }) {
  const { world, messages, guildId } = getState();
  const original = messages.get(channelId)?.find(({ id }) => id === messageId);
  return html`<div class="origin">
    ${original ? html`<b>${nameOf(world, original.authorId, guildId)}</b><span class="cut">${original.content || 'Click to see attachment'}</span>` : html`<i>Original message was deleted</i>`}
  </div>`;
}
