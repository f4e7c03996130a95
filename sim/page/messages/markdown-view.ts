import { useState } from 'preact/hooks';
import { html } from '../html.ts';
import { channelName, nameOf, roleName } from '../state/select.ts';
import { getState } from '../state/store.ts';
import { type Block, type Inline, parseInline, parseMarkdown, safeLink } from './markdown.ts';

/** `inline`: without blocks, as titles and labels are. */
export function Markdown({ text, inline = false }: { text: string; inline?: boolean }) {
  return inline
    ? html`<span>${parseInline(text).map(inlineView)}</span>`
    : html`<div class="markdown">${parseMarkdown(text).map(blockView)}</div>`;
}

function blockView(block: Block): unknown {
  if (block.type === 'code')
    return html`<pre class="code-block" data-language=${block.language}><code>${block.text}</code></pre>`;
  if (block.type === 'quote') return html`<blockquote>${block.blocks.map(blockView)}</blockquote>`;
  if (block.type === 'heading')
    return html`<div class=${`heading level-${block.level}`} role="heading" aria-level=${block.level + 2}>${block.children.map(inlineView)}</div>`;
  if (block.type === 'subtext') return html`<div class="subtext">${block.children.map(inlineView)}</div>`;
  if (block.type === 'paragraph') return html`<div class="paragraph">${block.children.map(inlineView)}</div>`;
  const items = block.items.map(
    ({ depth, children }) => html`<li style=${`margin-left:${depth * 20}px`}>${children.map(inlineView)}</li>`,
  );
  return block.ordered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
}

function inlineView(node: Inline): unknown {
  const { world, guildId } = getState();
  switch (node.type) {
    case 'text':
      return node.text;
    case 'bold':
      return html`<strong>${node.children.map(inlineView)}</strong>`;
    case 'italic':
      return html`<em>${node.children.map(inlineView)}</em>`;
    case 'underline':
      return html`<u>${node.children.map(inlineView)}</u>`;
    case 'strike':
      return html`<s>${node.children.map(inlineView)}</s>`;
    case 'spoiler':
      return html`<${Spoiler} nodes=${node.children} />`;
    case 'code':
      return html`<code>${node.text}</code>`;
    case 'link':
      return html`<a href=${safeLink(node.url)} target="_blank" rel="noreferrer">${node.children.map(inlineView)}</a>`;
    case 'user':
      return html`<span class="mention">@${nameOf(world, node.id, guildId)}</span>`;
    case 'role':
      return html`<span class="mention">@${roleName(world, node.id)}</span>`;
    case 'channel':
      return html`<span class="mention">#${channelName(world, node.id)}</span>`;
    case 'command':
    case 'everyone':
      return html`<span class="mention">${node.text}</span>`;
    case 'emoji':
      return html`<span class="emoji" title=${node.id}>:${node.name}:</span>`;
    case 'time':
      return html`<time class="stamp" title=${new Date(node.seconds * 1000).toLocaleString('en-GB')}>${timeText(node.seconds, node.style)}</time>`;
  }
}

function Spoiler({ nodes }: { nodes: Inline[] }) {
  const [shown, setShown] = useState(false);
  return html`<span class=${`spoiler${shown ? ' shown' : ''}`} role="button" tabindex="0" onClick=${() => setShown(true)}
    onKeyDown=${(event: KeyboardEvent) => event.key === 'Enter' && setShown(true)}>${nodes.map(inlineView)}</span>`;
}

const styles: Record<string, Intl.DateTimeFormatOptions> = {
  t: { timeStyle: 'short' },
  T: { timeStyle: 'medium' },
  d: { dateStyle: 'short' },
  D: { dateStyle: 'long' },
  f: { dateStyle: 'long', timeStyle: 'short' },
  F: { dateStyle: 'full', timeStyle: 'short' },
};
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

function timeText(seconds: number, style: string): string {
  if (style !== 'R') return new Intl.DateTimeFormat('en-GB', styles[style]).format(seconds * 1000);
  const away = seconds - Date.now() / 1000;
  const [unit, length] = units.find(([, size]) => Math.abs(away) >= size) ?? (['second', 1] as const);
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(Math.round(away / length), unit);
}
