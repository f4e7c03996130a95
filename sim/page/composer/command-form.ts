import { useEffect, useRef, useState } from 'preact/hooks';
import { attempt, placeOf, useCommand } from '../actions.ts';
import { html } from '../html.ts';
import { handleOutcome } from '../overlays/modal.ts';
import { Icon } from '../parts/icons.ts';
import { type TypedCommand, usedOptions } from './commands.ts';
import { OptionInput } from './option-input.ts';

/** A chosen command with its options as pills: Tab goes through them, Enter sends, Escape gives up. */
export function CommandForm({ command, onDone }: { command: TypedCommand; onDone: () => void }) {
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [added, setAdded] = useState<string[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const shown = command.options.filter(({ name, required }) => required || added.includes(name));
  const more = command.options.filter((each) => !shown.includes(each));
  useEffect(() => {
    const inputs = form.current?.querySelectorAll<HTMLElement>('input');
    (
      inputs?.[inputs.length - 1 < added.length ? inputs.length - 1 : 0] ??
      form.current?.querySelector<HTMLElement>('button.primary')
    )?.focus();
  }, [command]);
  const send = async (event: Event) => {
    event.preventDefault();
    const place = placeOf();
    const [name] = command.path;
    if (!place || name === undefined) return;
    onDone();
    handleOutcome(await attempt(() => useCommand(command.application.id, name, usedOptions(command, typed), place)));
  };
  const add = (name: string) => {
    setAdded([...added, name]);
    // The new pill is there after the next rendering.
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>(`[data-option="${name}"] input`)?.focus());
  };
  return html`<form class="box command-form" ref=${form} onSubmit=${send} onKeyDown=${(event: KeyboardEvent) => event.key === 'Escape' && onDone()}>
    <b class="command-name">/${command.path.join(' ')}</b>
    ${shown.map(
      (shape) => html`<${OptionInput} key=${shape.name} command=${command} shape=${shape} typed=${typed}
        onType=${(value: string) => setTyped((before) => ({ ...before, [shape.name]: value }))} />`,
    )}
    ${more.map(({ name, description }) => html`<button type="button" class="add-option" title=${description} onClick=${() => add(name)}>+ ${name}</button>`)}
    <span class="spring"></span>
    <button class="primary send">Send</button>
    <button type="button" class="bare" aria-label="Give up the command" onClick=${onDone}><${Icon} name="cross" size=${18} /></button>
  </form>`;
}
