import { useState } from 'preact/hooks';
import type { ControlMessage } from '../../src/control/contract.ts';
import { html } from '../html.ts';
import type { AttachmentShape } from '../messages/attachments.ts';
import { safeLink } from '../messages/markdown.ts';
import { Icon } from '../parts/icons.ts';
import type { GalleryShape, ThumbnailShape } from './shapes.ts';

/** `attachment://name` is a file of the same message. */
function sourceOf(url: string, message: ControlMessage): string | undefined {
  if (!url.startsWith('attachment://')) return safeLink(url);
  const name = url.slice('attachment://'.length);
  return (message.attachments as AttachmentShape[]).find(({ filename }) => filename === name)?.url;
}

function Picture(props: { url: string; message: ControlMessage; description?: string | null; spoiler?: boolean }) {
  const [shown, setShown] = useState(!props.spoiler);
  const source = sourceOf(props.url, props.message);
  if (!shown) return html`<button class="spoiler-cover" onClick=${() => setShown(true)}>Spoiler</button>`;
  return source
    ? html`<img src=${source} alt=${props.description ?? ''} />`
    : html`<span class="no-picture" title=${props.url}><${Icon} name="file" size=${28} /></span>`;
}

export function Thumbnail({ thumbnail, message }: { thumbnail: ThumbnailShape; message: ControlMessage }) {
  const { media, description, spoiler } = thumbnail;
  return html`<div class="thumbnail"><${Picture} url=${media.url} message=${message} description=${description} spoiler=${spoiler} /></div>`;
}

export function Gallery({ gallery, message }: { gallery: GalleryShape; message: ControlMessage }) {
  return html`<div class=${`gallery of-${Math.min(gallery.items.length, 4)}`}>
    ${gallery.items.map(({ media, description, spoiler }) => html`<div><${Picture} url=${media.url} message=${message} description=${description} spoiler=${spoiler} /></div>`)}
  </div>`;
}
