import { useState } from 'preact/hooks';
import type { ControlMessage } from '../../src/control/contract.ts';
import { attempt, click } from '../actions.ts';
import { html } from '../html.ts';
import { safeLink } from '../messages/markdown.ts';
import { handleOutcome } from '../overlays/modal.ts';
import { Icon } from '../parts/icons.ts';
import type { ButtonShape } from './shapes.ts';

const styles: Record<number, string> = {
  1: 'primary',
  2: 'secondary',
  3: 'success',
  4: 'danger',
  5: 'link-out',
  6: 'premium',
};

export function emojiText(emoji: { name?: string | null } | undefined): string {
  const name = emoji?.name ?? '';
  return /^\w+$/.test(name) ? `:${name}:` : name;
}

export function Button({ button, message }: { button: ButtonShape; message: ControlMessage }) {
  const [busy, setBusy] = useState(false);
  const { style, disabled = false } = button;
  const label = 'label' in button ? (button.label ?? '') : '';
  const emoji = 'emoji' in button ? emojiText(button.emoji) : '';
  const text = html`${emoji && html`<span class="emoji">${emoji}</span>`}${label && html`<span>${label}</span>`}`;
  const name = `button ${styles[style] ?? 'secondary'}`;
  if ('url' in button)
    return html`<a class=${name} href=${safeLink(button.url)} target="_blank" rel="noreferrer">${text}<${Icon} name="link" size=${16} /></a>`;
  if (!('custom_id' in button)) return html`<button class=${name} disabled>${label || 'Shop'}</button>`;
  const press = async () => {
    setBusy(true);
    handleOutcome(await attempt(() => click(message, button.custom_id)));
    setBusy(false);
  };
  return html`<button class=${`${name}${busy ? ' busy' : ''}`} disabled=${disabled || busy} onClick=${press}>${text}</button>`;
}
