import type { ControlMessage } from '../../src/control/contract.ts';
import { html } from '../html.ts';
import { Attachment } from '../messages/attachments.ts';
import { Markdown } from '../messages/markdown-view.ts';
import { Button } from './button.ts';
import { Container } from './container.ts';
import { Gallery, Thumbnail } from './media.ts';
import { MessageSelect } from './message-select.ts';
import {
  type AnyComponent,
  type ButtonShape,
  type ContainerShape,
  type FileShape,
  type GalleryShape,
  kind,
  type RowShape,
  type SectionShape,
  type SelectShape,
  type SeparatorShape,
  type TextShape,
  type ThumbnailShape,
} from './shapes.ts';

/** Everything that a message has below (or, in v2, instead of) its text. */
export function ComponentList({ message }: { message: ControlMessage }) {
  if (message.components.length === 0) return null;
  return html`<div class="components">${message.components.map((each) => html`<${ComponentView} message=${message} component=${each as AnyComponent} />`)}</div>`;
}

export function ComponentView({ component, message }: { component: AnyComponent; message: ControlMessage }) {
  const inside = (list: readonly AnyComponent[]) =>
    list.map((each) => html`<${ComponentView} message=${message} component=${each} />`);
  switch (component.type) {
    case kind.row:
      return html`<div class="action-row">${inside((component as RowShape).components)}</div>`;
    case kind.button:
      return html`<${Button} button=${component as ButtonShape} message=${message} />`;
    case kind.stringSelect:
    case kind.userSelect:
    case kind.roleSelect:
    case kind.mentionableSelect:
    case kind.channelSelect:
      return html`<${MessageSelect} select=${component as SelectShape} message=${message} />`;
    case kind.section: {
      const section = component as SectionShape;
      return html`<div class="section"><div>${inside(section.components)}</div><div class="accessory">${inside([section.accessory])}</div></div>`;
    }
    case kind.text:
      return html`<div class="text-display"><${Markdown} text=${(component as TextShape).content} /></div>`;
    case kind.thumbnail:
      return html`<${Thumbnail} thumbnail=${component as ThumbnailShape} message=${message} />`;
    case kind.gallery:
      return html`<${Gallery} gallery=${component as GalleryShape} message=${message} />`;
    case kind.file: {
      const { file } = component as FileShape;
      const name = file.url.split('/').at(-1) ?? 'file';
      const found = message.attachments.find((each) => (each as { filename?: string }).filename === name);
      return html`<${Attachment} file=${found ?? { filename: name }} />`;
    }
    case kind.separator: {
      const { divider = true, spacing = 1 } = component as SeparatorShape;
      return html`<div class=${`separator${divider ? ' divider' : ''}${spacing === 2 ? ' large' : ''}`} role="separator"></div>`;
    }
    case kind.container: {
      const container = component as ContainerShape;
      return html`<${Container} container=${container}>${inside(container.components)}<//>`;
    }
    default:
      return html`<div class="unknown-component">component of type ${component.type}</div>`;
  }
}
