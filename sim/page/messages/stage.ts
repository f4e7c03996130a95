import type { SnapshotChannel, SnapshotGuild } from '../../src/control/page-operations.ts';
import { attempt, joinVoice } from '../actions.ts';
import { html } from '../html.ts';
import { Avatar, avatarColor } from '../parts/avatar.ts';
import { BotTag } from '../parts/bot-tag.ts';
import { Icon } from '../parts/icons.ts';
import { personMenu } from '../parts/person-menu.ts';
import { VoiceMarks } from '../parts/voice-people.ts';
import { isBot, nameOf } from '../state/select.ts';
import { useStore } from '../state/store.ts';

/** The people of a voice channel as tiles. */
export function Stage({ guild, channel }: { guild: SnapshotGuild; channel: SnapshotChannel }) {
  const world = useStore((state) => state.world);
  const meId = useStore((state) => state.meId);
  const speaking = useStore((state) => state.speaking);
  const here = guild.voiceStates.filter(({ channelId }) => channelId === channel.id);
  const inside = here.some(({ userId }) => userId === meId);
  return html`<div class="stage">
    <div class=${`tiles count-${Math.min(here.length, 6)}`}>
      ${here.map((state) => {
        const { userId } = state;
        const name = nameOf(world, userId, guild.id);
        const classes = [
          'tile',
          speaking.has(userId) && 'speaking',
          state.selfVideo && 'video',
          state.selfStream && 'stream',
        ];
        const open = (event: MouseEvent) => personMenu(event, guild, userId);
        return html`<button key=${userId} class=${classes.filter(Boolean).join(' ')} style=${`--own:${avatarColor(userId)}`} onClick=${open} onContextMenu=${open}>
          ${state.selfStream && html`<span class="tile-note"><${Icon} name="screen" size=${18} /> is streaming</span>`}
          ${state.selfVideo && !state.selfStream && html`<span class="tile-note"><${Icon} name="camera" size=${18} /> camera on</span>`}
          <${Avatar} id=${userId} name=${name} size=${64} />
          <span class="tile-name"><span class="cut">${name}</span>${isBot(world, userId) && html`<${BotTag} />`}<${VoiceMarks} guild=${guild} state=${state} /></span>
        </button>`;
      })}
      ${here.length === 0 && html`<p class="empty-stage">Nobody is in this channel.</p>`}
    </div>
    ${!inside && html`<button class="primary join" disabled=${meId === undefined} onClick=${() => attempt(() => joinVoice(channel.id))}>Join voice</button>`}
  </div>`;
}
