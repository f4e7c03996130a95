import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ControlMessage } from '../../src/control/contract.ts';
import { html } from '../html.ts';
import { channelName, directGuildId, nameOf } from '../state/select.ts';
import { getState, useStore } from '../state/store.ts';
import { Message } from './message.ts';

/** Messages of one author within this time stand under one name, in ms. */
const togetherMs = 7 * 60_000;
const none: readonly ControlMessage[] = [];

export function MessageList({ channelId }: { channelId: string }) {
  const all = useStore((state) => state.messages.get(channelId)) ?? none;
  const meId = useStore((state) => state.meId);
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  const messages = all.filter(({ visibleTo }) => visibleTo === null || visibleTo === meId);
  useLayoutEffect(() => {
    const element = list.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [messages]);
  const onScroll = () => {
    const element = list.current;
    if (element) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
  };
  return html`<ol class="messages scroll" ref=${list} onScroll=${onScroll} aria-label="Messages">
    <li class="beginning"><${Beginning} channelId=${channelId} /></li>
    ${messages.map((message, index) => {
      const before = messages[index - 1];
      const newDay = before === undefined || dayOf(before) !== dayOf(message);
      return html`${newDay && html`<li class="day" key=${`day ${message.id}`}><span>${dayOf(message)}</span></li>`}
        <${Message} key=${message.id} message=${message} compact=${!newDay && before !== undefined && belongs(before, message)} />`;
    })}
  </ol>`;
}

function Beginning({ channelId }: { channelId: string }) {
  const { world, guildId } = getState();
  const direct = guildId === directGuildId && world.directChannels.find(({ id }) => id === channelId);
  return direct
    ? html`<h2>${nameOf(world, direct.botUserId)}</h2><p>The beginning of this private channel with a bot.</p>`
    : html`<h2>Welcome to ${channelName(world, channelId)}</h2><p>Type a message, or / for the commands of the bots here.</p>`;
}

function belongs(before: ControlMessage, message: ControlMessage): boolean {
  return (
    before.authorId === message.authorId &&
    message.interaction === null &&
    message.replyTo === null &&
    before.visibleTo === message.visibleTo &&
    message.createdAt - before.createdAt < togetherMs
  );
}

function dayOf({ createdAt }: ControlMessage): string {
  return new Date(createdAt).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
}
