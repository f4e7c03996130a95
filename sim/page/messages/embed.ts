import type { APIEmbed } from 'discord-api-types/v10';
import { html } from '../html.ts';
import { cssColor } from '../state/select.ts';
import { safeLink } from './markdown.ts';
import { Markdown } from './markdown-view.ts';

export type EmbedShape = APIEmbed;

export function Embed({ embed }: { embed: EmbedShape }) {
  const { author, title, url, description, fields = [], image, thumbnail, footer, timestamp, color } = embed;
  const line = color === undefined ? '' : `--line:${cssColor(color)}`;
  const link = (text: unknown, target: string | undefined) => {
    const safe = target === undefined ? undefined : safeLink(target);
    return safe ? html`<a href=${safe} target="_blank" rel="noreferrer">${text}</a>` : text;
  };
  const picture = (source: string | undefined, name: string) => {
    const safe = source === undefined ? undefined : safeLink(source);
    return safe && html`<img class=${name} src=${safe} alt="" />`;
  };
  const when =
    timestamp === undefined
      ? ''
      : new Date(timestamp).toLocaleString('en-GB', { dateStyle: 'short', timeStyle: 'short' });
  return html`<article class="embed" style=${line}>
    <div class="embed-text">
      ${author && html`<div class="embed-author">${picture(author.icon_url, 'small')}${link(author.name, author.url)}</div>`}
      ${title && html`<div class="embed-title">${link(html`<${Markdown} text=${title} inline />`, url)}</div>`}
      ${description && html`<div class="embed-description"><${Markdown} text=${description} /></div>`}
      ${
        fields.length > 0 &&
        html`<div class="embed-fields">${fields.map(
          ({ name, value, inline }) => html`<div class=${inline ? 'inline' : ''}>
            <b><${Markdown} text=${name} inline /></b><div><${Markdown} text=${value} /></div>
          </div>`,
        )}</div>`
      }
      ${picture(image?.url, 'embed-image')}
      ${
        (footer || when) &&
        html`<div class="embed-footer">${picture(footer?.icon_url, 'small')}${[footer?.text, when].filter(Boolean).join(' • ')}</div>`
      }
    </div>
    ${picture(thumbnail?.url, 'embed-thumbnail')}
  </article>`;
}
