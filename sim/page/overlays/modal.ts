import { useState } from 'preact/hooks';
import { notify, type Outcome, submitModal } from '../actions.ts';
import { Picker } from '../components/picker.ts';
import { entriesOf, startOf } from '../components/select-entries.ts';
import { type AnyComponent, kind, type SelectShape, type TextShape } from '../components/shapes.ts';
import { html } from '../html.ts';
import { Markdown } from '../messages/markdown-view.ts';
import { getState, setState } from '../state/store.ts';
import { Dialog, openDialog } from './dialog.ts';

interface TextInput extends AnyComponent {
  custom_id: string;
  /** 1: one line, 2: several. */
  style: number;
  label?: string;
  placeholder?: string;
  value?: string;
  required?: boolean;
  min_length?: number;
  max_length?: number;
}
type Field = TextInput | (SelectShape & { required?: boolean });
interface Labelled extends AnyComponent {
  label?: string;
  description?: string;
  component?: Field;
  components?: Field[];
}

/** After an interaction: shows the modal that the application opened, if it did. */
export function handleOutcome(outcome: Outcome | undefined): void {
  const modal = outcome?.modal;
  if (!outcome || !modal) return;
  const selects: Record<string, string[]> = {};
  const send = async (form: FormData) => {
    const texts = [...form].map(([name, value]) => [name, String(value)]);
    const fields: Record<string, string | string[]> = { ...Object.fromEntries(texts), ...selects };
    const answer = await submitModal(outcome.interactionId, fields);
    if (answer.modal) notify('A modal cannot be answered with a modal');
  };
  openDialog(html`<${Dialog} title=${modal.title} submit="Submit" run=${send} onClose=${() => setState({ menu: undefined })}>
    ${(modal.components as Labelled[]).map(
      (each) =>
        html`<${ModalPart} part=${each} onSelect=${(id: string, values: string[]) => {
          selects[id] = values;
        }} />`,
    )}
  <//>`);
}

/** A row with a text input (older), a label with a field (newer), or text. */
function ModalPart({ part, onSelect }: { part: Labelled; onSelect: (id: string, values: string[]) => void }) {
  if (part.type === kind.text) return html`<${Markdown} text=${(part as unknown as TextShape).content} />`;
  const field = part.component ?? part.components?.[0];
  if (!field) return null;
  const label = part.label ?? ('label' in field ? field.label : undefined) ?? '';
  const required = field.required ?? true;
  return html`<label class="field">
    <span>${label}${required && html`<b aria-hidden="true"> *</b>`}</span>
    ${part.description && html`<small>${part.description}</small>`}
    ${isText(field) ? html`<${TextField} field=${field} required=${required} />` : html`<${SelectField} field=${field} onSelect=${onSelect} />`}
  </label>`;
}

function isText(field: Field): field is TextInput {
  return field.type === kind.textInput;
}

function TextField({ field, required }: { field: TextInput; required: boolean }) {
  const { custom_id: name, style, placeholder, value = '', min_length: min, max_length: max = 4000 } = field;
  return style === 2
    ? html`<textarea name=${name} rows="4" placeholder=${placeholder} defaultValue=${value} required=${required} minlength=${min} maxlength=${max}></textarea>`
    : html`<input name=${name} placeholder=${placeholder} defaultValue=${value} required=${required} minlength=${min} maxlength=${max} autocomplete="off" />`;
}

function SelectField({ field, onSelect }: { field: SelectShape; onSelect: (id: string, values: string[]) => void }) {
  const { world, guildId } = getState();
  const [values, setValues] = useState(startOf(field));
  const choose = (chosen: string[]) => {
    setValues(chosen);
    onSelect(field.custom_id, chosen);
  };
  return html`<${Picker} entries=${entriesOf(field, world, guildId)} chosen=${values} placeholder=${field.placeholder ?? 'Make a selection'}
    min=${field.min_values ?? 1} max=${field.max_values ?? 1} disabled=${false} onChoose=${choose} />`;
}
