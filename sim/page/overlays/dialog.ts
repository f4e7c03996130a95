import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../html.ts';
import { setState } from '../state/store.ts';

export function openDialog(dialog: VNode): void {
  setState({ dialog });
}
export function closeDialog(): void {
  setState({ dialog: undefined });
}

interface DialogProps {
  title: string;
  hint?: string;
  submit: string;
  /** Reads the form and does the work; the dialog closes when it did not fail. */
  run: (form: FormData) => Promise<unknown>;
  /** Is there a way out other than `submit`? */
  cancel?: boolean;
  onClose?: () => void;
  children?: ComponentChildren;
}

/** A form over everything else. The platform's own `<dialog>` keeps the focus inside and closes on Escape. */
export function Dialog({ title, hint, submit, run, cancel = true, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  useEffect(() => element.current?.showModal(), []);
  const close = () => {
    closeDialog();
    onClose?.();
  };
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setRefusal('');
    try {
      await run(new FormData(event.target as HTMLFormElement));
      close();
    } catch (error) {
      // Here and not as a notice: the platform lays an open dialog over everything.
      setRefusal(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return html`<dialog class="dialog" ref=${element} aria-label=${title} onCancel=${close}>
    <form onSubmit=${send}>
      <header><h2>${title}</h2>${hint && html`<p>${hint}</p>`}</header>
      <div class="dialog-body">${children}</div>
      <footer>
        ${refusal && html`<p class="refusal" role="alert">${refusal}</p>`}
        ${cancel && html`<button type="button" class="link" onClick=${close}>Cancel</button>`}
        <button class="primary" disabled=${busy}>${submit}</button>
      </footer>
    </form>
  </dialog>`;
}

export function Field(props: {
  label: string;
  name: string;
  value?: string;
  hint?: string;
  required?: boolean;
  type?: string;
  max?: number;
}) {
  const { label, name, value = '', hint, required = true, type = 'text', max = 100 } = props;
  return html`<label class="field">
    <span>${label}${required && html`<b aria-hidden="true"> *</b>`}</span>
    <input name=${name} type=${type} defaultValue=${value} required=${required} maxlength=${max} autocomplete="off" />
    ${hint && html`<small>${hint}</small>`}
  </label>`;
}

export function text(form: FormData, name: string): string {
  return String(form.get(name) ?? '').trim();
}
