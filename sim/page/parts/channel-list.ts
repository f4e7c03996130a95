import type { SnapshotChannel, SnapshotGuild } from '../../src/control/page-operations.ts';
import { attempt, deleteChannel, joinVoice, moveTo, openChannel } from '../actions.ts';
import { html } from '../html.ts';
import { botForm, channelForm, personForm } from '../overlays/forms.ts';
import { openMenu } from '../overlays/menu.ts';
import { useStore } from '../state/store.ts';
import { Icon } from './icons.ts';
import { VoicePeople } from './voice-people.ts';

export function ChannelList({ guild }: { guild: SnapshotGuild | undefined }) {
  if (!guild) return html`<div class="channels"><div class="side-title">No guild yet</div></div>`;
  const top = guild.channels.filter(({ kind, parentId }) => kind !== 'category' && parentId === null);
  const group = (name: string, kind: 'text' | 'voice', channels: SnapshotChannel[]) =>
    html`<section>
      <h3>
        ${name}
        <button class="bare" title=${`Create a ${kind} channel`} aria-label=${`Create a ${kind} channel`} onClick=${() => channelForm(guild, kind)}><${Icon} name="plus" size=${16} /></button>
      </h3>
      <ul>${channels.map((channel) => html`<${ChannelRow} key=${channel.id} guild=${guild} channel=${channel} />`)}</ul>
    </section>`;
  const menu = (event: MouseEvent) =>
    openMenu(event, guild.name, [
      { label: 'Add a person', run: () => personForm(guild) },
      { label: 'Add a bot', run: () => botForm(guild) },
      { label: 'Create a text channel', run: () => channelForm(guild, 'text') },
      { label: 'Create a voice channel', run: () => channelForm(guild, 'voice') },
    ]);
  return html`<div class="channels">
    <button class="side-title" aria-haspopup="menu" onClick=${menu}><span>${guild.name}</span><${Icon} name="folder" size=${18} /></button>
    <div class="scroll">
      ${group(
        'Text channels',
        'text',
        top.filter(({ kind }) => kind !== 'voice' && kind !== 'stage'),
      )}
      ${group(
        'Voice channels',
        'voice',
        top.filter(({ kind }) => kind === 'voice' || kind === 'stage'),
      )}
      ${guild.channels
        .filter(({ kind }) => kind === 'category')
        .map(({ id, name }) =>
          group(
            name,
            'text',
            guild.channels.filter(({ parentId }) => parentId === id),
          ),
        )}
    </div>
  </div>`;
}

function ChannelRow({ guild, channel }: { guild: SnapshotGuild; channel: SnapshotChannel }) {
  const selected = useStore((state) => state.channelId === channel.id);
  const unread = useStore((state) => state.unread.has(channel.id));
  const isVoice = channel.kind === 'voice' || channel.kind === 'stage';
  const here = guild.voiceStates.filter(({ channelId }) => channelId === channel.id);
  const threads = guild.channels.filter(({ kind, parentId }) => kind === 'thread' && parentId === channel.id);
  const open = () => {
    openChannel(guild.id, channel.id);
    if (isVoice) void attempt(() => joinVoice(channel.id));
  };
  const menu = (event: MouseEvent) =>
    openMenu(event, channel.name, [
      { label: 'Open without joining', run: () => openChannel(guild.id, channel.id) },
      { label: 'Copy id', run: () => navigator.clipboard.writeText(channel.id) },
      { label: 'Delete channel', danger: true, run: () => deleteChannel(channel.id) },
    ]);
  const drop = (event: DragEvent) => {
    const userId = event.dataTransfer?.getData('application/x-user');
    if (!isVoice || !userId) return;
    event.preventDefault();
    void attempt(() => moveTo(userId, channel.id));
  };
  const classes = ['channel', selected && 'selected', unread && 'unread', !channel.visible && 'hidden'].filter(Boolean);
  return html`<li onDragOver=${(event: DragEvent) => isVoice && event.preventDefault()} onDrop=${drop}>
    <button class=${classes.join(' ')} aria-current=${selected ? 'true' : undefined} onClick=${open} onContextMenu=${menu}>
      <${Icon} name=${channel.visible ? (isVoice ? 'speaker' : 'hash') : 'lock'} />
      <span class="cut">${channel.name}</span>
      ${channel.userLimit > 0 && html`<small>${here.length}/${channel.userLimit}</small>`}
    </button>
    ${isVoice && html`<${VoicePeople} guild=${guild} states=${here} />`}
    ${threads.length > 0 && html`<ul class="threads">${threads.map((thread) => html`<${ChannelRow} key=${thread.id} guild=${guild} channel=${thread} />`)}</ul>`}
  </li>`;
}
