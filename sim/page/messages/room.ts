import { Composer } from '../composer/composer.ts';
import { html } from '../html.ts';
import { channelOf, guildOf } from '../state/select.ts';
import { useStore } from '../state/store.ts';
import { MessageList } from './message-list.ts';
import { Stage } from './stage.ts';

/** A channel: the people in it (voice), what was written, and the box to write in. */
export function Room({ channelId }: { channelId: string }) {
  const guild = useStore(guildOf);
  const channel = useStore(channelOf);
  const isVoice = channel?.kind === 'voice' || channel?.kind === 'stage';
  return html`<div class="room">
    ${guild && channel && isVoice && html`<${Stage} guild=${guild} channel=${channel} />`}
    <${MessageList} channelId=${channelId} />
    <${Composer} channelId=${channelId} />
  </div>`;
}
