import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../html.ts';
import { cssColor } from '../state/select.ts';
import type { ContainerShape } from './shapes.ts';

export function Container({ container, children }: { container: ContainerShape; children?: ComponentChildren }) {
  const [shown, setShown] = useState(!container.spoiler);
  const { accent_color: accent } = container;
  const line = accent === undefined || accent === null ? '' : `--line:${cssColor(accent)}`;
  return html`<div class=${`container${line === '' ? '' : ' accented'}`} style=${line}>
    ${shown ? children : html`<button class="spoiler-cover" onClick=${() => setShown(true)}>Spoiler</button>`}
  </div>`;
}
