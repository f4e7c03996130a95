import { useEffect, useState } from 'preact/hooks';
import { attempt, autocomplete, placeOf } from '../actions.ts';
import { html } from '../html.ts';
import { useStore } from '../state/store.ts';
import { type OptionShape, option, type TypedCommand, usedOptions } from './commands.ts';
import { type Choice, choicesOf } from './option-choices.ts';

interface OptionInputProps {
  command: TypedCommand;
  shape: OptionShape;
  typed: Record<string, string>;
  onType: (value: string) => void;
}

/** One option of a command: typed freely, chosen from a list, or completed by the application. */
export function OptionInput({ command, shape, typed, onType }: OptionInputProps) {
  const world = useStore((state) => state.world);
  const guildId = useStore((state) => state.guildId);
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const [completed, setCompleted] = useState<Choice[]>([]);
  const fixed = choicesOf(shape, world, guildId);
  const known = fixed?.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  const choices = shape.autocomplete ? completed : (known ?? []);
  const [name] = command.path;
  useEffect(() => {
    const place = placeOf();
    if (!shape.autocomplete || !open || !place || name === undefined) return undefined;
    let current = true;
    const options = usedOptions(command, { ...typed, [shape.name]: text }, shape.name);
    void attempt(() => autocomplete(command.application.id, name, options, shape.name, place)).then((found) => {
      if (current && found) setCompleted(found.map(({ name, value }) => ({ name, value: String(value) })));
    });
    return () => {
      current = false;
    };
  }, [text, open]);
  const type = (value: string) => {
    setText(value);
    setOpen(true);
    setAt(0);
    // Of a list only what is on it counts; elsewhere every text does.
    onType(fixed ? (fixed.find((choice) => choice.name.toLowerCase() === value.toLowerCase())?.value ?? '') : value);
  };
  const choose = ({ name, value }: Choice) => {
    setText(name);
    setOpen(false);
    onType(value);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const choice = choices[at];
    if (step !== undefined && choices.length > 0) {
      event.preventDefault();
      setAt((at + step + choices.length) % choices.length);
    } else if (open && choice && text !== choice.name && (event.key === 'Enter' || event.key === 'Tab')) {
      event.preventDefault();
      choose(choice);
    }
  };
  const number = shape.type === option.integer || shape.type === option.number;
  return html`<label class="pill" data-option=${shape.name} title=${shape.description}>
    <span>${shape.name}</span>
    <input value=${text} required=${shape.required ?? false} size=${Math.max(8, text.length + 1)} autocomplete="off"
      type=${number && !fixed && !shape.autocomplete ? 'number' : 'text'} step=${shape.type === option.integer ? 1 : 'any'} min=${shape.min_value} max=${shape.max_value}
      minlength=${shape.min_length} maxlength=${shape.max_length}
      onInput=${(event: InputEvent) => type((event.target as HTMLInputElement).value)} onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} onKeyDown=${onKey} />
    ${
      open &&
      choices.length > 0 &&
      html`<ul class="popup scroll" role="listbox" aria-label=${shape.name}>
        ${choices.map(
          (choice, index) => html`<li role="option" aria-selected=${index === at} class=${index === at ? 'at' : ''}
            onPointerDown=${(event: PointerEvent) => {
              event.preventDefault();
              choose(choice);
            }}>${choice.name}</li>`,
        )}
      </ul>`
    }
  </label>`;
}
