import { useEffect, useRef, useState } from 'preact/hooks';
import { attempt, placeOf, say } from '../actions.ts';
import { html } from '../html.ts';
import { Avatar } from '../parts/avatar.ts';
import { refresh } from '../state/events.ts';
import { channelOf, directGuildId, nameOf } from '../state/select.ts';
import { getState, useStore } from '../state/store.ts';
import { CommandForm } from './command-form.ts';
import { commandsHere, type TypedCommand } from './commands.ts';

/** The box at the bottom: messages, or "/" for a command. */
export function Composer({ channelId }: { channelId: string }) {
  const world = useStore((state) => state.world);
  const meId = useStore((state) => state.meId);
  const channel = useStore(channelOf);
  const guildId = useStore((state) => state.guildId);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [command, setCommand] = useState<TypedCommand | undefined>();
  const box = useRef<HTMLTextAreaElement>(null);
  const typing = text.startsWith('/') && !text.includes('\n');
  const found = typing ? search(commandsHere({ world, guildId, channelId }), text.slice(1)) : [];
  useEffect(() => {
    // Commands may have been registered since; the simulator has no event for that.
    if (typing) void attempt(refresh);
  }, [typing]);
  useEffect(() => {
    if (matchMedia('(min-width: 700px)').matches) box.current?.focus();
  }, [command]);
  const choose = (chosen: TypedCommand | undefined) => {
    if (!chosen) return;
    setCommand(chosen);
    setText('');
    setAt(0);
  };
  const send = async () => {
    const content = text.trim();
    if (content === '' || meId === undefined) return;
    setText('');
    const sent = await attempt(() => say(meId, channelId, content));
    if (!sent) setText(content);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (found.length > 0 && step !== undefined) {
      event.preventDefault();
      setAt((at + step + found.length) % found.length);
    } else if (found.length > 0 && (event.key === 'Tab' || event.key === 'Enter')) {
      event.preventDefault();
      choose(found[at]);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void send();
    } else if (event.key === 'Escape' && typing) setText('');
  };
  if (command && placeOf()) {
    const done = () => setCommand(undefined);
    return html`<div class="composer"><${CommandForm} command=${command} onDone=${done} /></div>`;
  }
  const direct = world.directChannels.find(({ id }) => id === channelId);
  const where =
    guildId === directGuildId ? `@${direct ? nameOf(world, direct.botUserId) : ''}` : `#${channel?.name ?? ''}`;
  const hint =
    meId === undefined ? 'Choose whom to act as' : `Message ${where} as ${nameOf(world, meId, getState().guildId)}`;
  return html`<div class="composer">
    ${typing && html`<${CommandList} found=${found} at=${at} onChoose=${choose} onPoint=${setAt} />`}
    <div class="box">
      <textarea ref=${box} rows=${Math.min(8, text.split('\n').length)} placeholder=${hint} aria-label=${hint} maxlength="2000" disabled=${meId === undefined}
        value=${text} onInput=${(event: InputEvent) => {
          setText((event.target as HTMLTextAreaElement).value);
          setAt(0);
        }} onKeyDown=${onKey}></textarea>
    </div>
  </div>`;
}

function CommandList(props: {
  found: TypedCommand[];
  at: number;
  onChoose: (command: TypedCommand) => void;
  onPoint: (at: number) => void;
}) {
  const { found, at, onChoose, onPoint } = props;
  if (found.length === 0)
    return html`<div class="popup"><p class="nothing">No bot here has registered such a command.</p></div>`;
  return html`<ul class="popup scroll" role="listbox" aria-label="Commands">
    ${found.map(
      (
        command,
        index,
      ) => html`<li role="option" aria-selected=${index === at} class=${index === at ? 'at' : ''} onPointerEnter=${() => onPoint(index)} onClick=${() => onChoose(command)}>
        <${Avatar} id=${command.application.botUserId} name=${command.application.name} size=${28} />
        <span class="command-text"><b>/${command.path.join(' ')}</b> ${command.options.map(({ name, required }) => html`<i class=${required ? '' : 'optional'}>${name}</i>`)}<small class="cut">${command.description}</small></span>
        <small>${command.application.name}</small>
      </li>`,
    )}
  </ul>`;
}

/** Those that begin with the text first, then those that contain it. */
function search(commands: TypedCommand[], text: string): TypedCommand[] {
  const wanted = text.trim().toLowerCase();
  const name = ({ path }: TypedCommand) => path.join(' ').toLowerCase();
  const begins = commands.filter((command) => name(command).startsWith(wanted));
  return [
    ...begins,
    ...commands.filter((command) => !begins.includes(command) && name(command).includes(wanted)),
  ].slice(0, 25);
}
