import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../html.ts';
import { Icon } from '../parts/icons.ts';

export interface Entry {
  value: string;
  label: string;
  hint?: string;
}

interface PickerProps {
  entries: Entry[];
  chosen: string[];
  placeholder: string;
  min: number;
  max: number;
  disabled: boolean;
  /** At once for one value; when the list closes for several. */
  onChoose: (values: string[]) => unknown;
}

/** A drop-down list with keyboard: arrows move, Enter or Space chooses, Escape closes. */
export function Picker({ entries, chosen, placeholder, min, max, disabled, onChoose }: PickerProps) {
  const [open, setOpen] = useState(false);
  const [values, setValues] = useState(chosen);
  const [at, setAt] = useState(0);
  const root = useRef<HTMLDivElement>(null);
  const several = max > 1;
  const close = () => {
    if (!open) return;
    setOpen(false);
    if (!several) return;
    const changed = values.length !== chosen.length || values.some((value) => !chosen.includes(value));
    if (changed && values.length >= min) onChoose(values);
    else setValues(chosen);
  };
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) close();
    };
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  });
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.scrollIntoView({ block: 'nearest' }), [open]);
  const toggle = ({ value }: Entry) => {
    if (!several) {
      setOpen(false);
      setValues([value]);
      onChoose([value]);
    } else if (values.includes(value)) setValues(values.filter((each) => each !== value));
    else if (values.length < max) setValues([...values, value]);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' || event.key === 'Tab') return close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (open) setAt((at + step + entries.length) % entries.length);
      else setOpen(true);
    } else if (open && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      const entry = entries[at];
      if (entry) toggle(entry);
    }
  };
  const shown = entries.filter(({ value }) => values.includes(value));
  return html`<div class=${`picker${open ? ' open' : ''}`} ref=${root} onKeyDown=${onKey}>
    <button type="button" class="picker-box" role="combobox" aria-expanded=${open} aria-label=${placeholder} disabled=${disabled} onClick=${() => (open ? close() : setOpen(true))}>
      ${shown.length === 0 ? html`<span class="placeholder cut">${placeholder}</span>` : html`<span class="cut">${shown.map(({ label }) => label).join(', ')}</span>`}
      <${Icon} name="folder" size=${18} />
    </button>
    ${
      open &&
      html`<ul class="picker-list scroll" role="listbox" ref=${list}>
        ${entries.map(
          (
            entry,
            index,
          ) => html`<li key=${entry.value} role="option" aria-selected=${values.includes(entry.value)} class=${index === at ? 'at' : ''}
            onPointerEnter=${() => setAt(index)} onClick=${() => toggle(entry)}>
            <span><span>${entry.label}</span>${entry.hint && html`<small>${entry.hint}</small>`}</span>
            ${several && html`<i class="box">${values.includes(entry.value) && html`<${Icon} name="check" size=${14} />`}</i>`}
          </li>`,
        )}
        ${entries.length === 0 && html`<li class="nothing">Nothing to choose from</li>`}
      </ul>`
    }
  </div>`;
}
