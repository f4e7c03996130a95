import type { SnapshotGuild, SnapshotVoiceState } from '../../src/control/page-operations.ts';
import { html } from '../html.ts';
import { isBot, nameOf } from '../state/select.ts';
import { useStore } from '../state/store.ts';
import { Avatar } from './avatar.ts';
import { BotTag } from './bot-tag.ts';
import { Icon } from './icons.ts';
import { personMenu } from './person-menu.ts';

/** Who is in a voice channel, under its name. */
export function VoicePeople({ guild, states }: { guild: SnapshotGuild; states: SnapshotVoiceState[] }) {
  const world = useStore((state) => state.world);
  const speaking = useStore((state) => state.speaking);
  if (states.length === 0) return null;
  return html`<ul class="voice-people">
    ${states.map(
      (state) => html`<li key=${state.userId}>
        <button class=${`voice-person${speaking.has(state.userId) ? ' speaking' : ''}`} draggable="true" data-user=${state.userId}
          onDragStart=${(event: DragEvent) => event.dataTransfer?.setData('application/x-user', state.userId)}
          onClick=${(event: MouseEvent) => personMenu(event, guild, state.userId)}
          onContextMenu=${(event: MouseEvent) => personMenu(event, guild, state.userId)}>
          <${Avatar} id=${state.userId} name=${nameOf(world, state.userId, guild.id)} size=${24} speaking=${speaking.has(state.userId)} />
          <span class="cut">${nameOf(world, state.userId, guild.id)}</span>
          ${isBot(world, state.userId) && html`<${BotTag} />`}
          <${VoiceMarks} guild=${guild} state=${state} />
        </button>
      </li>`,
    )}
  </ul>`;
}

/** Muted, deafened (red: by a moderator), camera, stream. */
export function VoiceMarks({ guild, state }: { guild: SnapshotGuild; state: SnapshotVoiceState }) {
  const member = guild.members.find(({ userId }) => userId === state.userId);
  return html`<span class="marks">
    ${state.selfStream && html`<b class="live">LIVE</b>`}
    ${state.selfVideo && html`<span title="Camera on"><${Icon} name="camera" size=${16} /></span>`}
    ${
      (member?.mute || state.selfMute) &&
      html`<span class=${member?.mute ? 'red' : ''} title=${member?.mute ? 'Muted by a moderator' : 'Muted'}><${Icon} name="micOff" size=${16} /></span>`
    }
    ${
      (member?.deaf || state.selfDeaf) &&
      html`<span class=${member?.deaf ? 'red' : ''} title=${member?.deaf ? 'Deafened by a moderator' : 'Deafened'}><${Icon} name="earOff" size=${16} /></span>`
    }
  </span>`;
}
