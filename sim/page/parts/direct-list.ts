import { openChannel, openDirect } from '../actions.ts';
import { html } from '../html.ts';
import { directGuildId, nameOf } from '../state/select.ts';
import { useStore } from '../state/store.ts';
import { Avatar } from './avatar.ts';
import { BotTag } from './bot-tag.ts';

/** Private channels of the person that one acts as; bots that they have none with can be written to. */
export function DirectList() {
  const world = useStore((state) => state.world);
  const meId = useStore((state) => state.meId);
  const channelId = useStore((state) => state.channelId);
  const unread = useStore((state) => state.unread);
  const mine = world.directChannels.filter(({ userId }) => userId === meId);
  const others = world.applications.filter(({ botUserId }) => !mine.some((channel) => channel.botUserId === botUserId));
  return html`<div class="channels">
    <div class="side-title"><span>Direct messages</span></div>
    <div class="scroll">
      <ul>
        ${mine.map(
          ({ id, botUserId }) => html`<li key=${id}>
            <button class=${`channel direct${id === channelId ? ' selected' : ''}${unread.has(id) ? ' unread' : ''}`} onClick=${() => openChannel(directGuildId, id)}>
              <${Avatar} id=${botUserId} name=${nameOf(world, botUserId)} /><span class="cut">${nameOf(world, botUserId)}</span><${BotTag} />
            </button>
          </li>`,
        )}
      </ul>
      ${
        others.length > 0 &&
        html`<section><h3>Write to</h3><ul>
          ${others.map(
            ({ botUserId, name }) => html`<li key=${botUserId}>
              <button class="channel direct" disabled=${meId === undefined} onClick=${() => openDirect(botUserId)}>
                <${Avatar} id=${botUserId} name=${name} /><span class="cut">${name}</span><${BotTag} />
              </button>
            </li>`,
          )}
        </ul></section>`
      }
    </div>
  </div>`;
}
