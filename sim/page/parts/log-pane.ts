import { useEffect, useRef, useState } from 'preact/hooks';
import type { ControlEvent } from '../../src/control/contract.ts';
import { html } from '../html.ts';
import { channelName, nameOf } from '../state/select.ts';
import { getState, type LogLine, setState, useStore } from '../state/store.ts';
import { Icon } from './icons.ts';

const shownLines = 300;

/** What happens in the simulator, newest last, filtered by words. */
export function LogPane() {
  const log = useStore((state) => state.log);
  const [filter, setFilter] = useState('');
  const list = useRef<HTMLOListElement>(null);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ event }: LogLine) => {
    const text = `${event.type} ${summary(event)} ${JSON.stringify(event)}`.toLowerCase();
    return words.every((word) => (word.startsWith('-') ? !text.includes(word.slice(1)) : text.includes(word)));
  };
  const lines = log.filter(fits).slice(-shownLines);
  useEffect(() => {
    const element = list.current;
    if (element && element.scrollHeight - element.scrollTop - element.clientHeight < 160)
      element.scrollTop = element.scrollHeight;
  }, [lines.at(-1)?.id]);
  const close = () => setState({ panes: { ...getState().panes, log: false } });
  return html`<section class="log" aria-label="Events">
    <header>
      <h2>Events</h2>
      <input type="search" placeholder="Filter: words, -not" aria-label="Filter events" value=${filter} onInput=${(event: InputEvent) => setFilter((event.target as HTMLInputElement).value)} />
      <button class="bare" aria-label="Close events" onClick=${close}><${Icon} name="cross" /></button>
    </header>
    <ol ref=${list} class="scroll">
      ${lines.map(
        ({ id, event }) => html`<li key=${id}>
          <details>
            <summary>
              <time>${new Date(event.at).toTimeString().slice(0, 8)}.${String(event.at % 1000).padStart(3, '0')}</time>
              <b class="kind" data-about=${event.type.split('_')[0]}>${event.type}</b>
              <span class="cut">${summary(event)}</span>
            </summary>
            <pre>${JSON.stringify(event, null, 2)}</pre>
          </details>
        </li>`,
      )}
      ${lines.length === 0 && html`<li class="nothing">Nothing ${words.length > 0 ? 'fits the filter' : 'has happened yet'}.</li>`}
    </ol>
  </section>`;
}

/** Who, where and what, in names instead of ids. */
function summary(event: ControlEvent): string {
  const { world } = getState();
  const parts: string[] = [];
  if ('userId' in event) parts.push(nameOf(world, event.userId, 'guildId' in event ? event.guildId : undefined));
  if ('channelId' in event && event.channelId !== null) parts.push(`#${channelName(world, event.channelId)}`);
  if (event.type === 'speaking') parts.push(event.speaking === 0 ? 'stops' : 'speaks');
  if (event.type === 'epoch') parts.push(`epoch ${event.epoch}, ${event.memberUserIds.length} members`);
  if ('message' in event)
    parts.push(`${nameOf(world, event.message.authorId)}: ${event.message.content || '(no text)'}`);
  if ('interaction' in event) parts.push(`${event.interaction.outcome}, ${event.interaction.latencyMs} ms`);
  if ('name' in event) parts.push(event.name);
  return parts.join(' · ');
}
