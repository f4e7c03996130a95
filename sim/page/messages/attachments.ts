import { html } from '../html.ts';
import { Icon } from '../parts/icons.ts';

export interface AttachmentShape {
  id?: string | number;
  filename?: string;
  description?: string;
  size?: number;
  content_type?: string;
  url?: string;
  width?: number;
  height?: number;
}

export function Attachments({ list }: { list: unknown[] }) {
  if (list.length === 0) return null;
  return html`<div class="attachments">${list.map((each) => html`<${Attachment} file=${each as AttachmentShape} />`)}</div>`;
}

/** A picture, a player, or a card with the file's name. */
export function Attachment({ file }: { file: AttachmentShape }) {
  const { filename = 'file', content_type: type = '', url, description } = file;
  const ratio = file.width && file.height ? `aspect-ratio:${file.width}/${file.height}` : '';
  if (url && type.startsWith('image/'))
    return html`<a href=${url} target="_blank" rel="noreferrer"><img class="picture" src=${url} alt=${description ?? filename} style=${ratio} /></a>`;
  if (url && type.startsWith('audio/')) return html`<audio controls src=${url} title=${filename}></audio>`;
  if (url && type.startsWith('video/'))
    return html`<video class="picture" controls src=${url} title=${filename}></video>`;
  return html`<div class="file">
    <${Icon} name="file" size=${32} />
    <span><b class="cut">${url ? html`<a href=${url} target="_blank" rel="noreferrer">${filename}</a>` : filename}</b><small>${sizeText(file.size)}</small></span>
  </div>`;
}

function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  return bytes < 1024
    ? `${bytes} bytes`
    : bytes < 1024 ** 2
      ? `${(bytes / 1024).toFixed(1)} KiB`
      : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
